/* SPDX-License-Identifier: MIT */
/* Callers whom the deployer keeps waiting: see waiting-call.h. */
#include "webhookd/bus/waiting-call.h"

void waiting_call_begin(WaitingCall *waiting, WaitingCalls *calls, sd_bus_message *message) {
        assert(waiting && !waiting->slot);
        assert(calls);
        assert(message);

        waiting->calls = calls;
        waiting->message = sd_bus_message_ref(message);
        waiting->next = calls->first;
        waiting->slot = &calls->first;
        if (waiting->next)
                waiting->next->slot = &waiting->next;
        calls->first = waiting;
        calls->n++;
}

void waiting_call_end(WaitingCall *waiting) {
        assert(waiting && waiting->slot);

        *waiting->slot = waiting->next;
        if (waiting->next)
                waiting->next->slot = waiting->slot;
        waiting->calls->n--;

        deployer_call_free(waiting->call);
        sd_bus_message_unref(waiting->message);
        free(waiting);
}

void waiting_calls_drop(WaitingCalls *calls) {
        assert(calls);

        while (calls->first)
                waiting_call_end(calls->first);
}
