/* SPDX-License-Identifier: MIT */
/* One transaction, many answers: see turn.h. */
#include "webhookd/turn.h"

#include "shared/log.h"

void turn_init(Turn *turn, Store *store, Outbox *outbox, void (*before)(void *userdata),
               void (*after)(void *userdata), void *userdata) {
        assert(turn);
        assert(store);
        assert(outbox);
        assert(before);
        assert(after);

        *turn = (Turn){
                .store = store, .outbox = outbox, .before = before, .after = after, .userdata = userdata
        };
        turn->last = &turn->first;
}

void turn_add(Turn *turn, TurnAnswer *answer) {
        assert(turn);
        assert(answer && !answer->slot);

        answer->next = NULL;
        answer->slot = turn->last;
        *turn->last = answer;
        turn->last = &answer->next;
}

void turn_remove(Turn *turn, TurnAnswer *answer) {
        assert(turn);
        assert(answer);

        if (!answer->slot)
                return;

        *answer->slot = answer->next;
        if (answer->next)
                answer->next->slot = answer->slot;
        else
                turn->last = answer->slot;
        answer->slot = NULL;
        answer->next = NULL;
}

bool turn_is_empty(const Turn *turn) {
        assert(turn);

        return !turn->first;
}

static int turn_commit(Turn *turn) {
        int r;

        /* -EIO where a fault has ended the transaction before its time: then nothing of this turn is on disk. */
        r = store_commit(turn->store);
        if (r < 0 && store_fault(turn->store) == 0)
                (void) log_seldom_errno(LOG_ERR, r, "Cannot commit: %s", store_error(turn->store));
        if (r < 0 && store_is_open(turn->store))
                (void) store_rollback(turn->store);

        return r;
}

static void turn_refuse_accepted(Turn *turn) {
        for (TurnAnswer *answer = turn->first; answer; answer = answer->next)
                if (answer->answer.accepted)
                        answer_set_error(&answer->answer, 503, "store-unavailable", "nothing was accepted");
}

static bool turn_has_accepted(const Turn *turn) {
        for (const TurnAnswer *answer = turn->first; answer; answer = answer->next)
                if (answer->answer.accepted)
                        return true;

        return false;
}

void turn_flush(Turn *turn) {
        bool told = false;

        assert(turn);

        /* A request may be gone, and what it asked for still be in the transaction. */
        if (store_is_open(turn->store) || outbox_length(turn->outbox) > 0 || turn_has_accepted(turn)) {
                if (turn_has_accepted(turn))
                        turn->before(turn->userdata);
                if (turn_commit(turn) < 0) {
                        turn_refuse_accepted(turn);
                        outbox_drop(turn->outbox);
                } else
                        told = outbox_flush(turn->outbox);
        }

        while (turn->first) {
                TurnAnswer *answer = turn->first;

                turn_remove(turn, answer);
                answer->send(answer);
        }

        if (told)
                turn->after(turn->userdata);
}
