/* SPDX-License-Identifier: MIT */
/*
 * cat-config: what is in force, and which line says so. The daemons' own programs are asked, since only they know their keys;
 * they read the files as they would at their start, and complain of them in the same words.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>

#include "config.h"
#include "ctl/print/table.h"
#include "ctl/verbs/verbs.h"
#include "shared/json.h"

/* A value has one line of a file, and is written with escapes; there are a few dozen keys and a few hundred files. */
#define LINE_SIZE_MAX (64U * 1024U)
#define LINES_MAX     16384U

static const char *const daemons[] = { "tinyforge-webhookd", "tinyforge-deployerd" };

static const Column columns[] = {
        { "DAEMON", "daemon", 0 },
        { NULL, "section", 0 },
        { "KEY", "key", 0 },
        { "VALUE", "value", COLUMN_SHRINKS },
        { "FROM", NULL, COLUMN_SHRINKS | COLUMN_TAIL },
        { NULL, "path", 0 },
        { NULL, "line", 0 },
};

/* What no patterns mean. */
static const char *shown_value(const char *daemon, const char *key, const char *value) {
        if (!isempty(value))
                return value;
        if (streq(key, "AllowImages"))
                return "any image";
        if (streq(key, "AutoCreateImages"))
                return streq(daemon, daemons[0]) ? "any image" : "as AllowImages=";

        return NULL;
}

static int add_line(Table *table, const char *daemon, const char *text) {
        _cleanup_(json_freep) json_t *line = NULL;
        _cleanup_free_ char *from = NULL;
        const char *path, *key;
        JsonError error;
        int64_t number;
        int r;

        r = json_decode(text, strlen(text), &line, &error);
        if (r < 0)
                return r;

        key = json_get_string(line, "key");
        path = json_get_string(line, "path");
        number = json_get_int(line, "line", 0);
        if (!key || number < 0)
                return -EBADMSG;
        if (path && asprintf(&from, "%s:%lld", path, (long long) number) < 0) {
                from = NULL;
                return -ENOMEM;
        }

        table_add_text(table, daemon);
        table_add_text(table, json_get_string(line, "section"));
        table_add_text(table, key);
        table_add_short(table, json_get_string(line, "value"),
                        shown_value(daemon, key, json_get_string(line, "value")));
        table_add_text(table, from ? from : "default");
        table_add_text(table, path);
        table_add_optional(table, (uint64_t) number);
        return table_error(table);
}

static int read_lines(FILE *file, Table *table, const char *daemon) {
        _cleanup_free_ char *line = malloc(LINE_SIZE_MAX);
        unsigned n = 0;
        int r;

        if (!line)
                return -ENOMEM;

        while (fgets(line, LINE_SIZE_MAX, file)) {
                char *end = strchr(line, '\n');

                if (!end || ++n > LINES_MAX)
                        return -EBADMSG;

                *end = '\0';
                r = add_line(table, daemon, line);
                if (r < 0)
                        return r;
        }

        return ferror(file) ? -EIO : 0;
}

/* Starts the program with its output in a pipe; its errors go where ours go. */
static int start(const char *path, pid_t *ret_pid, FILE **ret) {
        char option[] = "--print-config", *name = strdupa(path), *argv[] = { name, option, NULL };
        _cleanup_close_ int reader = -1, writer = -1;
        posix_spawn_file_actions_t actions;
        FILE *file;
        int r, fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        reader = fds[0];
        writer = fds[1];

        file = fdopen(reader, "re");
        if (!file)
                return -errno;
        (void) TAKE_FD(reader);

        r = posix_spawn_file_actions_init(&actions);
        if (r == 0) {
                r = posix_spawn_file_actions_adddup2(&actions, writer, STDOUT_FILENO);
                if (r == 0)
                        r = posix_spawn(ret_pid, path, &actions, NULL, argv, environ);
                (void) posix_spawn_file_actions_destroy(&actions);
        }
        if (r > 0) {
                (void) fclose(file);
                return -r;
        }

        *ret = file;
        return 0;
}

/* Whether the program said that all is well; it has told what is not. */
static bool finish(pid_t pid) {
        int status = 0;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return false;

        return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

/* 0, or a fault, reported. */
static int ask(const Ctl *ctl, Table *table, const char *daemon) {
        /* The tests' programs are not installed. */
        const char *directory = secure_getenv("TINYFORGE_LIBEXEC_DIR");
        _cleanup_free_ char *path = NULL;
        FILE *file = NULL;
        pid_t pid = 0;
        int r;

        if (asprintf(&path, "%s/%s", directory ? directory : LIBEXEC_DIR, daemon) < 0) {
                path = NULL;
                return ctl_fail(ctl, -ENOMEM, "Out of memory");
        }

        r = start(path, &pid, &file);
        if (r < 0)
                return ctl_fail(ctl, r, "Cannot run %s: %m", path);

        r = read_lines(file, table, daemon);
        (void) fclose(file);
        if (!finish(pid)) {
                if (geteuid() != 0) {
                        (void) ctl_fail(ctl, -EACCES, "This user cannot read the configuration of %s",
                                        daemon);
                        ctl_hint(ctl, "Its files are for root to read: sudo tinyforgectl cat-config");
                } else {
                        (void) ctl_fail(ctl, -EIO, "%s would not start with this configuration", daemon);
                        ctl_hint(ctl,
                                 "Mend what is named above, and look again with: tinyforgectl cat-config");
                }
                return -EIO;
        }

        return r < 0 ? ctl_fail(ctl, r, "The answer of %s cannot be read: %m", path) : 0;
}

int verb_cat_config(Ctl *ctl, char *args[]) {
        _cleanup_(table_freep) Table *table = NULL;
        bool complete = true;
        int r;

        (void) args;

        table = table_new(columns, ELEMENTSOF(columns));
        if (!table)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        for (size_t i = 0; i < ELEMENTSOF(daemons); i++)
                complete &= ask(ctl, table, daemons[i]) >= 0;

        r = table_show(table, ctl, "settings");
        return r < 0 ? r : complete ? 0 : CTL_EXIT_FAILURE;
}
