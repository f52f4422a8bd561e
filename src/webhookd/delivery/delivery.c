/* SPDX-License-Identifier: MIT */
/* From request to answer: see delivery.h. */
#include "webhookd/delivery/delivery.h"

#include <stdio.h>

#include "shared/json.h"
#include "shared/log.h"
#include "shared/time-util.h"
#include "webhookd/delivery/bare.h"
#include "webhookd/delivery/context.h"
#include "webhookd/delivery/delivery-internal.h"
#include "webhookd/delivery/handling.h"
#include "webhookd/delivery/handshake.h"
#include "webhookd/delivery/order.h"
#include "webhookd/delivery/outcome.h"
#include "webhookd/delivery/push.h"
#include "webhookd/delivery/show.h"
#include "webhookd/delivery/wait.h"

int delivery_new(Store *store, const Hooks *hooks, const WebhookConfig *config, Outbox *outbox,
                 const Progress *progress, Delivery **ret) {
        Delivery *delivery;

        assert(store);
        assert(hooks);
        assert(config);
        assert(outbox);
        assert(progress);
        assert(ret);

        delivery = calloc(1, sizeof(*delivery));
        if (!delivery)
                return -ENOMEM;

        delivery->store = store;
        delivery->hooks = hooks;
        delivery->config = config;
        delivery->outbox = outbox;
        delivery->progress = progress;
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

/* An id that is good once is used up by whatever comes of the delivery, unless that is undone. */
static int handle_id(Handling *handling) {
        int r;

        if (!handling->final_id)
                return 0;

        r = store_use_id(handling->delivery->store, handling->hook->name, handling->final_id);
        if (r < 0)
                return r;

        handling->replayed = r == 0;
        return 0;
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

        r = handle_id(handling);
        if (r >= 0)
                r = bare_keep(delivery->store, handling->hook, handling->request, handling->pushes);
        for (size_t i = 0; i < handling->pushes->n && r >= 0; i++)
                r = handle_push(handling, &handling->pushes->items[i]);
        if (r >= 0)
                r = order_deploys(handling);
        handling->delivery_id = handling->final_id ? handling->final_id : handling->pushes->delivery_id.text;
        for (size_t i = 0; i < handling->pushes->n_ignored && r >= 0; i++)
                r = handle_undecoded(handling, &handling->pushes->ignored[i]);
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

/* What could not be written was not accepted: the sender comes back. */
static void answer_unavailable(const Delivery *delivery, int error, Answer *ret) {
        if (error != -ENOMEM && store_fault(delivery->store) == 0)
                (void) log_seldom_errno(LOG_ERR, error, "Cannot write to the store: %s",
                                        store_error(delivery->store));

        answer_set_error(ret, 503, "store-unavailable", "nothing was accepted");
}

/*
 * Of the turn's transaction, and no reason for another answer where that fails. Strangers do not get here. A trial is not
 * told of, and undone.
 */
static void note_refusal(Delivery *delivery, const char *provider, const Refusal *refusal) {
        if (refusal->status != 401 && store_begin(delivery->store) >= 0)
                (void) store_count_delivery(delivery->store, provider ? provider : "unknown",
                                            DELIVERY_REFUSED);
        if (!delivery->trial)
                refusals_note(&delivery->refusals, refusal);
}

/* Refuses what has the right secret, with the same words for its sender and for the journal. */
static void refuse(Delivery *delivery, const Hook *hook, const Request *request, int status,
                   const char *error, const char *detail, Answer *ret) {
        const PayloadFormat *format = payload_recognise(request, NULL);

        answer_set_error(ret, status, error, "%s", detail);
        note_refusal(delivery, NULL,
                     &(Refusal){ .remote = request->remote,
                                 .hook = hook->name,
                                 .provider = format ? format->name : NULL,
                                 .detail = detail,
                                 .status = status });
}

static void answer_queue_full(Delivery *delivery, const Hook *hook, const Request *request,
                              const char *provider, Answer *ret) {
        answer_set_error(ret, 503, "queue-full", "nothing was accepted");
        note_refusal(delivery, provider,
                     &(Refusal){ .remote = request->remote,
                                 .hook = hook->name,
                                 .provider = provider,
                                 .detail = "the queue is full",
                                 .status = 503,
                                 .is_queue_full = true });
}

static void handle_decoded(Delivery *delivery, const Hook *hook, const Request *request,
                           const PushList *pushes, const char *final_id, uint64_t wait_usec, Answer *ret) {
        _cleanup_(json_freep) json_t *deploys = json_array(), *ignored = json_array();
        Brought brought[DEPLOYS_TOLD_MAX];
        Handling handling = {
                .delivery = delivery,
                .hook = hook,
                .request = request,
                .pushes = pushes,
                .final_id = final_id,
                .wait_usec = wait_usec,
                .deploys = deploys,
                .ignored = ignored,
                .brought = brought,
        };
        int r;

        r = deploys && ignored ? handle_pushes(&handling) : -ENOMEM;
        if (r >= 0)
                r = handling_answer(&handling, ret);
        if (r == -ENOBUFS)
                answer_queue_full(delivery, hook, request, pushes->provider, ret);
        else if (r < 0)
                answer_unavailable(delivery, r, ret);
}

static void refuse_malformed(Delivery *delivery, const Hook *hook, const Request *request,
                             const JsonError *error, Answer *ret) {
        char detail[sizeof(error->text) + 64];

        if (error->line > 0)
                (void) snprintf(detail, sizeof(detail), "line %i, column %i: %s", error->line, error->column,
                                error->text);
        else
                (void) snprintf(detail, sizeof(detail), "%s", error->text);

        refuse(delivery, hook, request, 400, "malformed", detail, ret);
}

/* By the body, or where the hook takes calls without one, by the URL. */
static int decode(const Delivery *delivery, const Hook *hook, const Request *request, PushList *ret,
                  PayloadVerdict *ret_verdict, JsonError *ret_error) {
        int r;

        if (!bare_is_meant(hook, request))
                return payload_decode(request, delivery->config->host_aliases, ret, ret_verdict, ret_error);

        r = bare_decode(delivery->store, hook, request, ret, ret_error);
        *ret_verdict = r == -EBADMSG ? PAYLOAD_MALFORMED : PAYLOAD_OK;
        return r == -EBADMSG ? 0 : r;
}

/* The secret was right, and so is whatever the hook asks for besides. `final_id` and `wait_usec` as in Handling. */
static void handle_authentic(Delivery *delivery, const Hook *hook, const Request *request,
                             const char *final_id, uint64_t wait_usec, Answer *ret) {
        _cleanup_(push_list_done) PushList pushes = { .n = 0 };
        PayloadVerdict verdict;
        JsonError error;
        int r;

        r = decode(delivery, hook, request, &pushes, &verdict, &error);
        if (r < 0) {
                answer_unavailable(delivery, r, ret);
                return;
        }

        switch (verdict) {
        case PAYLOAD_OK:
                if (delivery->trial)
                        delivery->trial->provider = pushes.provider;
                handle_decoded(delivery, hook, request, &pushes, final_id, wait_usec, ret);
                return;

        case PAYLOAD_UNSUPPORTED_MEDIA_TYPE:
                refuse(delivery, hook, request, 415, "unsupported-media-type",
                       "send Content-Type: application/json", ret);
                return;

        case PAYLOAD_UNSUPPORTED_ENCODING:
                refuse(delivery, hook, request, 415, "unsupported-encoding", error.text, ret);
                return;

        case PAYLOAD_MALFORMED:
                refuse_malformed(delivery, hook, request, &error, ret);
                return;
        }
}

void delivery_handle_known(Delivery *delivery, const Hook *hook, const Request *request, uint64_t now,
                           Answer *ret) {
        _cleanup_free_ char *final_id = NULL, *buffer = NULL;
        const char *problem = NULL;
        Bytes form = { NULL, 0 };
        HookVerdict verdict;
        uint64_t wait_usec;

        if (handshake_answer(request, ret))
                return;

        if (!bytes_equal(request->method, "POST")) {
                answer_set_error(ret, 405, "method-not-allowed", "use POST");
                return;
        }

        if (payload_form(request, &buffer, &form) == -ENOMEM ||
            hook_admit(hook, request, form, now, &verdict) < 0) {
                answer_unavailable(delivery, -ENOMEM, ret);
                return;
        }

        if (delivery->trial)
                delivery->trial->verdict = verdict;
        if (hook_refusal(verdict)) {
                refuse(delivery, hook, request, 401, "unauthorized", hook_refusal(verdict), ret);
                return;
        }

        if (wait_read(request->path, &wait_usec, &problem) < 0) {
                refuse(delivery, hook, request, 400, "malformed", problem, ret);
                return;
        }

        if (verdict == HOOK_ADMITTED_FINAL_ID) {
                final_id = bytes_to_string(signature_final_id(request));
                if (!final_id) {
                        answer_unavailable(delivery, -ENOMEM, ret);
                        return;
                }
        }

        handle_authentic(delivery, hook, request, final_id, wait_usec, ret);
}

/* Without a store, who has the secret is asked to come back; where no secret is known either, that is everybody. */
static bool is_out_of_service(const Delivery *delivery, const Hook *hook) {
        return store_fault(delivery->store) < 0 && (hook || !hooks_at(delivery->hooks, 0));
}

void delivery_handle(Delivery *delivery, const Request *request, Answer *ret) {
        uint64_t now = now_usec(CLOCK_REALTIME);
        const Hook *hook;
        uint64_t deploy;

        assert(delivery);
        assert(request);
        assert(ret);

        *ret = (Answer){ 0 };
        hook = hooks_check(delivery->hooks, request->path, now, &deploy);
        if (is_out_of_service(delivery, hook)) {
                answer_unavailable(delivery, store_fault(delivery->store), ret);
                return;
        }

        if (hook && deploy > 0) {
                delivery_show(delivery, hook, request, deploy, now, ret);
                return;
        }
        if (hook) {
                delivery_handle_known(delivery, hook, request, now, ret);
                return;
        }

        answer_set_status(ret, 404);
        refusals_note(&delivery->refusals, &(Refusal){ .remote = request->remote, .status = 404 });
}

bool delivery_needs_body(const Delivery *delivery, const Request *request) {
        uint64_t deploy;

        assert(delivery);
        assert(request);

        if (!hooks_check(delivery->hooks, request->path, now_usec(CLOCK_REALTIME), &deploy))
                return false;

        return deploy > 0 || bytes_equal(request->method, "POST") || bytes_equal(request->method, "OPTIONS");
}

const char *delivery_find_hook(const Delivery *delivery, Bytes path) {
        const Hook *hook;
        uint64_t deploy;

        assert(delivery);

        hook = hooks_check(delivery->hooks, path, now_usec(CLOCK_REALTIME), &deploy);
        return hook ? hook->name : NULL;
}

void delivery_refresh(Delivery *delivery, Answer *answer, uint64_t open[static DEPLOYS_TOLD_MAX],
                      size_t *ret_n_open) {
        int r;

        assert(delivery);
        assert(answer && answer->deploys);
        assert(ret_n_open);

        /* What was accepted is on disk by now, whatever can be told of it. */
        answer->accepted = false;
        r = outcome_tell(delivery->store, delivery->progress, answer, open, ret_n_open);
        if (r >= 0)
                return;

        *ret_n_open = 0;
        answer_set_error(answer, 503, "store-unavailable", "what became of the deploy cannot be told");
}
