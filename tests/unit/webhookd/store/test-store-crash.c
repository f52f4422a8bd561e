/* SPDX-License-Identifier: MIT */
/*
 * A process that is killed at any moment: what it had reported as accepted is in the store afterwards. This is
 * the death of the process, not of the machine; for that there is synchronous=FULL.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "store-fixture.h"

#define ROUNDS     30U
#define TIMEOUT_MS 20000

/* A round has fewer rows of each stage than are kept, so that nothing reported is forgotten by rule. */
#define N_STAGES 14U
#define ROWS_MAX 190U
static_assert(N_STAGES <= STAGES_MAX, "they are of one project");
static_assert((ROWS_MAX + 6) / N_STAGES < PUT_ASIDE_KEPT, "a round has fewer rows of a stage than are kept");

/* In the child: accepts one request after the other, some alone, some in groups, and reports what is on disk. */
static void accept_until_killed(const char *path, const int64_t *stages, int fd) {
        uint64_t ids[7];
        Store *store = NULL;

        if (store_open(path, &store) < 0)
                _exit(1);

        for (unsigned n = 0; n < ROWS_MAX;) {
                unsigned group = n % ELEMENTSOF(ids) + 1;

                if (store_begin(store) < 0)
                        _exit(2);
                for (unsigned i = 0; i < group; i++) {
                        _cleanup_(enqueue_result_done) EnqueueResult result = { 0 };
                        char image[64];
                        Enqueue push;

                        (void) snprintf(image, sizeof(image), APP ":%u", n + i);
                        push = push_of(stages[(n + i) % N_STAGES], image);
                        if (store_enqueue(store, &push, &result) < 0)
                                _exit(3);
                        ids[i] = result.deploy_id;
                }
                if (store_commit(store) < 0)
                        _exit(4);
                if (write(fd, ids, group * sizeof(ids[0])) != (ssize_t) (group * sizeof(ids[0])))
                        _exit(5);
                n += group;
        }
        _exit(0);
}

/* Reads one reported id, or returns false at the end. */
static bool next_id(int fd, uint64_t *ret) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        assert_int_equal(poll(&p, 1, TIMEOUT_MS), 1);
        return read(fd, ret, sizeof(*ret)) == sizeof(*ret);
}

/* Lets a child accept, kills it when it has reported `wanted` ids and `spins` steps later; all it reported. */
static size_t accept_and_kill(const Fixture *f, const int64_t *stages, size_t wanted, unsigned spins,
                              uint64_t *ids) {
        _cleanup_close_ int reader = -EBADF;
        volatile unsigned step = 0;
        size_t n = 0;
        int fds[2], status;
        pid_t pid;

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        reader = fds[0];
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                accept_until_killed(f->path, stages, fds[1]);
        assert_int_equal(close(fds[1]), 0);

        while (n < wanted && next_id(reader, &ids[n]))
                n++;
        while (step < spins)
                step++;
        assert_int_equal(kill(pid, SIGKILL), 0);
        /* What it wrote before it died is a promise, too. */
        while (n < ROWS_MAX + 7 && next_id(reader, &ids[n]))
                n++;

        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
        return n;
}

static void what_was_reported_survives_the_death_of_the_process(void **state) {
        Fixture *f = *state;
        int64_t stages[N_STAGES];
        unsigned n_killed = 0;

        for (unsigned i = 0; i < N_STAGES; i++) {
                char name[16];

                (void) snprintf(name, sizeof(name), "s%u", i);
                stages[i] = make_stage(f->store, f->project, name);
        }

        srandom(20240229);
        for (unsigned round = 0; round < ROUNDS; round++) {
                uint64_t ids[ROWS_MAX + 8];
                size_t n;

                f->store = store_free(f->store);
                n = accept_and_kill(f, stages, (size_t) random() % 150, (unsigned) random() % 200000, ids);
                n_killed += n < ROWS_MAX;

                /* No lock of the dead is left, and the log is read back. */
                reopen(f);
                for (size_t i = 0; i < n; i++)
                        assert_true(state_of(f->store, ids[i]) == DEPLOY_SUPERSEDED || i + N_STAGES >= n);
        }
        assert_true(n_killed > ROUNDS / 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(what_was_reported_survives_the_death_of_the_process),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
