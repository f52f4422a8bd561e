/* SPDX-License-Identifier: MIT */
/* Commands before and after the switch: see commands.h. */
#include "deployerd/deploy/commands.h"

#include <stdio.h>

#include "deployerd/deploy/command-run.h"
#include "shared/conf/parse.h"
#include "shared/protocol.h"
#include "shared/time-util.h"
#include "shared/utf8.h"

static const DeployStep steps[] = {
        [COMMAND_PREDEPLOY] = DEPLOY_STEP_PREDEPLOY,
        [COMMAND_POSTDEPLOY] = DEPLOY_STEP_POSTDEPLOY,
        [COMMAND_JOB] = DEPLOY_STEP_RUN,
};
static_assert(ELEMENTSOF(steps) == _COMMAND_MAX, "each command has its step");

/* Whether the row is a command's, of the stage and of whoever the deploy may replace. */
static bool row_is_command(const Deploy *deploy, const ContainerRow *row) {
        const char *stage = container_row_label(row, LABEL_STAGE);

        return container_row_label(row, LABEL_COMMAND) && streq(strempty(stage), deploy->request->stage) &&
               (deploy->take_over ||
                streq(strempty(container_row_label(row, LABEL_STORE)), deploy->request->store));
}

/* The kind of what is this very deploy's, or -1. */
static int row_kind(const Deploy *deploy, const ContainerRow *row) {
        const char *word = strempty(container_row_label(row, LABEL_COMMAND));
        uint64_t number = 0;

        if (!streq(strempty(container_row_label(row, LABEL_STORE)), deploy->request->store) ||
            parse_uint(strempty(container_row_label(row, LABEL_DEPLOY)), UINT64_MAX, &number) < 0 ||
            number != deploy->request->deploy_id)
                return -1;

        for (CommandKind kind = 0; kind < _COMMAND_MAX; kind++)
                if (streq(word, command_kind_to_string(kind)))
                        return (int) kind;

        return -1;
}

/* A job of another deploy that is over keeps its lines, until the next one has some. */
static bool row_is_of_the_last_job(const Deploy *deploy, const ContainerRow *row) {
        return row_kind(deploy, row) < 0 && !streq(row->state, "running") &&
               streq(strempty(container_row_label(row, LABEL_COMMAND)), command_kind_to_string(COMMAND_JOB));
}

/* Where the switch is not over, what was to be run after it was made for an attempt that died. */
static int settle_row(Deploy *deploy, const ContainerRow *row, bool switched) {
        int r, kind = row_kind(deploy, row);

        deploy->has_commands = true;
        if (row_is_of_the_last_job(deploy, row))
                return 0;
        if (kind >= 0 && (switched || (kind != COMMAND_POSTDEPLOY && !deploy->request->undo))) {
                free(deploy->commands[kind]);
                deploy->commands[kind] = strdup(row->id);
                return deploy->commands[kind] ? 0 : -ENOMEM;
        }

        r = command_remove(deploy->engine, row->id, deploy->config->stop_grace_usec);
        if (r >= 0)
                worker_log(deploy->worker, LOG_INFO, "%s of an earlier deploy is removed", row->name);
        return r;
}

int commands_settle(Deploy *deploy, bool switched) {
        int r = 0;

        assert(deploy);

        for (size_t i = 0; r >= 0 && i < deploy->rows.n; i++)
                if (row_is_command(deploy, &deploy->rows.rows[i]))
                        r = settle_row(deploy, &deploy->rows.rows[i], switched);

        return r;
}

static bool row_is_kept(const Deploy *deploy, const ContainerRow *row, CommandsKept kept) {
        int kind = row_kind(deploy, row);

        if (!row_is_command(deploy, row))
                return true;
        if (kept == COMMANDS_NONE || kept == COMMANDS_OWN)
                return kept == COMMANDS_OWN && kind >= 0;
        if (kind < 0)
                return true;

        return kept == COMMANDS_DONE &&
               ((kind == COMMAND_PREDEPLOY && deploy->is_prepared) || kind == COMMAND_JOB);
}

int commands_remove(Deploy *deploy, CommandsKept kept) {
        _cleanup_(container_list_done) ContainerList rows = { .n = 0 };
        int r, ret = 0;

        assert(deploy);

        if (!deploy->has_commands)
                return 0;

        r = instance_list_rows(deploy->engine, deploy->request->project, deploy->request->stage, &rows);
        if (r < 0)
                return r;

        for (size_t i = 0; i < rows.n; i++) {
                if (row_is_kept(deploy, &rows.rows[i], kept))
                        continue;

                r = command_remove(deploy->engine, rows.rows[i].id, deploy->config->stop_grace_usec);
                if (r < 0 && ret == 0)
                        ret = r;
                if (r < 0)
                        worker_log(deploy->worker, LOG_WARNING, "%s stays behind: %s", rows.rows[i].name,
                                   worker_error(deploy->worker));
        }

        return ret;
}

static bool is_wanted(const Deploy *deploy, CommandKind kind) {
        const ProjectCommand *command = command_of(&deploy->project, kind);

        return command->words && (!deploy->request->rollback || command->on_rollback);
}

/* What an earlier attempt has left of it is of use where it was started for this image, and did not fail: 1; 0: it is gone. */
static int find_begun(Deploy *deploy, CommandKind kind, bool *ret_well) {
        _cleanup_(container_done) Container container = { .json = NULL };
        const char *id = deploy->commands[kind];
        int r;

        if (!id)
                return 0;

        r = engine_container_inspect(deploy->engine, id, &container);
        if (r <= 0)
                return r;

        *ret_well = !container.running && container.exit_code == 0 && !container.oom_killed;
        if (container.started_at > 0 && (container.running || *ret_well) &&
            streq(strempty(container_label(&container, LABEL_DIGEST)), deploy->image->digest))
                return 1;

        return command_remove(deploy->engine, id, deploy->config->stop_grace_usec);
}

static int run_counted(Deploy *deploy, CommandKind kind, const char *phase,
                       char ret[static COMMAND_TOLD_SIZE]) {
        uint64_t begun_at = now_usec(CLOCK_MONOTONIC);
        char detail[COMMAND_NAME_SIZE];
        int r;

        (void) snprintf(detail, sizeof(detail), "%s.%s", deploy->name, command_kind_to_string(kind));
        worker_progress(deploy->worker, phase, detail);
        r = command_run(deploy, kind, deploy->commands[kind], ret);
        deploy_count(deploy, steps[kind], begun_at);
        return r;
}

static int make(Deploy *deploy, CommandKind kind) {
        free(deploy->commands[kind]);
        deploy->commands[kind] = NULL;
        deploy->has_commands = true;
        return command_create(deploy, kind, &deploy->commands[kind]);
}

static int run_before(Deploy *deploy) {
        char told[COMMAND_TOLD_SIZE];
        bool well = false;
        int r;

        r = find_begun(deploy, COMMAND_PREDEPLOY, &well);
        if (r > 0 && well) {
                worker_log(deploy->worker, LOG_NOTICE,
                           "%s has ended well in an earlier attempt, and is not run again",
                           command_kind_to_string(COMMAND_PREDEPLOY));
                return 0;
        }
        if (r == 0)
                r = make(deploy, COMMAND_PREDEPLOY);

        return r < 0 ? r : run_counted(deploy, COMMAND_PREDEPLOY, PHASE_PREDEPLOY, told);
}

int commands_before(Deploy *deploy) {
        int r = 0;

        assert(deploy);

        for (CommandKind kind = 0; kind < _COMMAND_MAX; kind++)
                if (command_of(&deploy->project, kind)->words && !is_wanted(deploy, kind))
                        worker_log(deploy->worker, LOG_NOTICE,
                                   "%s is not run, since the deploy goes back to an earlier version",
                                   command_kind_to_string(kind));

        if (is_wanted(deploy, COMMAND_PREDEPLOY)) {
                r = run_before(deploy);
                deploy->is_prepared = r >= 0;
        }
        if (r >= 0)
                r = deploy_check_cancelled(deploy);
        if (r >= 0 && is_wanted(deploy, COMMAND_POSTDEPLOY))
                r = make(deploy, COMMAND_POSTDEPLOY);
        return r;
}

int commands_after(Deploy *deploy, char *ret, size_t size) {
        char reason[REASON_MAX], told[COMMAND_TOLD_SIZE];
        int r;

        assert(deploy);
        assert(ret && size > 0);

        ret[0] = '\0';
        if (!deploy->commands[COMMAND_POSTDEPLOY])
                return 0;

        r = run_counted(deploy, COMMAND_POSTDEPLOY, PHASE_POSTDEPLOY, told);
        if (r >= 0 || r == -EINTR || r == -EIO || r == -ECONNREFUSED || r == -ENOMEM)
                return r;

        (void) snprintf(reason, sizeof(reason), "%s", worker_error(deploy->worker));
        worker_progress(deploy->worker, PHASE_POSTDEPLOY_FAILED, reason);
        (void) snprintf(ret, size, "; %.*s", utf8_cut(reason, size - 3), reason);
        return 0;
}

/* That the last one cannot be removed is no reason not to run this one. */
static void remove_the_last_jobs(Deploy *deploy) {
        if (commands_remove(deploy, COMMANDS_OWN) < 0)
                worker_log(deploy->worker, LOG_WARNING, "The last job's container stays: %s",
                           worker_error(deploy->worker));
}

int commands_run_job(Deploy *deploy, char ret[static COMMAND_TOLD_SIZE]) {
        bool well = false;
        int r;

        assert(deploy);

        r = find_begun(deploy, COMMAND_JOB, &well);
        if (r == 0)
                r = make(deploy, COMMAND_JOB);
        if (r < 0)
                return r;

        remove_the_last_jobs(deploy);
        r = deploy_check_cancelled(deploy);
        return r < 0 ? r : run_counted(deploy, COMMAND_JOB, PHASE_RUN, ret);
}
