/* SPDX-License-Identifier: MIT */
/*
 * project show: a project, its stages, and the container that a deploy of each would make today. webhookd says what is
 * to run, deployerd how: it merges what root wrote into the body that the engine is asked for.
 */
#include "ctl/advice.h"
#include "ctl/client.h"
#include "ctl/print/marked-json.h"
#include "ctl/print/rows.h"
#include "ctl/report.h"
#include "ctl/verbs/find.h"
#include "ctl/verbs/property.h"
#include "ctl/verbs/verbs.h"
#include "shared/bus/errors.h"
#include "shared/json.h"
#include "shared/protocol.h"
#include "shared/proxy-labels.h"

/* What the deployer says of a stage's container; all NULL where it refuses to. */
typedef struct Shown {
        json_t *body;
        json_t *changed; /* places that root's file has changed */
        json_t *notes;
        json_t *commands; /* the bodies of what is run beside it, by its kind; NULL: not known */
        json_t *problem;  /* why there is none; NULL */
} Shown;

static void shown_done(Shown *shown) {
        json_decref(shown->body);
        json_decref(shown->changed);
        json_decref(shown->notes);
        json_decref(shown->commands);
        json_decref(shown->problem);
}

/* One run of the verb. Strings are borrowed from the answers. */
typedef struct Show {
        Ctl *ctl;
        ProjectRow project;
        char *store;    /* webhookd's: its deploys replace what others have only where somebody wants it */
        json_t *stages; /* what programs see of them */
        json_t *refusal; /* why the deployer is asked no more: it answers nobody, or not us; NULL: it is asked */
        bool incomplete;
} Show;

static void show_done(Show *show) {
        free(show->store);
        json_decref(show->stages);
        json_decref(show->refusal);
}

static int read_project(Ctl *ctl, const char *name, sd_bus_message **ret_reply, ProjectRow *ret) {
        sd_bus_error error = SD_BUS_ERROR_MAKE_CONST(ERROR_NO_SUCH_PROJECT, "No such project");
        int r;

        r = find_project(ctl, name, /* image= */ NULL, ret_reply, ret);
        return r == 0 ? report_error(ctl, &peer_webhook, -ENODEV, &error) : r < 0 ? r : 0;
}

/* What a deploy of the stage would be of: the newest image that came up there, else the project's without a tag. */
typedef struct ShownImage {
        sd_bus_message *reply; /* what the texts are borrowed from */
        const char *name;
        const char *digest; /* "": not known */
} ShownImage;

static void shown_image_done(ShownImage *image) {
        sd_bus_message_unref(image->reply);
}

static int read_image(const Show *show, const char *stage, ShownImage *ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        ShownImage image = { .name = show->project.image, .digest = "" };
        DeployRow row;
        int r;

        r = client_call(show->ctl, &peer_webhook, "DescribeDeploys", &reply, "ssu", show->project.name,
                        stage, 0U);
        if (r < 0)
                return r;

        r = rows_enter(reply);
        while (r >= 0 && (r = deploy_read(reply, &row)) > 0)
                if (streq(row.state, "succeeded") || streq(row.state, "unchanged")) {
                        image.name = row.image;
                        image.digest = row.digest;
                        break;
                }
        if (r < 0)
                return report_answer(show->ctl, &peer_webhook, r);

        image.reply = TAKE_PTR(reply);
        *ret = image;
        return 0;
}

/* By its digest, since here the tag is no more than the word under which it was pulled. The caller frees it. */
static char *shown_image_exact(const ShownImage *image) {
        char *text = NULL;

        assert(image->name);

        if (isempty(image->digest) || strchr(image->name, '@'))
                return strdup(image->name);

        return asprintf(&text, "%s@%s", image->name, image->digest) < 0 ? NULL : text;
}

/* Tells why there is no body; programs find the same in the stage. */
static json_t *report_stage(Show *show, const char *stage, int r, const sd_bus_error *error) {
        const char *text = isempty(error->message) ? error->name : error->message, *advice = NULL;
        const Ctl *ctl = show->ctl;
        char buffer[256];

        show->incomplete = true;
        if (sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED) ||
            sd_bus_error_has_name(error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED)) {
                text = "The containers of a project are shown to root, and to whom polkit allows it";
                (void) ctl_fail(ctl, r, "%s", text);
        } else {
                (void) ctl_fail(ctl, r, "%s/%s: %s", show->project.name, stage, text);
                advice = advice_find(&peer_deployer, error->name, buffer, sizeof(buffer));
        }
        if (advice)
                ctl_hint(ctl, "%s", advice);

        /* Errors of the bus would be the same for each stage. */
        if (strncmp(error->name, ERROR_PREFIX, strlen(ERROR_PREFIX)) != 0)
                show->refusal = json_string(text);
        return json_string(text);
}

static int read_strings(sd_bus_message *reply, json_t **ret) {
        _cleanup_(json_freep) json_t *strings = json_array();
        const char *text;
        int r;

        r = strings ? sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "s") : -ENOMEM;
        while (r >= 0 && (r = sd_bus_message_read(reply, "s", &text)) > 0)
                if (json_array_append_new(strings, json_string(text)) < 0)
                        r = -ENOMEM;
        if (r >= 0)
                r = sd_bus_message_exit_container(reply);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(strings);
        return 0;
}

/* Has the deployer answer about what a deploy of the image would make. */
static int ask_deployer(Show *show, const char *member, const StageRow *stage, const ShownImage *image,
                        sd_bus_error *error, sd_bus_message **ret) {
        _cleanup_free_ char *exact = shown_image_exact(image);
        const ProjectRow *project = &show->project;

        if (!exact)
                return -ENOMEM;

        return client_try_asking(show->ctl, &peer_deployer, member, error, ret, "sssa{sv}", project->name,
                                 stage->name, exact, 5, OPTION_PORT, "q", (int) project->port,
                                 OPTION_HEALTHCHECK, "s", project->healthcheck, OPTION_MAX_INSTANCES, "u",
                                 stage->max_instances, OPTION_SHOW_SECRETS, "b",
                                 (int) show->ctl->show_secrets, OPTION_STORE, "s", show->store);
}

static int decode_object(const Ctl *ctl, const char *text, json_t **ret) {
        JsonError problem = { .text = "no object" };
        int r;

        r = json_decode(text, strlen(text), ret, &problem);
        if (r >= 0 && json_is_object(*ret))
                return 0;

        return r == -ENOMEM ? ctl_fail(ctl, r, "Out of memory")
                            : ctl_fail(ctl, -EBADMSG, "The deployer's answer is no JSON: %s", problem.text);
}

/* The container, or where the deployer refuses to make one, which was reported, why. */
static int read_container(Show *show, const StageRow *stage, const ShownImage *image, Shown *ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        const char *text = NULL;
        int r;

        r = ask_deployer(show, "DescribeContainer", stage, image, &error, &reply);
        if (r == -ENOMEM)
                return ctl_fail(show->ctl, r, "Out of memory");
        if (r < 0) {
                ret->problem = report_stage(show, stage->name, r, &error);
                return 0;
        }

        r = sd_bus_message_read(reply, "s", &text);
        if (r >= 0)
                r = read_strings(reply, &ret->changed);
        if (r >= 0)
                r = read_strings(reply, &ret->notes);
        if (r < 0)
                return report_answer(show->ctl, &peer_deployer, r);

        return decode_object(show->ctl, text, &ret->body);
}

/* A deployer that was not updated yet runs none, and does not know the question. */
static int read_commands(Show *show, const StageRow *stage, const ShownImage *image, Shown *ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        const char *text = NULL;
        int r;

        if (!ret->body)
                return 0;

        r = ask_deployer(show, "DescribeCommands", stage, image, &error, &reply);
        if (r < 0)
                return r == -ENOMEM ? ctl_fail(show->ctl, r, "Out of memory") : 0;

        r = sd_bus_message_read(reply, "s", &text);
        return r < 0 ? report_answer(show->ctl, &peer_deployer, r)
                     : decode_object(show->ctl, text, &ret->commands);
}

static json_t *number_or_null(uint64_t number) {
        return number > 0 ? json_integer((json_int_t) number) : json_null();
}

static json_t *string_or_null(const char *text) {
        return isempty(text) ? json_null() : json_string(text);
}

static void print_stage(const Show *show, const StageRow *stage, const char *image) {
        const Ctl *ctl = show->ctl;

        ctl_print(ctl, "%s", "");
        ctl_print(ctl, "Stage: %s", stage->name);
        ctl_print(ctl, "Policy: %s", stage->policy);
        ctl_print(ctl, "Pattern: %s", stage->pattern);
        ctl_print(ctl, "Auto-deploy: %s", stage->auto_deploy ? "yes" : "no");
        ctl_print(ctl, "Max-instances: %u", stage->max_instances);
        ctl_print(ctl, "Image: %s", image);
        /* Before the reason why there is no container. */
        ctl_flush(ctl);
}

/* Labels cannot be changed while a container runs, as its names in a network can. */
static void warn_of_labels(const Ctl *ctl, const json_t *body) {
        const char *label = proxy_labels_find(json_object_get(body, "Labels"));

        if (label && !json_object_get(body, "Healthcheck"))
                ctl_hint(ctl,
                         "By the label %.128s a proxy finds a new container as soon as it starts. Unless the image "
                         "has a HEALTHCHECK, or the stage is recreated, it is sent requests before it is known to be well.",
                         label);
}

/* "Predeploy:", and the body of that. */
static int print_commands(const Ctl *ctl, const json_t *commands) {
        const char *kind;
        json_t *body;
        int r = 0;

        json_object_foreach((json_t *) (uintptr_t) commands, kind, body) {
                ctl_print(ctl, "%c%s:", kind[0] >= 'a' && kind[0] <= 'z' ? kind[0] - 'a' + 'A' : kind[0],
                          kind[0] ? kind + 1 : "");
                r = ctl_print_json_indented(ctl, body);
                if (r < 0)
                        break;
        }

        return r;
}

static int print_container(const Ctl *ctl, const Shown *shown) {
        int r;

        if (!shown->body)
                return 0;

        if (json_array_size(shown->changed) == 0) {
                ctl_print(ctl, "Container:");
                r = ctl_print_json_indented(ctl, shown->body);
        } else {
                ctl_print(ctl, "Container: (a star marks what root's file has changed)");
                r = marked_json_print(ctl, shown->body, shown->changed);
        }
        for (size_t i = 0; i < json_array_size(shown->notes); i++)
                ctl_print(ctl, "Note: %s", strempty(json_string_value(json_array_get(shown->notes, i))));
        if (r >= 0)
                warn_of_labels(ctl, shown->body);
        if (r >= 0)
                r = print_commands(ctl, shown->commands);
        return r;
}

static int show_stage(Show *show, const StageRow *stage) {
        _cleanup_(shown_image_done) ShownImage image = { .reply = NULL };
        _cleanup_(shown_done) Shown shown = { .body = NULL };
        json_t *object;
        int r;

        r = read_image(show, stage->name, &image);
        if (r >= 0 && !show->ctl->json)
                print_stage(show, stage, image.name);
        if (r >= 0 && !show->refusal)
                r = read_container(show, stage, &image, &shown);
        if (r >= 0)
                r = read_commands(show, stage, &image, &shown);
        if (r < 0)
                return r;

        if (!show->ctl->json)
                return print_container(show->ctl, &shown);

        object = json_pack("{s:s, s:s, s:s, s:b, s:i, s:s, s:O?, s:O?, s:O?, s:O?, s:O?}", "name",
                           stage->name, "policy", stage->policy, "tag_pattern", stage->pattern,
                           "auto_deploy", stage->auto_deploy, "max_instances", (int) stage->max_instances,
                           "image", image.name, "container", shown.body, "changed", shown.changed, "notes",
                           shown.notes, "commands", shown.commands, "error",
                           shown.problem ? shown.problem : show->refusal);
        if (!object || json_array_append_new(show->stages, object) < 0)
                return ctl_fail(show->ctl, -ENOMEM, "Out of memory");

        return 0;
}

static void print_project(const Ctl *ctl, const ProjectRow *project) {
        ctl_print(ctl, "Project: %s", project->name);
        ctl_print(ctl, "Image: %s", project->image);
        if (project->port > 0)
                ctl_print(ctl, "Port: %u", (unsigned) project->port);
        else if (project->learned_port > 0)
                ctl_print(ctl, "Port: as the image says (learned: %u)", (unsigned) project->learned_port);
        else
                ctl_print(ctl, "Port: as the image says");
        if (!isempty(project->healthcheck))
                ctl_print(ctl, "Healthcheck: %s", project->healthcheck);
        else if (!isempty(project->learned_healthcheck))
                ctl_print(ctl, "Healthcheck: as the image says (learned: %s)", project->learned_healthcheck);
        else
                ctl_print(ctl, "Healthcheck: as the image says");
        if (!isempty(project->after))
                ctl_print(ctl, "After: %s", project->after);
}

static int print_object(Show *show) {
        const ProjectRow *project = &show->project;

        return ctl_print_json(show->ctl,
                              json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:O}", "name",
                                        project->name, "image", project->image, "port",
                                        number_or_null(project->port), "learned_port",
                                        number_or_null(project->learned_port), "healthcheck",
                                        string_or_null(project->healthcheck), "learned_healthcheck",
                                        string_or_null(project->learned_healthcheck), "auto_created",
                                        project->auto_created, "created_at",
                                        number_or_null(project->created_at), "after",
                                        string_or_null(project->after), "stages", show->stages));
}

/* All stages in their order, or the one that is named. */
static int show_stages(Show *show, sd_bus_message *reply, const char *wanted) {
        StageRow row;
        int r;

        r = rows_enter(reply);
        while (r >= 0 && (r = stage_read_full(reply, &row)) > 0) {
                if (wanted && !streq(row.name, wanted))
                        continue;

                r = show_stage(show, &row);
                if (r < 0)
                        return r;
        }

        return r < 0 ? report_answer(show->ctl, &peer_webhook, r) : 0;
}

int verb_project_show(Ctl *ctl, char *args[]) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *projects = NULL, *stages = NULL;
        _cleanup_(show_done) Show show = { .ctl = ctl };
        int r;

        r = find_stage(ctl, args[0], args[1]);
        if (r >= 0)
                r = read_project(ctl, args[0], &projects, &show.project);
        if (r >= 0)
                r = property_get(ctl, &peer_webhook, "Store", &show.store);
        if (r >= 0)
                r = client_call(ctl, &peer_webhook, "DescribeStages", &stages, "s", args[0]);
        if (r < 0)
                return r;

        show.stages = json_array();
        if (!show.stages)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        if (!ctl->json)
                print_project(ctl, &show.project);
        r = show_stages(&show, stages, args[1]);
        if (r >= 0 && ctl->json)
                r = print_object(&show);
        if (r < 0)
                return r;

        return show.incomplete ? CTL_EXIT_FAILURE : 0;
}
