/* SPDX-License-Identifier: MIT */
/* stage set: what a stage is, and whether any push reaches it. webhookd checks it; here only words become values. */
#include "ctl/client.h"
#include "ctl/print/rows.h"
#include "ctl/report.h"
#include "ctl/verbs/verbs.h"
#include "shared/conf/conf.h"
#include "shared/conf/parse.h"
#include "shared/protocol.h"

typedef struct StageValues {
        bool auto_deploy;
        bool downgrade;
        unsigned max_instances;
} StageValues;

/* 0, or an exit code. */
static int parse_truth(const Ctl *ctl, const char *option, const char *text, bool *ret) {
        const char *expected = "";

        if (!text || conf_parse_bool(text, ret, &expected) >= 0)
                return 0;

        (void) ctl_fail(ctl, -EINVAL, "--%s= wants yes or no, not '%s'", option, text);
        return CTL_EXIT_USAGE;
}

/* 0, or an exit code. */
static int parse_values(const Ctl *ctl, StageValues *ret) {
        uint64_t max_instances = 0;
        int r;

        r = parse_truth(ctl, "auto-deploy", ctl->auto_deploy, &ret->auto_deploy);
        if (r == 0)
                r = parse_truth(ctl, "allow-downgrade", ctl->allow_downgrade, &ret->downgrade);
        if (r != 0)
                return r;

        if (ctl->max_instances && (parse_uint(ctl->max_instances, MAX_INSTANCES_LIMIT, &max_instances) < 0 ||
                                   max_instances == 0)) {
                (void) ctl_fail(ctl, -EINVAL, "--max-instances= wants a number from 1 to %u, not '%s'",
                                MAX_INSTANCES_LIMIT, ctl->max_instances);
                return CTL_EXIT_USAGE;
        }

        ret->max_instances = (unsigned) max_instances;
        return 0;
}

static int append_options(const Ctl *ctl, sd_bus_message *message, const StageValues *values) {
        int r;

        r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0 && ctl->pattern)
                r = sd_bus_message_append(message, "{sv}", OPTION_TAG_PATTERN, "s", ctl->pattern);
        if (r >= 0 && ctl->policy)
                r = sd_bus_message_append(message, "{sv}", OPTION_POLICY, "s", ctl->policy);
        if (r >= 0 && ctl->auto_deploy)
                r = sd_bus_message_append(message, "{sv}", OPTION_AUTO_DEPLOY, "b",
                                          (int) values->auto_deploy);
        if (r >= 0 && ctl->allow_downgrade)
                r = sd_bus_message_append(message, "{sv}", OPTION_ALLOW_DOWNGRADE, "b",
                                          (int) values->downgrade);
        if (r >= 0 && ctl->max_instances)
                r = sd_bus_message_append(message, "{sv}", OPTION_MAX_INSTANCES, "u", values->max_instances);
        if (r < 0)
                return r;

        return sd_bus_message_close_container(message);
}

static int call_set(Ctl *ctl, const char *project, const char *stage, const StageValues *values) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = client_begin(ctl, &peer_webhook, "SetStage", &message);
        if (r < 0)
                return r;

        r = sd_bus_message_append(message, "ss", project, stage);
        if (r >= 0)
                r = append_options(ctl, message, values);

        return client_send(ctl, &peer_webhook, message, r, NULL);
}

/* A stage that no push reaches: told now, since nothing else ever would. */
static void warn_of_shadow(const Ctl *ctl, const char *project, const StageRow *row) {
        if (isempty(row->shadowed_by))
                return;

        (void) ctl_fail(ctl, 0,
                        "No push reaches %s/%s: stage '%s' is asked first, and takes every tag of it",
                        project, row->name, row->shadowed_by);
        ctl_hint(ctl,
                 "Narrow that one, or remove it: tinyforgectl stage set %s %s --pattern=PATTERN; "
                 "tinyforgectl stage remove %s %s, with --stop where something runs",
                 project, row->shadowed_by, project, row->shadowed_by);
}

/* Also of the others: this one may take away what they had so far. */
static int show(Ctl *ctl, const char *project, const char *stage) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(table_freep) Table *table = stage_table_new();
        StageRow row;
        int r;

        if (!table)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        r = client_call(ctl, &peer_webhook, "DescribeStages", &reply, "s", project);
        if (r < 0)
                return r;

        r = rows_enter(reply);
        while (r >= 0 && (r = stage_read_full(reply, &row)) > 0) {
                if (streq(row.name, stage))
                        stage_table_add(table, project, &row);
                if (streq(row.name, stage) || streq(row.shadowed_by, stage))
                        warn_of_shadow(ctl, project, &row);
        }
        if (r < 0)
                return report_answer(ctl, &peer_webhook, r);

        return table_show(table, ctl, "stages");
}

int verb_stage_set(Ctl *ctl, char *args[]) {
        StageValues values = { .max_instances = 0 };
        int r;

        if (!ctl->pattern && !ctl->policy && !ctl->auto_deploy && !ctl->max_instances &&
            !ctl->allow_downgrade) {
                (void) ctl_fail(ctl, -EINVAL, "Say what to set: --pattern=, --policy=, …");
                ctl_hint(ctl, "See tinyforgectl stage set --help");
                return CTL_EXIT_USAGE;
        }

        r = parse_values(ctl, &values);
        if (r != 0)
                return r;

        r = call_set(ctl, args[0], args[1], &values);
        return r < 0 ? r : show(ctl, args[0], args[1]);
}
