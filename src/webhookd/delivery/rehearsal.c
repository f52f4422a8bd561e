/* SPDX-License-Identifier: MIT */
/* A delivery that is undone at once: see delivery_try() in delivery.h. */
#include "shared/time-util.h"
#include "webhookd/delivery/context.h"
#include "webhookd/delivery/delivery-internal.h"

/* Back to the mark, and where the transaction is the trial's own, out of it: then nothing is written at all. */
static int trial_undo(Store *store, bool is_own) {
        int r = 0;

        /* A fault may have ended it, and then there is nothing left to undo. */
        if (!is_own && store_is_open(store))
                r = store_undo(store);
        if (is_own || r < 0)
                r = store_rollback(store);

        return r;
}

int delivery_try(Delivery *delivery, const Hook *hook, const Request *request, Trial *ret) {
        _cleanup_(trial_done) Trial trial = { .n = 0 };
        size_t told;
        bool is_own;
        int r;

        assert(delivery && !delivery->trial);
        assert(hook);
        assert(request);
        assert(ret);

        told = outbox_length(delivery->outbox);
        is_own = !store_is_open(delivery->store);
        r = store_begin(delivery->store);
        if (r >= 0 && !is_own)
                r = store_mark(delivery->store);
        if (r < 0)
                return r;

        delivery->trial = &trial;
        delivery_handle_known(delivery, hook, request, now_usec(CLOCK_REALTIME), &trial.answer);
        delivery->trial = NULL;

        outbox_cut(delivery->outbox, told);
        r = trial_undo(delivery->store, is_own);
        if (r < 0)
                return r;

        *ret = trial;
        trial = (Trial){ .n = 0 };
        return 0;
}
