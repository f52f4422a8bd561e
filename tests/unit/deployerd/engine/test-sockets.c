/* SPDX-License-Identifier: MIT */
/* Sockets of engines, as a process sees them that has no rights of root. */
#include "deployerd/engine/sockets.h"

#include <grp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "unit.h"

#define NOBODY       65534U
#define ENGINE_GROUP 61003U

typedef struct Fixture {
        char folder[64];
        char path[96];
} Fixture;

static int setup(void **state) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        Fixture *f = calloc(1, sizeof(*f));
        int fd;

        assert_non_null(f);
        (void) snprintf(f->folder, sizeof(f->folder), "/tmp/tinyforge-sockets.XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        (void) snprintf(f->path, sizeof(f->path), "%s/docker.sock", f->folder);
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->path);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_true(fd >= 0);
        assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof(address)), 0);
        assert_int_equal(close(fd), 0);
        assert_int_equal(chown(f->path, 0, ENGINE_GROUP), 0);
        assert_int_equal(chmod(f->path, 0660), 0);
        assert_int_equal(chmod(f->folder, 0755), 0);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        Fixture *f = *state;

        (void) unlink(f->path);
        (void) rmdir(f->folder);
        free(f);
        return 0;
}

/* What a stranger is told, who has that group besides (0: none): 2 usable, 1 there, 0 not there. */
static int seen_by_stranger(const char *path, gid_t group) {
        int status = 0;
        pid_t pid;

        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                bool usable = false;
                int r;

                if (setgroups(group > 0, &group) < 0 || setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
                        _exit(99);

                r = socket_probe(path, &usable);
                _exit(r > 0 ? 1 + usable : usable ? 98 : 0);
        }

        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void socket_is_usable_by_who_has_its_group(void **state) {
        Fixture *f = *state;

        assert_int_equal(seen_by_stranger(f->path, 0), 1);
        assert_int_equal(seen_by_stranger(f->path, ENGINE_GROUP), 2);
        assert_true(socket_is_there(f->path));
}

static void socket_behind_a_closed_door_is_there_and_not_usable(void **state) {
        Fixture *f = *state;

        assert_int_equal(chmod(f->path, 0666), 0);
        assert_int_equal(seen_by_stranger(f->path, 0), 2);
        assert_int_equal(chmod(f->folder, 0700), 0);
        assert_int_equal(seen_by_stranger(f->path, 0), 1);
}

static void socket_that_is_not_there_is_not_shown(void **state) {
        Fixture *f = *state;
        char path[128];

        (void) snprintf(path, sizeof(path), "%s/podman.sock", f->folder);
        assert_int_equal(seen_by_stranger(path, 0), 0);
        assert_false(socket_is_there(path));
        (void) snprintf(path, sizeof(path), "%s/x", f->path);
        assert_int_equal(seen_by_stranger(path, 0), 0);
}

static void usual_sockets_end_with_null(void **state) {
        (void) state;

        assert_string_equal(sockets_usual(0), "/run/docker.sock");
        assert_string_equal(sockets_usual(1), "/run/podman/podman.sock");
        assert_null(sockets_usual(2));
}

int main(void) {
        const bool is_root = geteuid() == 0;
        const struct CMUnitTest tests[] = {
                UNIT_TEST_IF_FULL(is_root, "needs root", socket_is_usable_by_who_has_its_group, setup,
                                  teardown),
                UNIT_TEST_IF_FULL(is_root, "needs root", socket_behind_a_closed_door_is_there_and_not_usable,
                                  setup, teardown),
                UNIT_TEST_IF_FULL(is_root, "needs root", socket_that_is_not_there_is_not_shown, setup,
                                  teardown),
                cmocka_unit_test(usual_sockets_end_with_null),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
