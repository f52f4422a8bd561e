/* SPDX-License-Identifier: MIT */
/* What is left in another engine: see strays.h. */
#include "ctl/verbs/strays.h"

#include "ctl/client.h"
#include "ctl/print/rows.h"
#include "ctl/report.h"
#include "ctl/verbs/instances.h"

static Table *stray_table_new(void) {
        static const Column columns[] = {
                { "PROJECT", "project", COLUMN_SHRINKS },
                { "STAGE", "stage", COLUMN_SHRINKS },
                { "DEPLOY", "deploy", COLUMN_RIGHT },
                { "STATE", "state", COLUMN_STATE },
                { "CONTAINER", "name", COLUMN_SHRINKS },
                { "ENGINE", "engine", 0 },
                { "SOCKET", "socket", COLUMN_DROPS },
                { NULL, "digest", 0 },
                { NULL, "container", 0 },
                { NULL, "store", 0 },
        };

        return table_new(columns, ELEMENTSOF(columns));
}

static void stray_table_add(Table *table, const StrayRow *row) {
        table_add_text(table, row->project);
        table_add_text(table, row->stage);
        table_add_number(table, row->deploy);
        table_add_text(table, row->state);
        table_add_text(table, row->name);
        table_add_text(table, row->engine);
        table_add_text(table, row->socket);
        table_add_text(table, row->digest);
        table_add_text(table, row->container);
        table_add_text(table, row->store);
}

int strays_ask(Ctl *ctl, Table **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(table_freep) Table *table = NULL;
        StrayRow row;
        int r;

        assert(ctl && ctl->bus);
        assert(ret);

        table = stray_table_new();
        if (!table)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        r = instances_list(ctl, "ListStrays", &reply);
        if (r < 0)
                return r;
        if (r == 0) {
                *ret = NULL;
                return 0;
        }

        r = rows_enter(reply);
        while (r >= 0 && (r = stray_read(reply, &row)) > 0)
                stray_table_add(table, &row);
        if (r >= 0)
                r = table_error(table);
        if (r < 0)
                return report_answer(ctl, &peer_deployer, r);

        *ret = TAKE_PTR(table);
        return 0;
}
