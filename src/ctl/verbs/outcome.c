/* SPDX-License-Identifier: MIT */
/* What became of a deploy: see outcome.h. */
#include "ctl/verbs/outcome.h"

#include <inttypes.h>

#include "ctl/advice.h"
#include "ctl/client.h"
#include "ctl/print/deploy-table.h"
#include "ctl/verbs/find.h"
#include "shared/bus/errors.h"

static void show_line(const Ctl *ctl, const DeployRow *row) {
        _cleanup_free_ char *waiting = NULL;

        if (deploy_waits(row) && deploy_waiting(row, &waiting) >= 0)
                ctl_print(ctl, "Deploy %" PRIu64 " of %s/%s, %s: %s", row->id, row->project, row->stage,
                          row->image, waiting);
        else
                ctl_print(ctl, "Deploy %" PRIu64 " of %s/%s, %s: %s%s%s", row->id, row->project, row->stage,
                          row->image, row->state, isempty(row->reason) ? "" : ": ", strempty(row->reason));
}

static int show_deploy(const Ctl *ctl, const DeployRow *row) {
        _cleanup_(table_freep) Table *table = NULL;
        json_t *rows;
        int r;

        if (!ctl->json) {
                show_line(ctl, row);
                return 0;
        }

        table = deploy_table_new();
        if (!table)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        deploy_table_add(table, row);
        rows = table_steal_json(table);
        r = ctl_print_json(ctl, rows ? json_incref(json_array_get(rows, 0)) : NULL);
        json_decref(rows);
        return r;
}

/* What is the matter is the reason's first word, where it is an error with a name; else the logs are what is left. */
static const char *failure_advice(const DeployRow *row, char buffer[static OUTCOME_ADVICE_SIZE]) {
        const char *reason = strempty(row->reason), *advice;
        char name[64];

        (void) snprintf(name, sizeof(name), ERROR_PREFIX "%.*s", (int) strcspn(reason, ":"), reason);
        advice = advice_find(&peer_deployer, name, buffer, OUTCOME_ADVICE_SIZE);
        if (advice)
                return advice;

        (void) snprintf(buffer, OUTCOME_ADVICE_SIZE,
                        "What it did, and what its container said: tinyforgectl logs %s %s", row->project,
                        row->stage);
        return buffer;
}

static const char *superseded_advice(const DeployRow *row, char buffer[static OUTCOME_ADVICE_SIZE]) {
        if (row->superseded_by > 0)
                (void) snprintf(buffer, OUTCOME_ADVICE_SIZE,
                                "Deploy %" PRIu64 " took its place: tinyforgectl describe %" PRIu64,
                                row->superseded_by, row->superseded_by);
        else
                (void) snprintf(buffer, OUTCOME_ADVICE_SIZE,
                                "A newer deploy of the stage took its place: tinyforgectl deploys %s %s",
                                row->project, row->stage);
        return buffer;
}

/* Nobody cancelled it: what it waited for came to nothing. */
static bool was_put_aside(const DeployRow *row) {
        static const char word[] = "DependencyFailed:";

        return streq(row->state, "cancelled") && strncmp(strempty(row->reason), word, strlen(word)) == 0;
}

const char *outcome_advice(const DeployRow *row, OutcomeGoal goal, char buffer[static OUTCOME_ADVICE_SIZE]) {
        assert(row);

        if (!deploy_is_finished(row))
                (void) snprintf(buffer, OUTCOME_ADVICE_SIZE,
                                "To watch it: tinyforgectl follow %" PRIu64
                                "; to stop it: tinyforgectl cancel %" PRIu64,
                                row->id, row->id);
        else if (streq(row->state, "failed") || streq(row->state, "rolled-back") || was_put_aside(row))
                return failure_advice(row, buffer);
        else if (streq(row->state, "superseded"))
                return superseded_advice(row, buffer);
        else if (streq(row->state, "cancelled"))
                return "Whatever ran before keeps running: tinyforgectl status";
        else if (goal == GOAL_CANCELLED && streq(row->state, "succeeded"))
                (void) snprintf(buffer, OUTCOME_ADVICE_SIZE,
                                "It was too late to cancel it. To go back: tinyforgectl rollback %s %s",
                                row->project, row->stage);
        else
                return NULL;

        return buffer;
}

/* What to do next, where that is not plain. */
static void hint_end(const Ctl *ctl, const DeployRow *row, OutcomeGoal goal) {
        char buffer[OUTCOME_ADVICE_SIZE];
        const char *advice = deploy_is_finished(row) ? outcome_advice(row, goal, buffer) : NULL;

        if (advice)
                ctl_hint(ctl, "%s", advice);
}

static int show_outcome(const Ctl *ctl, const DeployRow *row, OutcomeGoal goal) {
        int r;

        r = show_deploy(ctl, row);
        if (r < 0 || !ctl->wait)
                return r;

        hint_end(ctl, row, goal);
        if (goal == GOAL_CANCELLED)
                return streq(row->state, "cancelled") ? 0 : CTL_EXIT_FAILURE;

        return streq(row->state, "succeeded") || streq(row->state, "unchanged") ? 0 : CTL_EXIT_FAILURE;
}

int outcome_await(Wait *wait, uint64_t id, const char *project, const char *stage, OutcomeGoal goal) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *list = NULL;
        Ctl *ctl = wait_ctl(wait);
        DeployRow row = { .id = 0 };
        int r = 0;

        if (ctl->wait)
                r = wait_for_deploy(wait, id, project, stage);
        if (r == 0)
                r = find_deploy(ctl, id, project, stage, &list, &row);

        return r != 0 ? r : show_outcome(ctl, &row, goal);
}

int outcome_await_listed(Wait *wait, uint64_t id, OutcomeGoal goal) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *list = NULL;
        Ctl *ctl = wait_ctl(wait);
        DeployRow row = { .id = 0 };
        int r;

        r = find_deploy(ctl, id, "", "", &list, &row);
        if (r < 0)
                return r;

        /* The signal of an end that is past does not come again. */
        if (!ctl->wait || deploy_is_finished(&row))
                return show_outcome(ctl, &row, goal);

        return outcome_await(wait, id, row.project, row.stage, goal);
}
