/* SPDX-License-Identifier: MIT */
/* Asking for a deploy, and waiting for what becomes of it. */
#include <inttypes.h>
#include <stdio.h>

#include "ctl/table.h"
#include "ctl/verbs.h"
#include "shared/protocol.h"

/* A signal may be missed when webhookd is started anew: so often the row itself is looked at. */
#define POLL_USEC (2 * USEC_PER_SEC)

typedef struct Outcome {
        uint64_t id; /* 0: not asked for yet */
        bool finished;
        char *state, *reason;
} Outcome;

static void outcome_done(Outcome *outcome) {
        free(outcome->state);
        free(outcome->reason);
}

static int on_finished(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Outcome *outcome = userdata;
        uint64_t id;

        (void) error;

        if (sd_bus_message_read(message, "t", &id) >= 0 && id == outcome->id)
                outcome->finished = true;

        return 0;
}

static bool state_is_final(const char *state) {
        return !streq(state, "queued") && !streq(state, "running");
}

/* Looks the row up. 0 with `outcome` filled once it is through, or an exit code. */
static int outcome_read(Ctl *ctl, const char *project, const char *stage, Outcome *outcome) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *state, *reason;
        uint64_t id;
        int r;

        r = ctl_call_webhook(ctl, &reply, "ListDeploys", "ssu", project, stage, 0U);
        if (r != 0)
                return r;

        r = sd_bus_message_enter_container(reply, 'a', "(tssssstt)");
        while (r >= 0 && (r = sd_bus_message_read(reply, "(tssssstt)", &id, NULL, NULL, NULL, &state,
                                                  &reason, NULL, NULL)) > 0)
                if (id == outcome->id && state_is_final(state)) {
                        outcome->state = strdup(state);
                        outcome->reason = text_printable(reason);
                        if (!outcome->state || !outcome->reason)
                                r = -ENOMEM;
                        break;
                }

        return r < 0 ? ctl_fail(r, "Cannot read the reply") : 0;
}

/* Until the deploy is through. The deployer's deadline bounds it. */
static int outcome_wait(Ctl *ctl, const char *project, const char *stage, Outcome *outcome) {
        int r;

        for (;;) {
                r = outcome_read(ctl, project, stage, outcome);
                if (r != 0 || outcome->state)
                        return r;

                for (outcome->finished = false; !outcome->finished;) {
                        r = sd_bus_process(ctl->bus, NULL);
                        if (r == 0) {
                                r = sd_bus_wait(ctl->bus, POLL_USEC);
                                if (r == 0)
                                        break;
                        }
                        if (r < 0 && r != -EINTR)
                                return ctl_fail(r, "Cannot wait for the deploy");
                }
        }
}

static int outcome_print(const Ctl *ctl, const Outcome *outcome) {
        bool runs = streq(outcome->state, OUTCOME_SUCCEEDED) || streq(outcome->state, OUTCOME_UNCHANGED);
        int r = EXIT_SUCCESS;

        if (ctl->json)
                r = ctl_print_json(json_pack("{s:I, s:s, s:s}", "id", (json_int_t) outcome->id, "state",
                                             outcome->state, "reason", outcome->reason));
        else
                (void) printf("Deploy %" PRIu64 " %s%s%s\n", outcome->id, outcome->state,
                              isempty(outcome->reason) ? "" : ": ", outcome->reason);

        return r != EXIT_SUCCESS || runs ? r : EXIT_FAILURE;
}

int verb_deploy(Ctl *ctl, char *argv[]) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_slot_unrefp) sd_bus_slot *slot = NULL;
        _cleanup_(outcome_done) Outcome outcome = { 0 };
        int r;

        r = ctl_connect(ctl);
        if (r != 0)
                return r;

        /* Before the call: what is over at once is not missed. */
        if (ctl->wait) {
                r = sd_bus_match_signal(ctl->bus, &slot, WEBHOOK_BUS_NAME, WEBHOOK_PATH, WEBHOOK_INTERFACE,
                                        "DeployFinished", on_finished, &outcome);
                if (r < 0)
                        return ctl_fail(r, "Cannot subscribe to signals");
        }

        r = ctl_call_webhook(ctl, &reply, "Deploy", "sss", argv[0], argv[1], strempty(argv[2]));
        if (r != 0)
                return r;

        r = sd_bus_message_read(reply, "t", &outcome.id);
        if (r < 0)
                return ctl_fail(r, "Cannot read the reply");

        if (ctl->wait) {
                r = outcome_wait(ctl, argv[0], argv[1], &outcome);
                return r != 0 ? r : outcome_print(ctl, &outcome);
        }

        if (ctl->json)
                return ctl_print_json(json_pack("{s:I}", "id", (json_int_t) outcome.id));

        (void) printf("Deploy %" PRIu64 " queued\n", outcome.id);
        return EXIT_SUCCESS;
}
