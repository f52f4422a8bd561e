/* SPDX-License-Identifier: MIT */
/* projects and stages: what webhookd knows. */
#include "ctl/client.h"
#include "ctl/rows.h"
#include "ctl/verbs.h"
#include "shared/errors.h"
#include "shared/glob.h"

int verb_projects(Ctl *ctl, char *args[]) {
        static const Column columns[] = {
                { "NAME", "name", COLUMN_SHRINKS }, { "IMAGE", "image", COLUMN_SHRINKS },
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
                return client_report_answer(ctl, &peer_webhook, r);

        return table_show(table, ctl, "projects");
}

/* The patterns of the stages before the one at hand, in the order in which they are asked. */
typedef struct Earlier {
        const char *name;
        const char *pattern;
} Earlier;

/* The name of an earlier stage that takes every tag which `pattern` takes; NULL where none is known. */
static const char *shadowed_by(const Earlier *earlier, size_t n, const char *pattern) {
        for (size_t i = 0; i < n; i++)
                if (glob_covers(earlier[i].pattern, pattern))
                        return earlier[i].name;

        return NULL;
}

static int add_stages(Ctl *ctl, Table *table, const char *project) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_free_ Earlier *earlier = NULL;
        StageRow row;
        size_t n = 0;
        int r;

        r = client_call(ctl, &peer_webhook, "ListStages", &reply, "s", project);
        if (r < 0)
                return r;

        r = rows_enter(reply);
        while (r >= 0 && (r = stage_read(reply, &row)) > 0) {
                Earlier *grown = reallocarray(earlier, n + 1, sizeof(*earlier));

                if (!grown)
                        return ctl_fail(ctl, -ENOMEM, "Out of memory");
                earlier = grown;

                table_add_text(table, project);
                table_add_text(table, row.name);
                table_add_text(table, row.pattern);
                table_add_bool(table, row.auto_deploy);
                table_add_number(table, row.max_instances);
                table_add_text(table, shadowed_by(earlier, n, row.pattern));
                earlier[n++] = (Earlier){ .name = row.name, .pattern = row.pattern };
        }

        return r < 0 ? client_report_answer(ctl, &peer_webhook, r) : 0;
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

        return r < 0 ? client_report_answer(ctl, &peer_webhook, r) : 0;
}

int verb_stages(Ctl *ctl, char *args[]) {
        static const Column columns[] = {
                { "PROJECT", "project", COLUMN_SHRINKS },
                { "STAGE", "name", COLUMN_SHRINKS },
                { "PATTERN", "tag_pattern", COLUMN_SHRINKS },
                { "AUTO-DEPLOY", "auto_deploy", 0 },
                { "MAX-INSTANCES", "max_instances", COLUMN_RIGHT },
                { "SHADOWED-BY", "shadowed_by", COLUMN_SHRINKS | COLUMN_RARE },
        };
        _cleanup_(table_freep) Table *table = NULL;
        int r;

        table = table_new(columns, ELEMENTSOF(columns));
        if (!table)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        r = args[0] ? add_stages(ctl, table, args[0]) : add_all_stages(ctl, table);
        return r < 0 ? r : table_show(table, ctl, "stages");
}

int check_stage(Ctl *ctl, const char *project, const char *stage) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        sd_bus_error error = SD_BUS_ERROR_MAKE_CONST(ERROR_NO_SUCH_STAGE, "No such stage");
        StageRow row;
        int r;

        r = client_call(ctl, &peer_webhook, "ListStages", &reply, "s", project);
        if (r < 0 || !stage)
                return r < 0 ? r : 0;

        r = rows_enter(reply);
        while (r >= 0 && (r = stage_read(reply, &row)) > 0)
                if (streq(row.name, stage))
                        return 0;
        if (r < 0)
                return client_report_answer(ctl, &peer_webhook, r);

        return client_report(ctl, &peer_webhook, -ENXIO, &error);
}
