/* SPDX-License-Identifier: MIT */
/* What the queue has, and who takes an image, for everybody: ListDeploys, DescribeDeploys, MatchImage, MatchImages. */
#include "webhookd/bus/list.h"
#include "shared/bus/errors.h"
#include "shared/protocol.h"
#include "webhookd/bus/lookup.h"
#include "webhookd/bus/reply.h"
#include "webhookd/delivery/matcher.h"

#define LIST_DEPLOYS_MAX 1000U

static int append_deploys(sd_bus_message *reply, const DeployList *deploys) {
        int r;

        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(tssssstt)");
        for (size_t i = 0; r >= 0 && i < deploys->n; i++) {
                const Deploy *deploy = &deploys->items[i];

                r = sd_bus_message_append(reply, "(tssssstt)", deploy->id, deploy->project, deploy->stage,
                                          deploy->image, deploy_state_to_string(deploy->state),
                                          strempty(deploy->reason), deploy->queued_at, deploy->finished_at);
        }
        if (r < 0)
                return r;

        return sd_bus_message_close_container(reply);
}

/* The rows that the caller asks for. */
static int read_deploys(Manager *manager, sd_bus_message *message, DeployList *ret, sd_bus_error *error) {
        const char *project, *stage;
        unsigned limit;
        int r;

        manager->hooks.activity(manager->userdata);
        r = sd_bus_message_read(message, "ssu", &project, &stage, &limit);
        if (r < 0)
                return r;

        if (limit == 0 || limit > LIST_DEPLOYS_MAX)
                limit = LIST_DEPLOYS_MAX;
        r = store_list_deploys(manager->store, project, stage, limit, ret);
        return r < 0 ? manager_reply_store_error(manager, error, r) : 0;
}

int method_list_deploys(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(deploy_list_done) DeployList deploys = { 0 };
        int r;

        r = read_deploys(userdata, message, &deploys, error);
        if (r < 0)
                return r;

        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = append_deploys(reply, &deploys);
        if (r < 0)
                return r;

        return sd_bus_send(NULL, reply, NULL);
}

/* One key whose value is a text, where there is any. */
static int append_text(sd_bus_message *reply, const char *key, const char *text) {
        return text ? sd_bus_message_append(reply, "{sv}", key, "s", text) : 0;
}

/* Who asked for it: the keys of a user, or those of a sender. */
static int append_asker(sd_bus_message *reply, const Deploy *deploy) {
        int r = 0;

        if (deploy->by_user)
                r = sd_bus_message_append(reply, "{sv}", DEPLOY_KEY_UID, "u", deploy->uid);
        if (r >= 0)
                r = append_text(reply, DEPLOY_KEY_USER, deploy->user);
        if (r >= 0)
                r = append_text(reply, DEPLOY_KEY_HOOK, deploy->hook);
        return r < 0 ? r : append_text(reply, DEPLOY_KEY_PROVIDER, deploy->provider);
}

/* How long each took, in ms. */
static int append_steps(sd_bus_message *reply, const DeploySteps *steps) {
        int r;

        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_DICT_ENTRY, "sv");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", DEPLOY_KEY_STEPS);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_VARIANT, "a{st}");
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{st}");
        for (DeployStep step = 0; r >= 0 && step < _DEPLOY_STEP_MAX; step++)
                if (steps->known[step])
                        r = sd_bus_message_append(reply, "{st}", deploy_step_to_string(step),
                                                  steps->usec[step] / USEC_PER_MSEC);
        for (int depth = 0; r >= 0 && depth < 3; depth++)
                r = sd_bus_message_close_container(reply);
        return r;
}

/* What became of watching what it brought. */
static int append_watch(sd_bus_message *reply, const Deploy *deploy) {
        int r;

        r = sd_bus_message_append(reply, "{sv}{sv}", DEPLOY_KEY_WATCH, "s",
                                  watch_state_to_string(deploy->watch.state), DEPLOY_KEY_WATCH_UNTIL, "t",
                                  deploy->watch.until);
        return r < 0 ? r : append_text(reply, DEPLOY_KEY_WATCH_REASON, deploy->watch.reason);
}

static int append_deploy_keys(sd_bus_message *reply, const Deploy *deploy) {
        int r;

        r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}{sv}", /**/
                                  DEPLOY_KEY_ID, "t", deploy->id,                                    /**/
                                  DEPLOY_KEY_PROJECT, "s", deploy->project,                          /**/
                                  DEPLOY_KEY_STAGE, "s", deploy->stage,                              /**/
                                  DEPLOY_KEY_IMAGE, "s", deploy->image,                              /**/
                                  DEPLOY_KEY_STATE, "s", deploy_state_to_string(deploy->state),      /**/
                                  DEPLOY_KEY_REASON, "s", strempty(deploy->reason),                  /**/
                                  DEPLOY_KEY_ATTEMPTS, "u", deploy->tries,                           /**/
                                  DEPLOY_KEY_NEXT_AT, "t", deploy->next_at,                          /**/
                                  DEPLOY_KEY_QUEUED_AT, "t", deploy->queued_at,                      /**/
                                  DEPLOY_KEY_STARTED_AT, "t", deploy->started_at,                    /**/
                                  DEPLOY_KEY_ENDED_AT, "t", deploy->finished_at,                     /**/
                                  DEPLOY_KEY_SOURCE, "s", deploy->source,                            /**/
                                  DEPLOY_KEY_GENERATION, "t", deploy->generation,                    /**/
                                  DEPLOY_KEY_SUPERSEDED_BY, "t", deploy->superseded_by);
        if (r >= 0)
                r = append_text(reply, DEPLOY_KEY_DIGEST, deploy->digest);
        if (r >= 0 && deploy_steps_are_known(&deploy->steps))
                r = append_steps(reply, &deploy->steps);
        if (r >= 0 && deploy->watch.state != WATCH_NONE)
                r = append_watch(reply, deploy);
        return r < 0 ? r : append_asker(reply, deploy);
}

static int append_deploy(sd_bus_message *reply, const Deploy *deploy) {
        int r;

        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0)
                r = append_deploy_keys(reply, deploy);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

int method_describe_deploys(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(deploy_list_done) DeployList deploys = { 0 };
        int r;

        r = read_deploys(userdata, message, &deploys, error);
        if (r < 0)
                return r;

        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "a{sv}");
        for (size_t i = 0; r >= 0 && i < deploys.n; i++)
                r = append_deploy(reply, &deploys.items[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;

        return sd_bus_send(NULL, reply, NULL);
}

/* Whose an image is: at least one project's, and of these at least one's that has a stage for it. */
static int find_matches(Manager *manager, sd_bus_message *message, MatchList *ret, sd_bus_error *error) {
        _cleanup_(match_list_done) MatchList matches = { 0 };
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        const Match *first;
        const char *image;
        int r;

        manager->hooks.activity(manager->userdata);
        r = sd_bus_message_read(message, "s", &image);
        if (r >= 0)
                r = manager_parse_image(image, &ref, error);
        if (r < 0)
                return r;

        r = match_images(manager->store, ref, &matches);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);

        first = match_list_first(&matches);
        if (!first)
                return sd_bus_error_setf(error, ERROR_NO_SUCH_PROJECT, "No project has the image %s/%s",
                                         ref->domain, ref->path);
        if (!first->stage)
                return sd_bus_error_setf(
                                error, ERROR_NO_SUCH_STAGE, "No stage of %s '%s' takes the tag '%s'",
                                matches.n > 1 ? "any project that has the image, such as" : "project",
                                first->project->name, match_tag(ref));

        *ret = matches;
        matches = (MatchList){ 0 };
        return 0;
}

int method_match_image(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(match_list_done) MatchList matches = { 0 };
        const Match *first;
        int r;

        r = find_matches(userdata, message, &matches, error);
        if (r < 0)
                return r;

        first = match_list_first(&matches);
        return sd_bus_reply_method_return(message, "ssb", first->project->name, first->stage->name,
                                          (int) first->stage->auto_deploy);
}

static int append_match(Manager *manager, sd_bus_message *reply, const Match *match, sd_bus_error *error) {
        _cleanup_free_ char *after = NULL;
        int r;

        r = manager_name_after(manager, match->project, &after, error);
        return r < 0 ? r
                     : sd_bus_message_append(reply, "(ssbs)", match->project->name,
                                             match->stage ? match->stage->name : "",
                                             match->stage ? (int) match->stage->auto_deploy : 0, after);
}

int method_match_images(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(match_list_done) MatchList matches = { 0 };
        int r;

        r = find_matches(userdata, message, &matches, error);
        if (r >= 0)
                r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(ssbs)");
        for (size_t i = 0; r >= 0 && i < matches.n; i++)
                r = append_match(userdata, reply, &matches.items[i], error);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
