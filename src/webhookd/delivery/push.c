/* SPDX-License-Identifier: MIT */
/* What becomes of one push: whose it is, whether their stages follow it, and its rows in the queue. */
#include <inttypes.h>
#include <stdio.h>

#include "shared/conf/conf.h"
#include "shared/protocol.h"
#include "shared/time-util.h"
#include "webhookd/delivery/autocreate.h"
#include "webhookd/delivery/gate.h"
#include "webhookd/delivery/handling.h"
#include "webhookd/delivery/order.h"
#include "webhookd/delivery/outcome.h"
#include "webhookd/delivery/push.h"

static_assert(DELIVERY_ID_MAX == 255, "the schema of the store has the same limit");

static const char *const enqueue_texts[] = {
        [ENQUEUE_NEW] = "Delivery accepted, deploy %" PRIu64 " queued",
        [ENQUEUE_JOINED] = "Delivery accepted, joins deploy %" PRIu64,
        [ENQUEUE_REDELIVERED] = "Delivery known, its deploy is %" PRIu64,
};

static const char *const outcomes[] = {
        [ENQUEUE_NEW] = "queued",
        [ENQUEUE_JOINED] = "joined",
        [ENQUEUE_REDELIVERED] = "known",
};

/* The id of a deploy that will not be is nobody's. */
static json_t *deploy_id_to_json(Handling *handling, const EnqueueResult *result) {
        if (result->verdict == ENQUEUE_NEW && handling->first_new == 0)
                handling->first_new = result->deploy_id;
        if (handling->delivery->trial && handling->first_new > 0 && result->deploy_id >= handling->first_new)
                return json_null();

        return json_integer((json_int_t) result->deploy_id);
}

/* What the answer tells of a deploy; one that will not be has no path. */
static int answer_deploy(Handling *handling, const char *image, const Match *match,
                         const EnqueueResult *result) {
        json_t *id = deploy_id_to_json(handling, result), *path;

        path = json_is_null(id) ? json_null() : outcome_path(result->deploy_id);
        return json_array_append_new(handling->deploys,
                                     json_pack("{s:o, s:s, s:s, s:s, s:s, s:o}", "id", id, "project",
                                               match->project->name, "stage", match->stage->name, "image",
                                               image, "state", deploy_state_to_string(result->state), "path",
                                               path)) < 0
                               ? -ENOMEM
                               : 0;
}

static int handle_enqueued(Handling *handling, const char *image, const Match *match,
                           const EnqueueResult *result) {
        bool is_new = result->verdict == ENQUEUE_NEW;
        Notice notice = handling_notice(handling, EVENT_DELIVERY_ACCEPTED,
                                        is_new ? NOTICE_DEPLOY_QUEUED : NOTICE_NO_SIGNAL, image);
        char text[96];
        int r;

        r = answer_deploy(handling, image, match, result);
        if (r < 0)
                return r;

        order_note(handling, match, result);
        handling->accepted |= result->verdict != ENQUEUE_REDELIVERED;
        r = outbox_add_superseded(handling->delivery->outbox, match->project->name, match->stage->name,
                                  result);
        if (r < 0)
                return r;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void) snprintf(text, sizeof(text), enqueue_texts[result->verdict], result->deploy_id);
#pragma GCC diagnostic pop
        notice.text = text;
        notice.project = match->project->name;
        notice.stage = match->stage->name;
        notice.deploy = result->deploy_id;
        return handling_tell(handling, &notice, outcomes[result->verdict], NULL);
}

/* What the store is asked for; everything is borrowed. */
static Enqueue handling_enqueue(const Handling *handling, const ImageRef *ref, const char *image,
                                const Match *match) {
        return (Enqueue){
                .stage_id = match->stage->id,
                .image = image,
                .digest = ref->digest,
                .source = SOURCE_WEBHOOK,
                .asker = &handling->asker,
                .hook = handling->hook->name,
                .delivery_id = handling->delivery_id,
                .delivery_id_is_final = handling->final_id != NULL,
                .pushed_at = handling->pushed_at,
                .comes_after = match->project->after_id > 0,
                .max_queued = handling->delivery->config->max_queued,
        };
}

/* A push that a stage takes. */
static int handle_matched(Handling *handling, const ImageRef *ref, const char *image, const Match *match) {
        Enqueue enqueue = handling_enqueue(handling, ref, image, match);
        _cleanup_(enqueue_result_done) EnqueueResult result = { 0 };
        Delivery *delivery = handling->delivery;
        GateVerdict gate;
        int r;

        r = gate_check(delivery->store, match->stage, ref, &enqueue, &gate);
        if (r < 0)
                return r;
        if (gate != GATE_OPEN && !match->stage->auto_deploy)
                return handle_ignored(handling, image, match, gate_reason(gate));

        if (!match->stage->auto_deploy) {
                r = store_set_available(delivery->store, match->stage->id, image);
                if (r < 0)
                        return r;

                return handle_ignored(handling, image, match, "auto-deploy-off");
        }

        enqueue.only_known = gate != GATE_OPEN;
        r = store_enqueue(delivery->store, &enqueue, &result);
        if (r < 0)
                return r;
        if (result.verdict == ENQUEUE_LEFT)
                return handle_ignored(handling, image, match, gate_reason(gate));

        return handle_enqueued(handling, image, match, &result);
}

/* Nothing comes of an id that was used before: it is answered with what came of it then, where that is still so. */
static int handle_replayed(Handling *handling, const ImageRef *ref, const char *image, const Match *match) {
        EnqueueResult result = { .verdict = ENQUEUE_REDELIVERED };
        int r = 0;

        if (match->verdict == MATCH_STAGE) {
                const Enqueue enqueue = handling_enqueue(handling, ref, image, match);

                r = store_find_delivery(handling->delivery->store, &enqueue, &result.deploy_id,
                                        &result.state);
        }
        if (r < 0)
                return r;

        return r > 0 ? handle_enqueued(handling, image, match, &result)
                     : handle_ignored(handling, image, match, "delivered-before");
}

/* 1 when the hook is for this image, 0 when not. */
static int hook_takes(const Hook *hook, const ImageRef *ref) {
        _cleanup_free_ char *repository = NULL;
        int r;

        r = image_ref_repository(ref, &repository);
        return r < 0 ? r : image_patterns_take(hook->images, repository);
}

/* An image that no project has: creates one, or says why not. `*ret_reason` is NULL after a creation. */
static int handle_unknown(Handling *handling, const ImageRef *ref, const char *image,
                          const char **ret_reason) {
        Notice notice = handling_notice(handling, EVENT_PROJECT_CREATED, NOTICE_PROJECT_ADDED, image);
        Delivery *delivery = handling->delivery;
        _cleanup_free_ char *name = NULL;
        AutocreateVerdict verdict;
        char text[128];
        int r;

        r = autocreate_project(delivery->store, delivery->config, ref, &name, &verdict);
        if (r < 0)
                return r;

        if (verdict != AUTOCREATE_CREATED) {
                *ret_reason = autocreate_reason(verdict);
                return 0;
        }

        (void) snprintf(text, sizeof(text), "Project %s created by a delivery", name);
        notice.text = text;
        notice.project = name;
        r = delivery->trial ? trial_add_project(delivery->trial, name)
                            : outbox_add(delivery->outbox, &notice);
        if (r < 0)
                return r;

        *ret_reason = NULL;
        return 0;
}

/* A clock that is ahead must not hold up what is pushed once it is right. */
static uint64_t time_until_now(uint64_t time) {
        uint64_t now = now_usec(CLOCK_REALTIME);

        return time < now ? time : now;
}

/* What is known by now of who has the image, who made a project of it included; `*ret_reason` as above, else NULL. */
static int find_projects(Handling *handling, const ImageRef *ref, const char *image, MatchList *ret,
                         const char **ret_reason) {
        Store *store = handling->delivery->store;
        int r;

        *ret_reason = NULL;
        r = match_images(store, ref, ret);
        if (r < 0 || ret->n > 0)
                return r;

        if (handling->replayed) {
                *ret_reason = "delivered-before";
                return 0;
        }

        r = handle_unknown(handling, ref, image, ret_reason);
        return r < 0 || *ret_reason ? r : match_images(store, ref, ret);
}

static int handle_match(Handling *handling, const ImageRef *ref, const char *image, const Match *match) {
        if (handling->replayed)
                return handle_replayed(handling, ref, image, match);
        if (match->verdict != MATCH_STAGE)
                return handle_ignored(handling, image, match, "no-stage-matches");

        return handle_matched(handling, ref, image, match);
}

int handle_push(Handling *handling, const Push *push) {
        _cleanup_(match_list_done) MatchList matches = { 0 };
        _cleanup_free_ char *image = NULL;
        const char *reason;
        int r;

        handling->delivery_id =
                        handling->final_id ? handling->final_id : push_delivery_id(handling->pushes, push);
        handling->pushed_at = time_until_now(push->pushed_at);
        handling->asker = (Asker){ .hook = handling->hook->name, .provider = handling->pushes->provider };
        r = image_ref_format(push->ref, &image);
        if (r < 0)
                return r;

        r = hook_takes(handling->hook, push->ref);
        if (r < 0)
                return r;
        if (r == 0)
                return handle_ignored(handling, image, NULL, "hook-not-for-this-image");

        r = find_projects(handling, push->ref, image, &matches, &reason);
        if (r < 0)
                return r;
        if (reason)
                return handle_ignored(handling, image, NULL, reason);

        /* All of them or none: one answer tells what becomes of it in each. */
        if (handling->n_projects + matches.n > DEPLOYS_TOLD_MAX)
                return handle_ignored(handling, image, NULL, "too-many-projects");

        handling->n_projects += matches.n;
        handling->is_shared = matches.n > 1;
        for (size_t i = 0; i < matches.n && r >= 0; i++)
                r = handle_match(handling, push->ref, image, &matches.items[i]);
        return r;
}
