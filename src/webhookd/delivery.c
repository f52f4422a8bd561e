/* SPDX-License-Identifier: MIT */
/* From request to answer: see delivery.h. */
#include "webhookd/delivery.h"

#include <inttypes.h>
#include <stdio.h>

#include "shared/json.h"
#include "shared/log.h"
#include "webhookd/autocreate.h"
#include "webhookd/matcher.h"
#include "webhookd/payload.h"
#include "webhookd/refusals.h"

#define HOOK_MAIN "main"

struct Delivery {
        Store *store;
        const Secret *secret;
        const WebhookConfig *config;
        Outbox *outbox;
        Refusals refusals;
};

/* What one request is about while it is handled. */
typedef struct Handling {
        Delivery *delivery;
        const Request *request;
        const PushList *pushes;
        json_t *deploys; /* of the answer */
        json_t *ignored;
        bool accepted; /* something new: 202 rather than 200 */
} Handling;

int delivery_new(Store *store, const Secret *secret, const WebhookConfig *config, Outbox *outbox,
                 Delivery **ret) {
        Delivery *delivery;

        assert(store);
        assert(secret);
        assert(config);
        assert(outbox);
        assert(ret);

        delivery = calloc(1, sizeof(*delivery));
        if (!delivery)
                return -ENOMEM;

        delivery->store = store;
        delivery->secret = secret;
        delivery->config = config;
        delivery->outbox = outbox;
        *ret = delivery;
        return 0;
}

Delivery *delivery_free(Delivery *delivery) {
        free(delivery);
        return NULL;
}

void delivery_log_refusals(Delivery *delivery) {
        assert(delivery);

        refusals_log_rest(&delivery->refusals);
}

static Notice handling_notice(const Handling *handling, EventId event, NoticeSignal signal,
                              const char *image) {
        Notice notice = NOTICE(event, signal);

        notice.image = image;
        notice.provider = handling->pushes->provider;
        notice.delivery = handling->pushes->delivery_id;
        notice.remote = handling->request->remote;
        return notice;
}

static int handle_ignored(Handling *handling, const char *image, const Match *match, const char *reason) {
        Notice notice = handling_notice(handling, EVENT_DELIVERY_IGNORED, NOTICE_NO_SIGNAL, image);
        char text[160];

        if (json_array_append_new(handling->ignored,
                                  json_pack("{s:s, s:s}", "image", image, "reason", reason)) < 0)
                return -ENOMEM;

        (void) snprintf(text, sizeof(text), "Delivery ignored: %s", reason);
        notice.text = text;
        notice.project = match && match->project ? match->project->name : NULL;
        notice.stage = match && match->stage ? match->stage->name : NULL;
        return outbox_add(handling->delivery->outbox, &notice);
}

static const char *const enqueue_texts[] = {
        [ENQUEUE_NEW] = "Delivery accepted, deploy %" PRIu64 " queued",
        [ENQUEUE_JOINED] = "Delivery accepted, joins deploy %" PRIu64,
        [ENQUEUE_REDELIVERED] = "Delivery known, its deploy is %" PRIu64,
};

static int handle_enqueued(Handling *handling, const char *image, const Match *match,
                           const EnqueueResult *result) {
        bool is_new = result->verdict == ENQUEUE_NEW;
        Notice notice = handling_notice(handling, EVENT_DELIVERY_ACCEPTED,
                                        is_new ? NOTICE_DEPLOY_QUEUED : NOTICE_NO_SIGNAL, image);
        char text[96];
        int r;

        if (json_array_append_new(handling->deploys,
                                  json_pack("{s:I, s:s, s:s, s:s, s:s}", "id",
                                            (json_int_t) result->deploy_id, "project", match->project->name,
                                            "stage", match->stage->name, "image", image, "state",
                                            deploy_state_to_string(result->state))) < 0)
                return -ENOMEM;

        handling->accepted |= result->verdict != ENQUEUE_REDELIVERED;
        r = outbox_add_superseded(handling->delivery->outbox, result);
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
        return outbox_add(handling->delivery->outbox, &notice);
}

static int handle_matched(Handling *handling, const ImageRef *ref, const char *image, const Match *match) {
        _cleanup_(enqueue_result_done) EnqueueResult result = { 0 };
        Delivery *delivery = handling->delivery;
        int r;

        if (!match->stage->auto_deploy) {
                r = store_set_available(delivery->store, match->stage->id, image);
                if (r < 0)
                        return r;

                return handle_ignored(handling, image, match, "auto-deploy-off");
        }

        r = store_enqueue(delivery->store,
                          &(Enqueue){
                                          .stage_id = match->stage->id,
                                          .image = image,
                                          .digest = ref->digest,
                                          .source = "webhook",
                                          .hook = HOOK_MAIN,
                                          .delivery_id = handling->pushes->delivery_id,
                                          .max_queued = delivery->config->max_queued,
                          },
                          &result);
        if (r < 0)
                return r;

        return handle_enqueued(handling, image, match, &result);
}

static const char *const autocreate_reasons[] = {
        [AUTOCREATE_OFF] = "auto-create-off",
        [AUTOCREATE_NOT_ALLOWED] = "auto-create-not-allowed",
        [AUTOCREATE_LIMIT] = "auto-create-limit",
};

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
                *ret_reason = autocreate_reasons[verdict];
                return 0;
        }

        (void) snprintf(text, sizeof(text), "Project %s created by a delivery", name);
        notice.text = text;
        notice.project = name;
        r = outbox_add(delivery->outbox, &notice);
        if (r < 0)
                return r;

        *ret_reason = NULL;
        return 0;
}

static int handle_push(Handling *handling, const Push *push) {
        _cleanup_(match_done) Match match = { 0 };
        _cleanup_free_ char *image = NULL;
        int r;

        r = image_ref_format(push->ref, &image);
        if (r < 0)
                return r;

        r = match_image(handling->delivery->store, push->ref, &match);
        if (r < 0)
                return r;

        if (match.verdict == MATCH_NO_PROJECT) {
                const char *reason;

                r = handle_unknown(handling, push->ref, image, &reason);
                if (r < 0)
                        return r;
                if (reason)
                        return handle_ignored(handling, image, NULL, reason);

                r = match_image(handling->delivery->store, push->ref, &match);
                if (r < 0)
                        return r;
        }

        if (match.verdict != MATCH_STAGE)
                return handle_ignored(handling, image, &match, "no-stage-matches");

        return handle_matched(handling, push->ref, image, &match);
}

static DeliveryOutcome handling_outcome(const Handling *handling) {
        if (handling->accepted)
                return DELIVERY_ACCEPTED;

        return json_array_size(handling->deploys) > 0 ? DELIVERY_KNOWN : DELIVERY_IGNORED;
}

/* All pushes of the body, or none of them. */
static int handle_pushes(Handling *handling) {
        Delivery *delivery = handling->delivery;
        size_t told = outbox_length(delivery->outbox);
        int r;

        r = store_begin(delivery->store);
        if (r < 0)
                return r;

        r = store_mark(delivery->store);
        if (r < 0)
                return r;

        for (size_t i = 0; i < handling->pushes->n && r >= 0; i++)
                r = handle_push(handling, &handling->pushes->items[i]);
        if (r >= 0)
                r = store_count_delivery(delivery->store, handling->pushes->provider,
                                         handling_outcome(handling));
        if (r >= 0)
                r = store_keep(delivery->store);
        if (r < 0) {
                if (store_is_open(delivery->store))
                        (void) store_undo(delivery->store);
                outbox_cut(delivery->outbox, told);
        }

        return r;
}

static int handling_answer(const Handling *handling, Answer *ret) {
        _cleanup_(json_freep) json_t *j = NULL;
        char *body = NULL;
        int r;

        j = json_pack("{s:O}", "deploys", handling->deploys);
        if (!j)
                return -ENOMEM;

        if (json_array_size(handling->ignored) > 0 && json_object_set(j, "ignored", handling->ignored) < 0)
                return -ENOMEM;

        r = json_encode(j, &body);
        if (r < 0)
                return r;

        answer_set_status(ret, handling->accepted ? 202 : 200);
        ret->body = body;
        ret->accepted = true;
        return 0;
}

/* What could not be written was not accepted: the sender comes back. */
static void answer_unavailable(const Delivery *delivery, int error, Answer *ret) {
        if (error != -ENOBUFS && error != -ENOMEM)
                (void) log_error_errno(error, "Cannot write to the store: %s", store_error(delivery->store));

        answer_set_error(ret, 503, error == -ENOBUFS ? "queue-full" : "store-unavailable",
                         "nothing was accepted");
}

static void handle_decoded(Delivery *delivery, const Request *request, const PushList *pushes, Answer *ret) {
        _cleanup_(json_freep) json_t *deploys = json_array(), *ignored = json_array();
        Handling handling = {
                .delivery = delivery,
                .request = request,
                .pushes = pushes,
                .deploys = deploys,
                .ignored = ignored,
        };
        int r;

        r = deploys && ignored ? handle_pushes(&handling) : -ENOMEM;
        if (r >= 0)
                r = handling_answer(&handling, ret);
        if (r < 0)
                answer_unavailable(delivery, r, ret);
}

static void answer_malformed(const JsonError *error, Answer *ret) {
        if (error->line > 0)
                answer_set_error(ret, 400, "malformed", "line %i, column %i: %s", error->line, error->column,
                                 error->text);
        else
                answer_set_error(ret, 400, "malformed", "%s", error->text);
}

/* Of the turn's transaction, and no reason for another answer where that fails. Strangers do not get here. */
static void count_refused(Delivery *delivery) {
        if (store_begin(delivery->store) >= 0)
                (void) store_count_delivery(delivery->store, "unknown", DELIVERY_REFUSED);
}

/* The secret was right. */
static void handle_authentic(Delivery *delivery, const Request *request, Answer *ret) {
        _cleanup_(push_list_done) PushList pushes = { .n = 0 };
        PayloadVerdict verdict;
        JsonError error;

        if (!bytes_equal(request->method, "POST")) {
                answer_set_error(ret, 405, "method-not-allowed", "use POST");
                return;
        }

        if (payload_decode(request, &pushes, &verdict, &error) < 0) {
                answer_unavailable(delivery, -ENOMEM, ret);
                return;
        }

        switch (verdict) {
        case PAYLOAD_OK:
                handle_decoded(delivery, request, &pushes, ret);
                return;

        case PAYLOAD_UNSUPPORTED_MEDIA_TYPE:
                answer_set_error(ret, 415, "unsupported-media-type", "send Content-Type: application/json");
                break;

        case PAYLOAD_MALFORMED:
                answer_malformed(&error, ret);
                break;
        }

        count_refused(delivery);
        refusals_note(&delivery->refusals, request->remote, ret->status);
}

void delivery_handle(Delivery *delivery, const Request *request, Answer *ret) {
        assert(delivery);
        assert(request);
        assert(ret);

        *ret = (Answer){ 0 };
        if (secret_check(delivery->secret, request->path) == SECRET_OK) {
                handle_authentic(delivery, request, ret);
                return;
        }

        answer_set_status(ret, 404);
        refusals_note(&delivery->refusals, request->remote, 404);
}
