/* SPDX-License-Identifier: MIT */
/* Until a deploy is over: see wait.h. */
#include "ctl/wait.h"

#include <inttypes.h>

#include "ctl/client.h"
#include "ctl/find.h"
#include "shared/time-util.h"

/* How often webhookd is asked, for the case that its signal got lost; a quarter of a shorter time-out. */
#define ASK_USEC (15 * USEC_PER_SEC)

struct Wait {
        Ctl *ctl;
        sd_bus_slot *slot;
        uint64_t id; /* 0: not known yet */
        bool finished;
};

static int on_deploy_finished(sd_bus_message *message, void *userdata, sd_bus_error *ret_error) {
        Wait *wait = userdata;
        uint64_t id;

        (void) ret_error;

        if (sd_bus_message_read(message, "t", &id) >= 0 && id == wait->id)
                wait->finished = true;

        return 0;
}

int wait_new(Ctl *ctl, Wait **ret) {
        _cleanup_(wait_freep) Wait *wait = NULL;
        int r;

        assert(ctl);
        assert(ret);

        r = client_open(ctl);
        if (r < 0)
                return r;

        wait = calloc(1, sizeof(*wait));
        if (!wait)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        wait->ctl = ctl;
        if (ctl->wait)
                r = sd_bus_match_signal(ctl->bus, &wait->slot, peer_webhook.bus_name, peer_webhook.path,
                                        peer_webhook.interface, "DeployFinished", on_deploy_finished, wait);
        if (r < 0)
                return ctl_fail(ctl, r, "Cannot subscribe to DeployFinished: %m");

        *ret = TAKE_PTR(wait);
        return 0;
}

Wait *wait_free(Wait *wait) {
        if (!wait)
                return NULL;

        sd_bus_slot_unref(wait->slot);
        free(wait);
        return NULL;
}

Ctl *wait_ctl(const Wait *wait) {
        return wait->ctl;
}

static int ask(Wait *wait, const char *project, const char *stage) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        DeployRow row = { .id = 0 };
        int r;

        r = find_deploy(wait->ctl, wait->id, project, stage, &reply, &row);
        if (r < 0)
                return r;

        wait->finished = deploy_is_finished(&row);
        return 0;
}

/* Handles what has come; where nothing has, waits for `usec` at most. 1: something came, 0: nothing did. */
static int wait_turn(Wait *wait, uint64_t usec) {
        int r;

        r = sd_bus_process(wait->ctl->bus, NULL);
        if (r == 0)
                r = sd_bus_wait(wait->ctl->bus, usec);

        if (r < 0) {
                (void) ctl_fail(wait->ctl, r, "The connection to the system bus broke: %m");
                return -EIO;
        }

        return r;
}

int wait_for_deploy(Wait *wait, uint64_t id, const char *project, const char *stage) {
        uint64_t now = now_usec(CLOCK_MONOTONIC), begin = now, asked = now, pause;
        int r = 0;

        assert(wait);
        assert(id > 0);

        wait->id = id;
        pause = wait->ctl->timeout_usec / 4 < ASK_USEC ? wait->ctl->timeout_usec / 4 : ASK_USEC;
        while (!wait->finished) {
                uint64_t left = wait->ctl->timeout_usec - (now - begin);

                if (now - begin >= wait->ctl->timeout_usec)
                        return ctl_fail(wait->ctl, -ETIMEDOUT,
                                        "Deploy %" PRIu64
                                        " is not over yet. It goes on: tinyforgectl deploys "
                                        "%s %s",
                                        id, project, stage);

                r = wait_turn(wait, left < pause ? left : pause);
                now = now_usec(CLOCK_MONOTONIC);
                if (r >= 0 && now - asked >= pause) {
                        asked = now;
                        r = ask(wait, project, stage);
                }
                if (r < 0)
                        return r;
        }

        return 0;
}
