/* SPDX-License-Identifier: MIT */
/*
 * The receiver's part in fake-peers: a queue with one row, whose end the tag of its deploy says. See fake-peers.c for the
 * roles and the tags.
 */
#include <stdio.h>

#include "fake-peers.h"
#include "shared/bus/errors.h"
#include "shared/protocol.h"

typedef struct Deploy {
        uint64_t id;
        char project[64];
        char stage[64];
        char image[256];
        char state[64];
        const char *next_state; /* after it was listed once more; NULL: it stays as it is */
        const Step *next_steps;
        char end[64]; /* after the steps of an "again-" deploy */
} Deploy;

static Deploy last_deploy;
static unsigned n_old_rows;
static const char *store = "store"; /* the instances of fake-deployer.c have the same */

/* One project of DescribeProjectsPage, for which nothing was learned but a port; a key that is not known goes with it. */
static int append_project(sd_bus_message *reply, const char *name, const char *image,
                          const char *healthcheck, unsigned port, unsigned learned, bool auto_created,
                          uint64_t created_at) {
        return sd_bus_message_append(reply, "a{sv}", 9, "Name", "s", name, "Image", "s", image, "Port", "q",
                                     port, "LearnedPort", "q", learned, "Healthcheck", "s", healthcheck,
                                     "LearnedHealthcheck", "s", "", "AutoCreated", "b", auto_created,
                                     "CreatedAt", "t", created_at, "Novelty", "as", 1, "new");
}

static bool is_wanted(const char *name, const char *key, const char *value) {
        const char *slash = strrchr(value, '/');

        return streq(key, OPTION_IMAGE) ? streq(name, slash ? slash + 1 : value)
                                        : strncmp(name, value, strlen(value)) == 0;
}

static int method_describe_projects(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *after, *key, *value;
        unsigned limit;
        int r;

        (void) userdata;
        (void) error;

        /* Of the options there is one, always. */
        r = sd_bus_message_read(message, "sua{sv}", &after, &limit, 1, &key, "s", &value);
        if (r >= 0)
                r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "a{sv}");
        if (r >= 0 && is_wanted("odd", key, value))
                r = append_project(reply, "odd", "registry.example/acme/odd", EVIL, 0, 0, true, 0);
        if (r >= 0 && is_wanted("shop", key, value))
                r = append_project(reply, "shop", "registry.example/acme/shop", "", 8080, 0, false,
                                   UINT64_C(1700000000000000));
        if (r >= 0 && is_wanted("tool", key, value))
                r = append_project(reply, "tool", "registry.example/acme/tool", "image", 0, 3000, true,
                                   UINT64_C(1700000001000000));
        if (r >= 0)
                r = sd_bus_message_close_container(reply);

        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int method_list_stages(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *project;
        int r;

        (void) userdata;

        r = sd_bus_message_read(message, "s", &project);
        if (r < 0)
                return r;

        if (streq(project, "shop"))
                return sd_bus_reply_method_return(message, "a(ssbu)", 3, "canary", "c[0-9]*", true, 2U,
                                                  "dev", "*", false, 1U, "prod", "v*", true, 1U);
        if (streq(project, "tool"))
                return sd_bus_reply_method_return(message, "a(ssbu)", 1, "rc", "*-rc", true, 1U);
        if (streq(project, "odd"))
                return sd_bus_reply_method_return(message, "a(ssbu)", 1, "dev", EVIL, true, 1U);

        return sd_bus_error_setf(error, ERROR_NO_SUCH_PROJECT, "No project is called '%s'", project);
}

/* One stage of DescribeStages; a key that is not known goes with it. */
static int append_stage(sd_bus_message *reply, const char *name, const char *pattern, bool auto_deploy,
                        unsigned max_instances, const char *shadowed_by) {
        return sd_bus_message_append(reply, "a{sv}", 9, "Name", "s", name, "TagPattern", "s", pattern,
                                     "Policy", "s", "glob", "AutoDeploy", "b", auto_deploy, "MaxInstances",
                                     "u", max_instances, "AllowDowngrade", "b", false, "Available", "s", "",
                                     "ShadowedBy", "s", shadowed_by, "Novelty", "as", 1, "new");
}

static int method_describe_stages(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *project;
        int r;

        (void) userdata;

        r = sd_bus_message_read(message, "s", &project);
        if (r >= 0)
                r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "a{sv}");
        if (r < 0)
                return r;

        if (streq(project, "shop")) {
                r = append_stage(reply, "canary", "c[0-9]*", true, 2, "");
                if (r >= 0)
                        r = append_stage(reply, "dev", "*", false, 1, "");
                if (r >= 0)
                        r = append_stage(reply, "prod", "v*", true, 1, "dev");
        } else if (streq(project, "tool"))
                r = append_stage(reply, "rc", "*-rc", true, 1, "");
        else if (streq(project, "odd"))
                r = append_stage(reply, "dev", EVIL, true, 1, "");
        else
                return sd_bus_error_setf(error, ERROR_NO_SUCH_PROJECT, "No project is called '%s'", project);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);

        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int method_match_images(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *image;
        int r;

        (void) userdata;

        r = sd_bus_message_read(message, "s", &image);
        if (r < 0)
                return r;

        if (strstr(image, "/shop"))
                return sd_bus_reply_method_return(message, "a(ssbs)", 1, "shop", "dev", false, "");
        if (strstr(image, "/tool"))
                return sd_bus_error_set(error, ERROR_NO_SUCH_STAGE, "No stage takes it");

        return sd_bus_error_set(error, ERROR_NO_SUCH_PROJECT, "No project has it");
}

static int emit_finished(sd_bus *bus, const Deploy *deploy) {
        return sd_bus_emit_signal(bus, WEBHOOK_PATH, WEBHOOK_INTERFACE, "QueueChanged", "a(tssss)", 2,
                                  deploy->id + 1, deploy->project, "other", deploy->image, "queued",
                                  deploy->id, deploy->project, deploy->stage, deploy->image, deploy->state);
}

/* A deploy that begins again is queued both times that it is asked for; the second time is the last. */
static int tell_next_steps(sd_bus *bus, Deploy *deploy) {
        const Step *steps = TAKE_PTR(deploy->next_steps);
        int r;

        r = fake_deployer_tell(bus, deploy->id, steps);
        if (steps == fake_steps_before) {
                deploy->next_steps = fake_steps_after;
                return r;
        }

        deploy->next_state = deploy->end;
        return r;
}

/* One deploy of DescribeDeploys; a key that is not known goes with it. What waits has been tried twice. */
static int append_deploy(sd_bus_message *reply, uint64_t id, const char *project, const char *stage,
                         const char *image, const char *state, const char *reason, uint64_t queued_at) {
        bool waits = streq(state, "queued");

        return sd_bus_message_append(reply, "a{sv}", 12, "Id", "t", id, "Project", "s", project, "Stage",
                                     "s", stage, "Image", "s", image, "State", "s", state, "Reason", "s",
                                     reason, "Attempts", "u", waits ? 2U : 1U, "NextAttemptAt", "t",
                                     waits ? UINT64_C(1700000005000000) : UINT64_C(0), "QueuedAt", "t",
                                     queued_at, "StartedAt", "t", UINT64_C(0), "FinishedAt", "t",
                                     UINT64_C(0), "Novelty", "as", 1, "new");
}

static int reply_deploy(sd_bus_message *call, const Deploy *deploy) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "a{sv}");
        if (r >= 0)
                r = append_deploy(reply, deploy->id, deploy->project, deploy->stage, deploy->image,
                                  deploy->state,
                                  streq(deploy->state, "failed") ? "Configuration: because\nof " EVIL
                                                                 : "because\nof " EVIL,
                                  UINT64_C(1700000000000000));
        if (r >= 0)
                r = sd_bus_message_close_container(reply);

        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* So many rows, down to 101. */
static int reply_old_rows(sd_bus_message *call) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "a{sv}");
        for (unsigned i = n_old_rows; i > 0 && r >= 0; i--)
                r = append_deploy(reply, UINT64_C(100) + i, "shop", "dev", "registry.example/acme/shop:v1",
                                  "unchanged", "", UINT64_C(1));
        if (r >= 0)
                r = sd_bus_message_close_container(reply);

        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int method_describe_deploys(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Deploy *deploy = &last_deploy;
        const char *project;
        int r;

        (void) userdata;
        (void) error;

        r = sd_bus_message_read(message, "s", &project);
        if (r < 0)
                return r;

        if (streq(deploy->state, "hang")) {
                (void) puts("asked");
                (void) fflush(stdout);
                return 1;
        }
        if (n_old_rows > 0 && (n_old_rows < 1000 || isempty(project)))
                return reply_old_rows(message);
        if (deploy->id == 0 || (!isempty(project) && !streq(project, deploy->project)))
                return sd_bus_reply_method_return(message, "aa{sv}", 0);

        r = reply_deploy(message, deploy);
        if (r >= 0 && deploy->next_steps)
                r = tell_next_steps(sd_bus_message_get_bus(message), deploy);
        if (r < 0 || !deploy->next_state)
                return r;

        (void) snprintf(deploy->state, sizeof(deploy->state), "%s", deploy->next_state);
        deploy->next_state = NULL;
        return emit_finished(sd_bus_message_get_bus(message), deploy);
}

/* A running deploy is over when it was listed once more: cancelled, or, of stage "prod", succeeded all the same. */
static int method_cancel(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Deploy *deploy = &last_deploy;
        uint64_t id;
        int r;

        (void) userdata;

        r = sd_bus_message_read(message, "t", &id);
        if (r < 0)
                return r;
        if (id != deploy->id)
                return sd_bus_error_setf(error, ERROR_NO_SUCH_DEPLOY, "There is no deploy %llu",
                                         (unsigned long long) id);
        if (!streq(deploy->state, "running"))
                return sd_bus_error_set(error, ERROR_ALREADY_FINISHED, "It is over already");

        deploy->next_state = streq(deploy->stage, "prod") ? "succeeded" : "cancelled";
        return sd_bus_reply_method_return(message, "");
}

/* What follows the prefix; NULL where the text does not begin with it. */
static const char *skip_prefix(const char *text, const char *prefix) {
        size_t length = strlen(prefix);

        return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

/* The next row of the queue. */
static void deploy_set(Deploy *deploy, const char *project, const char *stage, const char *tag,
                       const char *state) {
        deploy->id++;
        deploy->next_state = NULL;
        deploy->next_steps = NULL;
        (void) snprintf(deploy->project, sizeof(deploy->project), "%s", project);
        (void) snprintf(deploy->stage, sizeof(deploy->stage), "%s", stage);
        (void) snprintf(deploy->image, sizeof(deploy->image), "registry.example/acme/%s:%s", project, tag);
        (void) snprintf(deploy->state, sizeof(deploy->state), "%s", state);
}

/* What is told before the reply, and what after it. */
static int deploy_tell(sd_bus *bus, sd_bus_message *call, Deploy *deploy, const char *tag) {
        bool told = skip_prefix(tag, "told-"), early = skip_prefix(tag, "early-");
        int r;

        /* Another deploy's way and end are none of the waiter's business. */
        r = sd_bus_emit_signal(bus, WEBHOOK_PATH, WEBHOOK_INTERFACE, "QueueChanged", "a(tssss)", 2,
                               UINT64_C(4711), deploy->project, deploy->stage, deploy->image, "failed",
                               deploy->id, deploy->project, deploy->stage, deploy->image, "queued");
        if (r >= 0 && told)
                r = fake_deployer_tell(bus, 4711, fake_steps_stuck);
        if (r >= 0 && told)
                r = sd_bus_emit_signal(bus, DEPLOYER_PATH, DEPLOYER_INTERFACE, "Progress", "tss", deploy->id,
                                       "resolved", "sha256:1");
        if (r >= 0 && early)
                r = emit_finished(bus, deploy);
        if (r >= 0)
                r = sd_bus_reply_method_return(call, "t", deploy->id);
        if (r >= 0 && (told || streq(tag, "stuck")))
                r = fake_deployer_tell(bus, deploy->id, told ? fake_steps_told : fake_steps_stuck);
        return r;
}

static int method_deploy(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *project, *stage, *tag, *state, *again;
        sd_bus *bus = sd_bus_message_get_bus(message);
        Deploy *deploy = &last_deploy;
        bool ends;
        int r;

        (void) userdata;
        (void) error;

        r = sd_bus_message_read(message, "sss", &project, &stage, &tag);
        if (r < 0)
                return r;
        if (isempty(tag))
                return sd_bus_error_set(error, ERROR_NOTHING_AVAILABLE, "Nothing was pushed");

        again = skip_prefix(tag, "again-");
        ends = !again && !streq(tag, "never") && !streq(tag, "stuck");
        /* "rolled-back" is a state of its own. */
        state = strchr(tag, '-') && !streq(tag, "rolled-back") ? strchr(tag, '-') + 1 : tag;
        deploy_set(deploy, project, stage, tag, again ? "queued" : ends ? state : "running");
        (void) snprintf(deploy->end, sizeof(deploy->end), "%s", state);
        deploy->next_steps = again ? fake_steps_before : NULL;

        r = deploy_tell(bus, message, deploy, tag);
        if (r >= 0 && ends && !skip_prefix(tag, "early-") && !skip_prefix(tag, "lost-"))
                r = emit_finished(bus, deploy);
        return r;
}

/* Goes back to v1, or to "held" with the option Hold; the stage "canary" does not come up, "prod" has nothing below it. */
static int method_rollback(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *project, *stage, *option = NULL;
        Deploy *deploy = &last_deploy;
        int r, hold = 0;

        (void) userdata;

        r = sd_bus_message_read(message, "ss", &project, &stage);
        if (r >= 0 && sd_bus_message_has_signature(message, "ssa{sv}"))
                r = sd_bus_message_read(message, "a{sv}", 1, &option, "b", &hold);
        if (r < 0)
                return r;
        if (option && !streq(option, "Hold"))
                return sd_bus_error_setf(error, ERROR_INVALID_OPTION, "No option is called '%s'", option);
        if (streq(stage, "prod"))
                return sd_bus_error_set(error, ERROR_NO_ROLLBACK_TARGET,
                                        "No deploy of shop/prod succeeded before the one that runs");

        deploy_set(deploy, project, stage, hold ? "held" : "v1",
                   streq(stage, "canary") ? "rolled-back" : "succeeded");
        r = sd_bus_reply_method_return(message, "t", deploy->id);
        return r < 0 ? r : emit_finished(sd_bus_message_get_bus(message), deploy);
}

static int method_get_path(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        (void) userdata;
        (void) error;

        return sd_bus_reply_method_return(message, "s", WEBHOOK_URL_PREFIX "0000");
}

static int property_get(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        (void) bus;
        (void) path;
        (void) interface;
        (void) userdata;
        (void) error;

        if (streq(property, "Version"))
                return sd_bus_message_append(reply, "s", "7.0");
        if (streq(property, "Store"))
                return sd_bus_message_append(reply, "s", store);
        if (streq(property, "PublicURL"))
                return sd_bus_message_append(reply, "s", "https://deploy.example");

        return sd_bus_message_append(reply, "t", streq(property, "NProjects") ? UINT64_C(3) : UINT64_C(1));
}

static const sd_bus_vtable webhook_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Version", "s", property_get, 0, 0),
        SD_BUS_PROPERTY("Store", "s", property_get, 0, 0),
        SD_BUS_PROPERTY("PublicURL", "s", property_get, 0, 0),
        SD_BUS_PROPERTY("NProjects", "t", property_get, 0, 0),
        SD_BUS_PROPERTY("NQueued", "t", property_get, 0, 0),
        SD_BUS_PROPERTY("NRunning", "t", property_get, 0, 0),
        SD_BUS_PROPERTY("Novelty", "t", property_get, 0, 0),
        SD_BUS_METHOD("GetWebhookPath", "", "s", method_get_path, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("RegenerateSecret", "", "s", method_get_path, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("DescribeProjectsPage", "sua{sv}", "aa{sv}", method_describe_projects,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("ListStages", "s", "a(ssbu)", method_list_stages, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("DescribeStages", "s", "aa{sv}", method_describe_stages, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("DescribeDeploys", "ssu", "aa{sv}", method_describe_deploys,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("MatchImages", "s", "a(ssbs)", method_match_images, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Deploy", "sss", "t", method_deploy, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Rollback", "ss", "t", method_rollback, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Cancel", "t", "", method_cancel, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("RollbackWithOptions", "ssa{sv}", "t", method_rollback, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

int fake_webhook_play(sd_bus *bus, const char *role) {
        static const struct {
                const char *role;
                unsigned n_rows;
        } full[] = { { "webhook-old", 200 }, { "webhook-young", 199 }, { "webhook-full", 1000 } };

        for (size_t i = 0; i < ELEMENTSOF(full); i++)
                if (streq(role, full[i].role))
                        n_old_rows = full[i].n_rows;

        if (streq(role, "webhook-new"))
                store = "another";

        return fake_peer_appear(bus, WEBHOOK_BUS_NAME, WEBHOOK_PATH, WEBHOOK_INTERFACE, webhook_vtable);
}
