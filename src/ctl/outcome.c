/* SPDX-License-Identifier: MIT */
/* What became of a deploy: see outcome.h. */
#include "ctl/outcome.h"

#include <inttypes.h>

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

int outcome_await(Wait *wait, uint64_t id, const char *project, const char *stage) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *list = NULL;
        Ctl *ctl = wait_ctl(wait);
        DeployRow row = { .id = 0 };
        int r;

        if (ctl->wait) {
                r = wait_for_deploy(wait, id, project, stage);
                if (r < 0)
                        return r;
        }

        r = find_deploy(ctl, id, project, stage, &list, &row);
        if (r >= 0)
                r = show_deploy(ctl, &row);
        if (r < 0 || !ctl->wait)
                return r;

        return streq(row.state, "succeeded") || streq(row.state, "unchanged") ? 0 : CTL_EXIT_FAILURE;
}
