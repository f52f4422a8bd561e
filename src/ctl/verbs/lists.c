/* SPDX-License-Identifier: MIT */
/* projects and stages: what webhookd knows. */
#include "ctl/client.h"
#include "ctl/print/rows.h"
#include "ctl/report.h"
#include "ctl/verbs/verbs.h"

int verb_projects(Ctl *ctl, char *args[]) {
        static const Column columns[] = {
                { "NAME", "name", COLUMN_SHRINKS }, { "IMAGE", "image", COLUMN_SHRINKS | COLUMN_TAIL },
                { "PORT", "port", COLUMN_RIGHT },   { "HEALTHCHECK", "healthcheck", COLUMN_SHRINKS },
                { "AUTO", "auto_created", 0 },      { "CREATED", "created_at", COLUMN_TIME },
        };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(table_freep) Table *table = NULL;
        ProjectRow row;
        int r;

        (void) args;

        table = table_new(columns, ELEMENTSOF(columns));
        if (!table)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        r = client_call(ctl, &peer_webhook, "ListProjects", &reply, "");
        if (r < 0)
                return r;

        r = rows_enter(reply);
        while (r >= 0 && (r = project_read(reply, &row)) > 0) {
                table_add_text(table, row.name);
                table_add_text(table, row.image);
                table_add_optional(table, row.port);
                table_add_text(table, row.healthcheck);
                table_add_bool(table, row.auto_created);
                table_add_time(table, row.created_at);
        }
        if (r < 0)
                return report_answer(ctl, &peer_webhook, r);

        return table_show(table, ctl, "projects");
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
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        ProjectRow row;
        int r;

        r = client_call(ctl, &peer_webhook, "ListProjects", &reply, "");
        if (r < 0)
                return r;

        r = rows_enter(reply);
        while (r >= 0 && (r = project_read(reply, &row)) > 0) {
                r = add_stages(ctl, table, row.name);
                if (r < 0)
                        return r;
        }

        return r < 0 ? report_answer(ctl, &peer_webhook, r) : 0;
}

int verb_stages(Ctl *ctl, char *args[]) {
        _cleanup_(table_freep) Table *table = stage_table_new();
        int r;

        if (!table)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        r = args[0] ? add_stages(ctl, table, args[0]) : add_all_stages(ctl, table);
        return r < 0 ? r : table_show(table, ctl, "stages");
}
