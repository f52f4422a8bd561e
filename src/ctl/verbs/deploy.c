/* SPDX-License-Identifier: MIT */
/* deploys, deploy, restart, promote and rollback: the queue, and a new row in it. */
#include <inttypes.h>

#include "ctl/client.h"
#include "ctl/print/deploy-table.h"
#include "ctl/report.h"
#include "ctl/terminal.h"
#include "ctl/verbs/find.h"
#include "ctl/verbs/outcome.h"
#include "ctl/verbs/verbs.h"
#include "shared/protocol.h"

/* Rows that are listed where nobody says how many. */
#define LIMIT_DEFAULT 20U

int verb_deploys(Ctl *ctl, char *args[]) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *project = args[0], *stage = project ? args[1] : NULL;
        _cleanup_(table_freep) Table *table = NULL;
        int r;

        table = deploy_table_new();
        if (!table)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        r = client_call(ctl, &peer_webhook, "DescribeDeploys", &reply, "ssu", strempty(project),
                        strempty(stage), ctl->limit > 0 ? ctl->limit : LIMIT_DEFAULT);
        if (r < 0)
                return r;

        r = rows_enter(reply);
        if (r >= 0)
                r = deploy_table_add_all(table, reply);
        if (r < 0)
                return report_answer(ctl, &peer_webhook, r);

        /* No rows: because nothing was deployed yet, or because there is no such thing? */
        if (table_n_rows(table) == 0 && project) {
                r = find_stage(ctl, project, stage);
                if (r < 0)
                        return r;
        }

        r = table_show(table, ctl, "deploys");
        if (r >= 0 && !ctl->json && table_is_cut(table, ctl->legend, terminal_width(ctl->screen)))
                ctl_hint(ctl, "To see what is cut here: tinyforgectl describe ID");
        return r;
}

/* The id in the answer of a method that queues a deploy. */
static int read_id(Ctl *ctl, sd_bus_message *reply, uint64_t *ret) {
        int r;

        r = sd_bus_message_read(reply, "t", ret);
        if (r >= 0 && *ret == 0)
                r = -EBADMSG;

        return r < 0 ? report_answer(ctl, &peer_webhook, r) : 0;
}

/* A call that queues a deploy, and is answered with its id. */
typedef int (*DeployFunction)(Ctl *ctl, char *args[], sd_bus_message **ret_reply);

/* Says to people what is deployed, before it is waited for. */
typedef int (*ShowFunction)(Ctl *ctl, uint64_t id, const char *project, const char *stage);

/* Asks for a deploy to `stage`, says what it is (`show` is NULL: nothing), and waits for its outcome. */
static int deploy_by(Ctl *ctl, DeployFunction call, ShowFunction show, char *args[], const char *stage) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(wait_freep) Wait *wait = NULL;
        uint64_t id;
        int r;

        r = wait_new(ctl, &wait);
        if (r < 0)
                return r;

        r = call(ctl, args, &reply);
        if (r >= 0)
                r = read_id(ctl, reply, &id);
        if (r >= 0 && show && !ctl->json)
                r = show(ctl, id, args[0], stage);

        return r < 0 ? r : outcome_await(wait, id, args[0], stage, GOAL_RUNS);
}

static int call_deploy(Ctl *ctl, char *args[], sd_bus_message **ret_reply) {
        if (!ctl->force && !ctl->local)
                return client_call(ctl, &peer_webhook, "Deploy", ret_reply, "sss", args[0], args[1],
                                   strempty(args[2]));

        return client_call(ctl, &peer_webhook, "DeployWithOptions", ret_reply, "sssa{sv}", args[0], args[1],
                           strempty(args[2]), (int) ctl->force + (int) ctl->local,
                           ctl->force ? OPTION_FORCE : OPTION_LOCAL, "b", 1, OPTION_LOCAL, "b", 1);
}

static int call_restart(Ctl *ctl, char *args[], sd_bus_message **ret_reply) {
        return client_call(ctl, &peer_webhook, "Restart", ret_reply, "ss", args[0], args[1]);
}

static int call_promote(Ctl *ctl, char *args[], sd_bus_message **ret_reply) {
        return client_call(ctl, &peer_webhook, "Promote", ret_reply, "sss", args[0], args[1], args[2]);
}

int verb_deploy(Ctl *ctl, char *args[]) {
        return deploy_by(ctl, call_deploy, NULL, args, args[1]);
}

int verb_restart(Ctl *ctl, char *args[]) {
        return deploy_by(ctl, call_restart, NULL, args, args[1]);
}

int verb_promote(Ctl *ctl, char *args[]) {
        return deploy_by(ctl, call_promote, NULL, args, args[2]);
}

static int call_rollback(Ctl *ctl, char *args[], sd_bus_message **ret_reply) {
        if (!ctl->hold)
                return client_call(ctl, &peer_webhook, "Rollback", ret_reply, "ss", args[0], args[1]);

        return client_call(ctl, &peer_webhook, "RollbackWithOptions", ret_reply, "ssa{sv}", args[0], args[1],
                           1, "Hold", "b", 1);
}

/* What the stage goes back to; programs read it in the row of the deploy. */
static int show_target(Ctl *ctl, uint64_t id, const char *project, const char *stage) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *list = NULL;
        DeployRow row = { .id = 0 };
        int r;

        r = find_deploy(ctl, id, project, stage, &list, &row);
        if (r < 0)
                return r;

        ctl_print(ctl, "Deploy %" PRIu64 ": %s/%s goes back to %s", id, row.project, row.stage, row.image);
        ctl_flush(ctl);
        if (ctl->hold)
                ctl_hint(ctl, "auto_deploy is off now. What is pushed waits for: tinyforgectl deploy %s %s",
                         row.project, row.stage);
        return 0;
}

int verb_rollback(Ctl *ctl, char *args[]) {
        return deploy_by(ctl, call_rollback, show_target, args, args[1]);
}
