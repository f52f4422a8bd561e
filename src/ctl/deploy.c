/* SPDX-License-Identifier: MIT */
/* deploys and deploy: the queue, and a new row in it. */
#include <inttypes.h>

#include "ctl/client.h"
#include "ctl/rows.h"
#include "ctl/verbs.h"
#include "ctl/wait.h"

int verb_deploys(Ctl *ctl, char *args[]) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *project = args[0], *stage = project ? args[1] : NULL;
        _cleanup_(table_freep) Table *table = NULL;
        DeployRow row;
        int r;

        table = deploy_table_new();
        if (!table)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        r = client_call(ctl, &peer_webhook, "ListDeploys", &reply, "ssu", strempty(project), strempty(stage),
                        ctl->limit);
        if (r < 0)
                return r;

        r = rows_enter(reply);
        while (r >= 0 && (r = deploy_read(reply, &row)) > 0)
                deploy_table_add(table, &row);
        if (r < 0)
                return client_report_answer(ctl, &peer_webhook, r);

        /* No rows: because nothing was deployed yet, or because there is no such thing? */
        if (table_n_rows(table) == 0 && project) {
                r = check_stage(ctl, project, stage);
                if (r < 0)
                        return r;
        }

        return table_show(table, ctl, "deploys");
}

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

int verb_deploy(Ctl *ctl, char *args[]) {
        const char *project = args[0], *stage = args[1], *tag = args[2];
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL, *list = NULL;
        _cleanup_(wait_freep) Wait *wait = NULL;
        DeployRow row = { .id = 0 };
        uint64_t id;
        int r;

        /* Before the call, so that no signal can come too early. */
        if (ctl->wait) {
                r = wait_new(ctl, &wait);
                if (r < 0)
                        return r;
        }

        r = client_call(ctl, &peer_webhook, "Deploy", &reply, "sss", project, stage, strempty(tag));
        if (r < 0)
                return r;

        r = sd_bus_message_read(reply, "t", &id);
        if (r < 0)
                return client_report_answer(ctl, &peer_webhook, r);

        if (wait) {
                r = wait_for_deploy(wait, id, project, stage);
                if (r < 0)
                        return r;
        }

        r = find_deploy(ctl, id, project, stage, &list, &row);
        if (r < 0)
                return r;

        r = show_deploy(ctl, &row);
        if (r < 0 || !ctl->wait)
                return r;

        return streq(row.state, "succeeded") || streq(row.state, "unchanged") ? 0 : CTL_EXIT_FAILURE;
}
