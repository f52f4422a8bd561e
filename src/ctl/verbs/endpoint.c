/* SPDX-License-Identifier: MIT */
/* endpoint: where a stage answers now, and all that it publishes. The port moves at every deploy and restart, so it is read from the engine. */
#include <inttypes.h>

#include "ctl/client.h"
#include "ctl/print/instance-table.h"
#include "ctl/report.h"
#include "ctl/verbs/find.h"
#include "ctl/verbs/verbs.h"
#include "shared/protocol.h"

typedef struct Found {
        size_t n_running;
        size_t n_published;
} Found;

/* Newest first, as the deployer lists them; only what runs. */
static int add_instances(Ctl *ctl, sd_bus_message *reply, Table *table, Found *ret) {
        Found found = { 0 };
        InstanceRow row;
        int r;

        r = rows_enter(reply);
        while (r >= 0 && (r = instance_read(reply, &row)) > 0) {
                if (!streq(row.state, "running") || instance_name_is_pending(row.name))
                        continue;

                found.n_running++;
                found.n_published += !isempty(row.endpoint);
                instance_table_add(table, &row, /* origin= */ NULL);
                if (!ctl->json && !isempty(row.endpoint))
                        ctl_print(ctl, "%s", row.endpoint);
        }
        if (r < 0)
                return report_answer(ctl, &peer_deployer, r);

        *ret = found;
        return 0;
}

/* Of each instance the one place that counts. */
static int show_main(Ctl *ctl, char *args[]) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(table_freep) Table *table = NULL;
        Found found = { 0 };
        int r;

        table = instance_table_new(false);
        if (!table)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        r = client_call(ctl, &peer_deployer, "ListInstances", &reply, "ss", args[0], args[1]);
        if (r >= 0)
                r = add_instances(ctl, reply, table, &found);
        if (r < 0)
                return r;

        /* Nothing runs: because of what happened to it, or because there is no such stage? */
        if (found.n_running == 0) {
                r = find_stage(ctl, args[0], args[1]);
                if (r < 0)
                        return r;
        }

        if (ctl->json) {
                r = table_show(table, ctl, "instances");
                if (r < 0)
                        return r;
        } else if (found.n_running == 0) {
                (void) ctl_fail(ctl, 0, "Nothing of %s/%s runs", args[0], args[1]);
                ctl_hint(ctl, "What was deployed so far is listed by: tinyforgectl deploys %s %s", args[0],
                         args[1]);
        } else if (found.n_published == 0) {
                (void) ctl_fail(ctl, 0, "%s/%s runs, and publishes no port", args[0], args[1]);
                ctl_hint(ctl,
                         "One that the image does not EXPOSE is said by: tinyforgectl project set %s --port=PORT",
                         args[0]);
        }

        return found.n_published > 0 ? 0 : CTL_EXIT_FAILURE;
}

static Table *endpoint_table_new(void) {
        static const Column columns[] = {
                { NULL, "project", 0 },
                { NULL, "stage", 0 },
                { "DEPLOY", "deploy", COLUMN_RIGHT },
                { "PORT", "port", COLUMN_RIGHT },
                { "PROTOCOL", "protocol", 0 },
                { "ENDPOINT", "endpoint", 0 },
                { "NOTE", NULL, COLUMN_RARE },
                { NULL, "is_project_port", 0 },
                { NULL, "container", 0 },
                { NULL, "name", 0 },
        };

        return table_new(columns, ELEMENTSOF(columns));
}

static void endpoint_table_add(Table *table, const EndpointRow *row) {
        table_add_text(table, row->project);
        table_add_text(table, row->stage);
        table_add_number(table, row->deploy);
        table_add_number(table, row->port);
        table_add_text(table, row->protocol);
        table_add_text(table, row->endpoint);
        table_add_text(table, row->is_project_port ? "the project's port" : "");
        table_add_bool(table, row->is_project_port);
        table_add_text(table, row->container);
        table_add_text(table, row->name);
}

static int show_all(Ctl *ctl, char *args[]) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(table_freep) Table *table = NULL;
        EndpointRow row;
        int r;

        table = endpoint_table_new();
        if (!table)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        r = client_call(ctl, &peer_deployer, "ListEndpoints", &reply, "ss", args[0], args[1]);
        if (r < 0)
                return r;

        r = rows_enter(reply);
        while (r >= 0 && (r = endpoint_read(reply, &row)) > 0)
                endpoint_table_add(table, &row);
        if (r < 0)
                return report_answer(ctl, &peer_deployer, r);

        if (table_n_rows(table) > 0)
                return table_show(table, ctl, "endpoints");

        r = find_stage(ctl, args[0], args[1]);
        if (r >= 0 && ctl->json)
                r = table_show(table, ctl, "endpoints");
        else if (r >= 0) {
                (void) ctl_fail(ctl, 0, "Nothing of %s/%s runs and publishes a port", args[0], args[1]);
                ctl_hint(ctl, "To see what runs where: tinyforgectl status");
        }
        return r < 0 ? r : CTL_EXIT_FAILURE;
}

int verb_endpoint(Ctl *ctl, char *args[]) {
        return ctl->all ? show_all(ctl, args) : show_main(ctl, args);
}
