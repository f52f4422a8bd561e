/* SPDX-License-Identifier: MIT */
/* What became of a deploy: see outcome.h. */
#include "ctl/verbs/outcome.h"

#include <inttypes.h>

#include "ctl/advice.h"
#include "ctl/client.h"
#include "ctl/verbs/find.h"
#include "shared/bus/errors.h"

static int show_deploy(const Ctl *ctl, const DeployRow *row) {
        _cleanup_(table_freep) Table *table = NULL;
        json_t *rows;
        int r;

        if (!ctl->json) {
                ctl_print(ctl, "Deploy %" PRIu64 " of %s/%s, %s: %s%s%s", row->id, row->project, row->stage,
                          row->image, row->state, isempty(row->reason) ? "" : ": ", strempty(row->reason));
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
static void hint_failure(const Ctl *ctl, const DeployRow *row) {
        const char *reason = strempty(row->reason), *advice;
        char buffer[256], name[64];

        (void) snprintf(name, sizeof(name), ERROR_PREFIX "%.*s", (int) strcspn(reason, ":"), reason);
        advice = advice_find(&peer_deployer, name, buffer, sizeof(buffer));
        if (advice)
                ctl_hint(ctl, "%s", advice);
        else
                ctl_hint(ctl, "What it did, and what its container said: tinyforgectl logs %s %s",
                         row->project, row->stage);
}

/* What to do next, where that is not plain. */
static void hint_end(const Ctl *ctl, const DeployRow *row, OutcomeGoal goal) {
        if (streq(row->state, "failed") || streq(row->state, "rolled-back"))
                hint_failure(ctl, row);
        else if (streq(row->state, "superseded"))
                ctl_hint(ctl, "A newer deploy of the stage took its place: tinyforgectl deploys %s %s",
                         row->project, row->stage);
        else if (streq(row->state, "cancelled"))
                ctl_hint(ctl, "What ran before keeps running: tinyforgectl status");
        else if (goal == GOAL_CANCELLED && streq(row->state, "succeeded"))
                ctl_hint(ctl, "It was too late to cancel it. To go back: tinyforgectl rollback %s %s",
                         row->project, row->stage);
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
