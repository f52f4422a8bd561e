/* SPDX-License-Identifier: MIT */
/* The methods that queue a deploy: Deploy, DeployWithOptions, Restart, Promote, Rollback and RollbackWithOptions. */
#include <inttypes.h>
#include <stdio.h>

#include "shared/bus/errors.h"
#include "shared/log.h"
#include "shared/protocol.h"
#include "webhookd/bus/access.h"
#include "webhookd/bus/asker.h"
#include "webhookd/bus/deploy.h"
#include "webhookd/bus/lookup.h"
#include "webhookd/bus/reply.h"
#include "webhookd/store/waits.h"

/* The reference to deploy: the project's image with `tag`, or for an empty one what is available. */
static int deploy_reference(const Project *project, const Stage *stage, const char *tag, ImageRef **ret,
                            sd_bus_error *error) {
        _cleanup_free_ char *text = NULL;

        if (isempty(tag)) {
                if (!stage->available)
                        return sd_bus_error_setf(
                                        error, ERROR_NOTHING_AVAILABLE,
                                        "Nothing was pushed for stage '%s' while auto_deploy was off: name a tag",
                                        stage->name);

                return manager_parse_image(stage->available, ret, error);
        }

        /* A tag and a digest only: nothing that could make another repository of it. */
        if (strpbrk(tag, "/ \t\n"))
                return sd_bus_error_set(error, ERROR_INVALID_IMAGE,
                                        "That is no tag: it has a slash or white space");

        if (asprintf(&text, "%s%s%s", project->image, tag[0] == '@' ? "" : ":", tag) < 0)
                return -ENOMEM;

        return manager_parse_image(text, ret, error);
}

static int tell_queued(Manager *manager, const Project *project, const Stage *stage, const char *image,
                       const EnqueueResult *result, uid_t uid) {
        Notice notice = NOTICE(EVENT_DELIVERY_ACCEPTED,
                               result->verdict == ENQUEUE_NEW ? NOTICE_DEPLOY_QUEUED : NOTICE_NO_SIGNAL);
        char text[96];

        (void) snprintf(text, sizeof(text), "Deploy %" PRIu64 " asked for by uid %u", result->deploy_id,
                        (unsigned) uid);
        notice.text = text;
        notice.project = project->name;
        notice.stage = stage->name;
        notice.image = image;
        notice.provider = "bus";
        notice.deploy = result->deploy_id;
        notice.caller_uid = uid;
        return outbox_add(manager->outbox, &notice);
}

/* Queues a deploy of `ref` that the caller `uid` asked for, and tells of it. `row` is what else is in the new row. */
static int enqueue(Manager *manager, const Project *project, const Stage *stage, const ImageRef *ref,
                   const Enqueue *row, uid_t uid, uint64_t *ret_id, sd_bus_error *error) {
        _cleanup_(enqueue_result_done) EnqueueResult result = { 0 };
        _cleanup_free_ char *image = NULL;
        char name[ASKER_USER_MAX + 1];
        Asker asker = bus_asker(uid, name);
        int r;

        assert(ref);

        r = image_ref_format(ref, &image);
        if (r < 0)
                return r;

        r = store_enqueue(manager->store,
                          &(Enqueue){
                                          .stage_id = stage->id,
                                          .image = image,
                                          .digest = ref->digest,
                                          .source = row->source,
                                          .generation = row->generation,
                                          .force = row->force,
                                          .local = row->local,
                                          .asker = &asker,
                                          .hook = "bus",
                                          .max_queued = manager->config->max_queued,
                          },
                          &result);
        /* Whoever asks for it by hand does not wait for another project. */
        if (r >= 0 && result.verdict == ENQUEUE_JOINED)
                r = store_release_deploy(manager->store, result.deploy_id);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);

        /* It is in the queue: what cannot be told any more is no reason to say otherwise. */
        if (outbox_add_superseded(manager->outbox, project->name, stage->name, &result) < 0 ||
            tell_queued(manager, project, stage, image, &result, uid) < 0)
                (void) log_oom();

        *ret_id = result.deploy_id;
        return 0;
}

typedef struct DeployCall {
        int force, local;
} DeployCall;

static int deploy(Manager *manager, sd_bus_message *message, const PolkitDetails *about, const char *tag,
                  const DeployCall *call, uid_t uid, sd_bus_error *error) {
        _cleanup_(project_freep) Project *project = NULL;
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_(stage_freep) Stage *stage = NULL;
        uint64_t id = 0;
        int r;

        r = manager_find_stage(manager, about->project, about->stage, &project, &stage, error);
        if (r >= 0)
                r = deploy_reference(project, stage, tag, &ref, error);
        if (r >= 0)
                r = enqueue(manager, project, stage, ref,
                            &(Enqueue){ .source = SOURCE_MANUAL,
                                        .force = call->force,
                                        .local = call->local },
                            uid, &id, error);
        if (r < 0)
                return r;

        r = sd_bus_reply_method_return(message, "t", id);
        manager->hooks.changed(manager->userdata);
        return r;
}

int method_deploy(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;
        PolkitDetails about;
        const char *tag;
        uid_t uid;
        int r;

        r = manager_begin(manager, message, CALL_STAGE, &about, &uid, error);
        if (r != 0)
                return r;

        r = sd_bus_message_read(message, "s", &tag);
        return r < 0 ? r
                     : deploy(manager, message, &about, tag, &(DeployCall){ .force = false }, uid, error);
}

static const BusOption deploy_options[] = {
        { OPTION_FORCE, "b", offsetof(DeployCall, force) },
        { OPTION_LOCAL, "b", offsetof(DeployCall, local) },
};

/* The options are looked at before anybody is asked for a password. */
int method_deploy_with_options(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        PolkitDetails about = { .hook = NULL };
        DeployCall call = { .force = false };
        Manager *manager = userdata;
        const char *tag;
        unsigned seen;
        uid_t uid;
        int r;

        manager->hooks.activity(manager->userdata);
        r = sd_bus_message_read(message, "sss", &about.project, &about.stage, &tag);
        if (r >= 0)
                r = call_check_names(about.project, about.stage, error);
        if (r >= 0)
                r = bus_options_read(message, deploy_options, ELEMENTSOF(deploy_options), &call, &seen,
                                     error);
        if (r < 0)
                return r;

        r = manager_authorise(manager, message, &about, &uid, error);
        return r != 0 ? r : deploy(manager, message, &about, tag, &call, uid, error);
}

/*
 * What the stage runs, by digest, with the tag that it was deployed by, which deploy brought it, where a rollback has, and
 * whether it came from no registry.
 */
static int running_reference(Manager *manager, const Project *project, const Stage *from, ImageRef **ret,
                             uint64_t *ret_generation, bool *ret_local, sd_bus_error *error) {
        _cleanup_free_ char *repository = NULL, *text = NULL;
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_(deploy_freep) Deploy *current = NULL;
        int r;

        r = store_find_current(manager->store, from->id, &current);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);
        if (!current || !current->digest)
                return sd_bus_error_setf(error, ERROR_NOTHING_RUNS,
                                         "No deploy of stage '%s' of project '%s' has come up", from->name,
                                         project->name);

        r = image_ref_parse(current->image, &ref, NULL);
        if (r >= 0)
                r = image_ref_repository(ref, &repository);
        if (r < 0)
                return r;
        if (!streq(repository, project->image))
                return sd_bus_error_setf(
                                error, ERROR_NOTHING_RUNS,
                                "Stage '%s' runs %s still, which is not the project's image any more",
                                from->name, repository);

        if (asprintf(&text, "%s%s%s@%s", repository, ref->tag ? ":" : "", strempty(ref->tag),
                     current->digest) < 0)
                return -ENOMEM;

        r = manager_parse_image(text, ret, error);
        if (r < 0)
                return r;

        *ret_generation = current->generation;
        *ret_local = current->local;
        return 0;
}

int method_promote(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(project_freep) Project *project = NULL, *same = NULL;
        _cleanup_(stage_freep) Stage *from = NULL, *to = NULL;
        const char *project_name, *from_name, *to_name;
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        uint64_t id = 0, generation;
        Manager *manager = userdata;
        bool local = false;
        uid_t uid;
        int r;

        manager->hooks.activity(manager->userdata);
        r = sd_bus_message_read(message, "sss", &project_name, &from_name, &to_name);
        if (r >= 0)
                r = call_check_names(project_name, from_name, error);
        if (r >= 0)
                r = call_check_names(project_name, to_name, error);
        if (r < 0)
                return r;

        /* Of the two, what is changed is what polkit is told. */
        r = manager_authorise(manager, message,
                              &(PolkitDetails){ .project = project_name, .stage = to_name }, &uid, error);
        if (r != 0)
                return r;

        r = manager_find_stage(manager, project_name, from_name, &project, &from, error);
        if (r >= 0)
                r = manager_find_stage(manager, project_name, to_name, &same, &to, error);
        if (r >= 0 && from->id == to->id)
                r = sd_bus_error_setf(error, ERROR_INVALID_NAME,
                                      "A stage is promoted to another one, and not '%s' to itself",
                                      from->name);
        if (r >= 0)
                r = running_reference(manager, project, from, &ref, &generation, &local, error);
        if (r >= 0)
                r = enqueue(manager, project, to, ref,
                            &(Enqueue){ .source = SOURCE_PROMOTE, .local = local }, uid, &id, error);
        if (r < 0)
                return r;

        r = sd_bus_reply_method_return(message, "t", id);
        manager->hooks.changed(manager->userdata);
        return r;
}

/* What is on its way would replace the container anyhow, and is not to be put aside for what it replaces. */
static int check_restartable(Manager *manager, const Project *project, const Stage *stage,
                             sd_bus_error *error) {
        _cleanup_(deploy_freep) Deploy *unfinished = NULL;
        int r;

        r = store_find_unfinished(manager->store, project->name, stage->name, &unfinished);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);
        if (r > 0)
                return sd_bus_error_setf(error, ERROR_BUSY,
                                         "Deploy %" PRIu64 " of %s/%s is %s: cancel it, or wait for its end",
                                         unfinished->id, project->name, stage->name,
                                         deploy_state_to_string(unfinished->state));

        return 0;
}

int method_restart(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(project_freep) Project *project = NULL;
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_(stage_freep) Stage *stage = NULL;
        uint64_t id = 0, generation = 0;
        Manager *manager = userdata;
        PolkitDetails about;
        bool local = false;
        uid_t uid;
        int r;

        r = manager_begin(manager, message, CALL_STAGE, &about, &uid, error);
        if (r != 0)
                return r;

        r = manager_find_stage(manager, about.project, about.stage, &project, &stage, error);
        if (r >= 0)
                r = check_restartable(manager, project, stage, error);
        if (r >= 0)
                r = running_reference(manager, project, stage, &ref, &generation, &local, error);
        if (r >= 0)
                r = enqueue(manager, project, stage, ref,
                            &(Enqueue){ .source = SOURCE_RESTART,
                                        .generation = generation,
                                        .force = true,
                                        .local = local },
                            uid, &id, error);
        if (r < 0)
                return r;

        r = sd_bus_reply_method_return(message, "t", id);
        manager->hooks.changed(manager->userdata);
        return r;
}

static int tell_rollback(Manager *manager, const EnqueueResult *result, uid_t uid) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        char text[128];
        Notice notice;

        if (store_find_deploy(manager->store, result->deploy_id, &deploy) <= 0)
                return -EIO;

        (void) snprintf(text, sizeof(text),
                        "Deploy %" PRIu64 " goes back to the version of deploy %" PRIu64
                        ", asked for by uid %u",
                        deploy->id, deploy->generation, (unsigned) uid);
        notice = notice_about(deploy, EVENT_DELIVERY_ACCEPTED, NOTICE_DEPLOY_QUEUED);
        notice.text = text;
        notice.provider = "bus";
        notice.caller_uid = uid;
        return outbox_add(manager->outbox, &notice);
}

static int rollback(Manager *manager, sd_bus_message *message, const PolkitDetails *about, bool hold,
                    uid_t uid, sd_bus_error *error) {
        _cleanup_(enqueue_result_done) EnqueueResult result = { 0 };
        _cleanup_(project_freep) Project *project = NULL;
        _cleanup_(stage_freep) Stage *stage = NULL;
        char name[ASKER_USER_MAX + 1];
        Asker asker;
        int r;

        r = manager_find_stage(manager, about->project, about->stage, &project, &stage, error);
        if (r < 0)
                return r;

        asker = bus_asker(uid, name);
        r = store_enqueue_rollback(manager->store, stage->id, hold, &asker, manager->config->max_queued,
                                   &result);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);
        if (r == 0)
                return sd_bus_error_setf(
                                error, ERROR_NO_ROLLBACK_TARGET,
                                "Stage '%s' of project '%s' has run no other version before this one",
                                stage->name, project->name);

        /* It is in the queue: what cannot be told any more is no reason to say otherwise. */
        if (outbox_add_superseded(manager->outbox, project->name, stage->name, &result) < 0 ||
            tell_rollback(manager, &result, uid) < 0)
                (void) log_seldom_errno(LOG_WARNING, 0, "Cannot tell of deploy %" PRIu64, result.deploy_id);

        r = sd_bus_reply_method_return(message, "t", result.deploy_id);
        manager->hooks.changed(manager->userdata);
        return r;
}

int method_rollback(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;
        PolkitDetails about;
        uid_t uid;
        int r;

        r = manager_begin(manager, message, CALL_STAGE, &about, &uid, error);
        return r != 0 ? r : rollback(manager, message, &about, /* hold= */ false, uid, error);
}

typedef struct RollbackOptions {
        int hold;
} RollbackOptions;

static const BusOption rollback_options[] = { { "Hold", "b", offsetof(RollbackOptions, hold) } };

/* The options are looked at before anybody is asked for a password. */
int method_rollback_with_options(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        RollbackOptions options = { .hold = false };
        PolkitDetails about = { .hook = NULL };
        Manager *manager = userdata;
        unsigned seen;
        uid_t uid;
        int r;

        manager->hooks.activity(manager->userdata);
        r = sd_bus_message_read(message, "ss", &about.project, &about.stage);
        if (r >= 0)
                r = call_check_names(about.project, about.stage, error);
        if (r >= 0)
                r = bus_options_read(message, rollback_options, ELEMENTSOF(rollback_options), &options,
                                     &seen, error);
        if (r < 0)
                return r;

        r = manager_authorise(manager, message, &about, &uid, error);
        return r != 0 ? r : rollback(manager, message, &about, options.hold, uid, error);
}
