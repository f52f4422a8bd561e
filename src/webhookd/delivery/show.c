/* SPDX-License-Identifier: MIT */
/* GET of a deploy: see show.h. */
#include "webhookd/delivery/show.h"

#include "shared/conf/conf.h"
#include "shared/image-ref.h"
#include "webhookd/delivery/outcome.h"
#include "webhookd/delivery/wait.h"

static void refuse(Delivery *delivery, const Hook *hook, const Request *request, int status,
                   const char *error, const char *detail, Answer *ret) {
        answer_set_error(ret, status, error, "%s", detail);
        refusals_note(&delivery->refusals, &(Refusal){ .remote = request->remote,
                                                       .hook = hook->name,
                                                       .detail = detail,
                                                       .status = status });
}

static void answer_not_found(Delivery *delivery, const Hook *hook, const Request *request, Answer *ret) {
        answer_set_status(ret, 404);
        refusals_note(&delivery->refusals,
                      &(Refusal){ .remote = request->remote,
                                  .hook = hook->name,
                                  .detail = "there is no such deploy that this hook may see",
                                  .status = 404 });
}

/*
 * 1 when the hook takes the deploy's image, 0 when not. Its images stay as they were made, so that its own deliveries are
 * among them.
 */
static int hook_sees(const Hook *hook, const Deploy *deploy) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_free_ char *repository = NULL;
        int r;

        r = image_ref_parse(deploy->image, &ref, NULL);
        if (r >= 0)
                r = image_ref_repository(ref, &repository);
        return r < 0 ? r : image_patterns_take(hook->images, repository);
}

/* 1 when there is one that the hook may see, 0 when not. */
static int find(Delivery *delivery, const Hook *hook, uint64_t id) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        int r;

        r = store_find_deploy(delivery->store, id, &deploy);
        return r <= 0 ? r : hook_sees(hook, deploy);
}

/*
 * The id of a Standard Webhook is used up where the same signature, of no body, would be good for a push as well: whoever
 * has seen this request is not to make one of it.
 */
static int use_id(Delivery *delivery, const Hook *hook, const Request *request, HookVerdict verdict) {
        _cleanup_free_ char *id = NULL;
        int r;

        if (verdict != HOOK_ADMITTED_FINAL_ID || !hook->bare)
                return 0;

        id = bytes_to_string(signature_final_id(request));
        if (!id)
                return -ENOMEM;

        r = store_begin(delivery->store);
        return r < 0 ? r : store_use_id(delivery->store, hook->name, id);
}

/* `ret` is told what is there after the turn's commit: delivery_refresh(). */
static int show(uint64_t id, uint64_t wait_usec, Answer *ret) {
        json_t *stub;

        stub = outcome_stub(id);
        ret->deploys = stub ? json_pack("{s:o}", "deploy", stub) : NULL;
        if (!ret->deploys)
                return -ENOMEM;

        ret->status = 200;
        ret->wait_usec = wait_usec;
        return 0;
}

void delivery_show(Delivery *delivery, const Hook *hook, const Request *request, uint64_t id, uint64_t now,
                   Answer *ret) {
        const char *problem = NULL;
        HookVerdict verdict;
        uint64_t wait_usec;
        int r;

        if (!bytes_equal(request->method, "GET")) {
                answer_set_error(ret, 405, "method-not-allowed", "use GET");
                ret->allow = "GET";
                return;
        }

        r = hook_admit(hook, request, /* form= */ (Bytes){ NULL, 0 }, now, &verdict);
        if (r >= 0 && hook_refusal(verdict)) {
                refuse(delivery, hook, request, 401, "unauthorized", hook_refusal(verdict), ret);
                return;
        }
        if (r >= 0 && wait_read(request->path, &wait_usec, &problem) < 0) {
                refuse(delivery, hook, request, 400, "malformed", problem, ret);
                return;
        }

        if (r >= 0)
                r = find(delivery, hook, id);
        if (r == 0) {
                answer_not_found(delivery, hook, request, ret);
                return;
        }

        if (r >= 0)
                r = use_id(delivery, hook, request, verdict);
        if (r >= 0)
                r = show(id, wait_usec, ret);
        if (r < 0)
                answer_set_error(ret, 503, "store-unavailable", "nothing can be told at the moment");
}
