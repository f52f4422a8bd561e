/* SPDX-License-Identifier: MIT */
/* The last lines of a deploy, by journalctl: see last-lines.h. */
#include "ctl/verbs/last-lines.h"

#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <sys/wait.h>

#include "ctl/client.h"
#include "shared/conf/conf.h"

#define LINES_MAX "--lines=10"

/* As in logs: fields that anybody can send are never trusted alone, so that each match begins with who wrote the entry. */
static int add_words(char ***words, const DeployRow *row) {
        char webhook[96], deployer[96], deploy[64], tag[192];
        const char *const all[] = {
                "journalctl", "--quiet", "--no-pager",
                LINES_MAX,    webhook,   deployer,
                deploy,       "+",       "_SYSTEMD_UNIT=docker.service",
                tag,          "+",       "_COMM=conmon",
                "_UID=0",     tag,
        };
        int r = 0;

        (void) snprintf(webhook, sizeof(webhook), "_SYSTEMD_UNIT=%s", peer_webhook.unit);
        (void) snprintf(deployer, sizeof(deployer), "_SYSTEMD_UNIT=%s", peer_deployer.unit);
        (void) snprintf(deploy, sizeof(deploy), "TINYFORGE_DEPLOY=%" PRIu64, row->id);
        (void) snprintf(tag, sizeof(tag), "CONTAINER_TAG=%.64s-%.64s-%" PRIu64, row->project, row->stage,
                        row->id);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(all); i++)
                r = strv_add(words, all[i], strlen(all[i]));
        return r;
}

/* Starts it with its output in a pipe, and its complaints nowhere. */
static int spawn(char *const *words, pid_t *ret_pid, FILE **ret) {
        posix_spawn_file_actions_t actions;
        int r, fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;

        r = posix_spawn_file_actions_init(&actions);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        if (r == 0)
                r = posix_spawnp(ret_pid, words[0], &actions, NULL, words, environ);
        (void) posix_spawn_file_actions_destroy(&actions);
        (void) close(fds[1]);
        if (r == 0)
                *ret = fdopen(fds[0], "r");
        if (r != 0 || !*ret)
                (void) close(fds[0]);
        return -r;
}

static int read_lines(FILE *file, char ***lines) {
        _cleanup_free_ char *line = NULL;
        size_t size = 0;
        ssize_t n;
        int r = 0;

        while (r >= 0 && (n = getline(&line, &size, file)) > 0)
                r = strv_add(lines, line, (size_t) n - (line[n - 1] == '\n'));
        return r;
}

int last_lines_read(const Ctl *ctl, const DeployRow *row, char ***ret) {
        _cleanup_(strv_freep) char **words = NULL, **lines = NULL;
        FILE *file = NULL;
        pid_t pid = 0;
        int r;

        assert(ctl);
        assert(row);
        assert(ret);

        r = add_words(&words, row);
        if (r < 0)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        r = spawn(words, &pid, &file);
        if (r >= 0 && file) {
                r = read_lines(file, &lines);
                (void) fclose(file);
        }
        if (pid > 0)
                (void) waitpid(pid, NULL, 0);
        if (r == -ENOMEM)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        *ret = TAKE_PTR(lines);
        return 0;
}
