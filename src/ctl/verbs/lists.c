/* SPDX-License-Identifier: MIT */
/* projects and stages: what webhookd knows. */
#include <inttypes.h>
#include <stdio.h>

#include "ctl/client.h"
#include "ctl/print/rows.h"
#include "ctl/report.h"
#include "ctl/verbs/project-pages.h"
#include "ctl/verbs/verbs.h"

/* People see in one column what programs get in two: what a person set, and what was learned, marked as such. */
static void add_settings(Table *table, const ProjectRow *row) {
        char port[32] = "", healthcheck[64] = "";

        if (row->port > 0)
                (void) snprintf(port, sizeof(port), "%" PRIu16, row->port);
        else if (row->learned_port > 0)
                (void) snprintf(port, sizeof(port), "%" PRIu16 " (learned)", row->learned_port);
        if (!isempty(row->learned_healthcheck))
                (void) snprintf(healthcheck, sizeof(healthcheck), "%.48s (learned)",
                                row->learned_healthcheck);

        table_add_text(table, port);
        table_add_text(table, isempty(row->healthcheck) ? healthcheck : row->healthcheck);
        table_add_optional(table, row->port);
        table_add_optional(table, row->learned_port);
        table_add_text(table, row->healthcheck);
        table_add_text(table, row->learned_healthcheck);
}

int verb_projects(Ctl *ctl, char *args[]) {
        static const Column columns[] = {
                { "NAME", "name", COLUMN_SHRINKS },
                { "IMAGE", "image", COLUMN_SHRINKS | COLUMN_TAIL },
                { "PORT", NULL, COLUMN_RIGHT },
                { "HEALTHCHECK", NULL, COLUMN_SHRINKS },
                { NULL, "port", 0 },
                { NULL, "learned_port", 0 },
                { NULL, "healthcheck", 0 },
                { NULL, "learned_healthcheck", 0 },
                { "AUTO", "auto_created", 0 },
                { "CREATED", "created_at", COLUMN_TIME },
                { NULL, "after", 0 },
        };
        _cleanup_(project_pages_done)
                        ProjectPages pages = { .ctl = ctl, .prefix = args[0], .limit = ctl->limit };
        _cleanup_(table_freep) Table *table = NULL;
        ProjectRow row;
        int r;

        table = table_new(columns, ELEMENTSOF(columns));
        if (!table)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        while ((r = project_pages_next(&pages, &row)) > 0) {
                table_add_text(table, row.name);
                table_add_text(table, row.image);
                add_settings(table, &row);
                table_add_bool(table, row.auto_created);
                table_add_time(table, row.created_at);
                table_add_text(table, row.after);
        }

        return r < 0 ? r : table_show(table, ctl, "projects");
}

static int add_stages(Ctl *ctl, Table *table, const char *project) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        StageRow row;
        int r;

        r = client_call(ctl, &peer_webhook, "DescribeStages", &reply, "s", project);
        if (r < 0)
                return r;

        r = rows_enter(reply);
        while (r >= 0 && (r = stage_read_full(reply, &row)) > 0)
                stage_table_add(table, project, &row);

        return r < 0 ? report_answer(ctl, &peer_webhook, r) : 0;
}

static int add_all_stages(Ctl *ctl, Table *table) {
        _cleanup_(project_pages_done) ProjectPages pages = { .ctl = ctl };
        ProjectRow row;
        int r;

        while ((r = project_pages_next(&pages, &row)) > 0) {
                r = add_stages(ctl, table, row.name);
                if (r < 0)
                        return r;
        }

        return r;
}

int verb_stages(Ctl *ctl, char *args[]) {
        _cleanup_(table_freep) Table *table = stage_table_new();
        int r;

        if (!table)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        r = args[0] ? add_stages(ctl, table, args[0]) : add_all_stages(ctl, table);
        return r < 0 ? r : table_show(table, ctl, "stages");
}
