/* SPDX-License-Identifier: MIT */
/*
 * A disk without space: nothing is accepted, nothing is lost, and when there is space again the store goes
 * on. The disk ends at a limit of the process on the size of files, which needs no root; where a mount
 * namespace can be had there is a tmpfs that is full as well.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "store-fixture.h"

/* No file can be longer than this; longer writes fail as on a disk that is full. */
static void set_disk(rlim_t size) {
        struct rlimit limit;

        assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
        limit.rlim_cur = size;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void free_disk(void) {
        struct rlimit limit;

        assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
        limit.rlim_cur = limit.rlim_max;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int space_teardown(void **state) {
        free_disk();
        return fixture_teardown(state);
}

static off_t size_of(const char *path) {
        struct stat st;

        assert_int_equal(stat(path, &st), 0);
        return st.st_size;
}

static void full_disk_accepts_nothing_and_loses_nothing(void **state) {
        EnqueueResult result;
        RequeueVerdict verdict;
        Fixture *f = *state;
        uint64_t before = push_new(f->store, f->dev, APP ":1", 0), generation;
        Enqueue push = push_of(f->dev, APP ":2");
        int64_t id;

        set_disk(0);
        assert_int_equal(store_probe(f->store), -ENOSPC);
        assert_int_equal(store_enqueue(f->store, &push, &result), -ENOSPC);
        assert_non_null(strstr(store_error(f->store), "too large"));
        assert_int_equal(store_start_deploy(f->store, before), -ENOSPC);
        assert_int_equal(store_set_secret(f->store, "11111111-1111-4111-8111-111111111111", &generation),
                         -ENOSPC);
        assert_int_equal(
                        store_create_project(f->store,
                                             &(Project){ .name = (char[]){ "b" }, .image = (char[]){ "b" } },
                                             &id),
                        -ENOSPC);
        /* Reading goes on. */
        assert_int_equal(state_of(f->store, before), DEPLOY_QUEUED);
        assert_int_equal(count_of(f->store, DEPLOY_QUEUED), 1);

        free_disk();
        assert_int_equal(store_probe(f->store), 0);
        assert_int_equal(store_start_deploy(f->store, before), 1);
        set_disk(0);
        assert_int_equal(store_finish_deploy(f->store, before, DEPLOY_SUCCEEDED, "", &(uint64_t){ 0 }),
                         -ENOSPC);
        assert_int_equal(store_requeue_deploy(f->store, before, &(Requeue){ .reason = "" }, &verdict,
                                              &(uint64_t){ 0 }),
                         -ENOSPC);
        assert_int_equal(state_of(f->store, before), DEPLOY_RUNNING);
        free_disk();
        assert_int_equal(store_finish_deploy(f->store, before, DEPLOY_SUCCEEDED, "", &(uint64_t){ 0 }), 1);
        assert_true(enqueue(f->store, &push, ENQUEUE_NEW, 0) > before);
        reopen(f);
        assert_int_equal(state_of(f->store, before), DEPLOY_SUCCEEDED);
        assert_int_equal(count_of(f->store, DEPLOY_QUEUED), 1);
}

static void turn_that_finds_the_disk_full_at_its_end_leaves_nothing(void **state) {
        Fixture *f = *state;
        uint64_t first = push_new(f->store, f->dev, APP ":1", 0);

        assert_int_equal(store_begin(f->store), 0);
        assert_int_equal(store_mark(f->store), 0);
        (void) push_new(f->store, f->dev, APP ":2", 1);
        assert_int_equal(store_keep(f->store), 0);
        (void) push_new(f->store, f->prod, APP ":2", 0);
        set_disk(0);
        assert_int_equal(store_commit(f->store), -ENOSPC);
        assert_false(store_is_open(f->store));
        assert_int_equal(state_of(f->store, first), DEPLOY_QUEUED);
        assert_int_equal(count_of(f->store, DEPLOY_QUEUED), 1);

        free_disk();
        reopen(f);
        assert_int_equal(state_of(f->store, first), DEPLOY_QUEUED);
        assert_int_equal(count_of(f->store, DEPLOY_QUEUED), 1);
        assert_int_equal(store_begin(f->store), 0);
        (void) push_new(f->store, f->dev, APP ":2", 1);
        assert_int_equal(store_commit(f->store), 0);
}

/* Lets the database have no page more than it has, and makes a row that needs one. */
static void lose_turn(Fixture *f) {
        char sql[64], text[900];
        int64_t pages = 0;
        int r = 0;

        assert_int_equal(store_read_number(f->store, "PRAGMA page_count", NO_VALUES, &pages), 1);
        (void) snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %" PRIi64, pages);
        assert_int_equal(store_execute(f->store, sql), 0);

        memset(text, 'x', sizeof(text));
        for (int i = 0; i < 100 && r >= 0; i++) {
                int64_t id;

                (void) snprintf(text + sizeof(text) - 8, 8, "%i", i);
                r = store_create_project(f->store,
                                         &(Project){ .name = text + sizeof(text) - 8, .image = text }, &id);
        }
        assert_int_equal(r, -ENOSPC);
}

static void assert_turns_work_again(Fixture *f) {
        uint64_t id;

        assert_int_equal(store_execute(f->store, "PRAGMA max_page_count = 100000"), 0);
        assert_int_equal(store_begin(f->store), 0);
        id = push_new(f->store, f->prod, APP ":9", 0);
        assert_int_equal(store_commit(f->store), 0);
        reopen(f);
        assert_int_equal(state_of(f->store, id), DEPLOY_QUEUED);
}

static void turn_that_sqlite_rolled_back_is_not_open_and_not_committed(void **state) {
        Fixture *f = *state;

        assert_int_equal(store_begin(f->store), 0);
        (void) push_new(f->store, f->dev, APP ":1", 0);
        lose_turn(f);
        assert_false(store_is_open(f->store));
        assert_int_equal(store_undo(f->store), -EIO);
        assert_int_equal(store_commit(f->store), -EIO);
        assert_int_equal(count_of(f->store, DEPLOY_QUEUED), 0);
        assert_turns_work_again(f);
}

static void turn_that_was_lost_stays_lost_when_a_later_request_begins(void **state) {
        Fixture *f = *state;

        assert_int_equal(store_begin(f->store), 0);
        (void) push_new(f->store, f->dev, APP ":1", 0);
        lose_turn(f);

        /* The next request of the same turn does not know. What came before it was promised, too. */
        assert_int_equal(store_begin(f->store), 0);
        assert_int_equal(store_begin(f->store), 0);
        assert_true(store_is_open(f->store));
        assert_int_equal(store_mark(f->store), 0);
        (void) push_new(f->store, f->prod, APP ":1", 0);
        assert_int_equal(store_keep(f->store), 0);
        assert_int_equal(store_commit(f->store), -EIO);
        assert_false(store_is_open(f->store));
        assert_int_equal(count_of(f->store, DEPLOY_QUEUED), 0);
        assert_turns_work_again(f);
}

static void turn_that_was_lost_can_be_rolled_back(void **state) {
        Fixture *f = *state;

        assert_int_equal(store_begin(f->store), 0);
        (void) push_new(f->store, f->dev, APP ":1", 0);
        lose_turn(f);
        assert_int_equal(store_rollback(f->store), 0);
        assert_turns_work_again(f);
}

/*
 * A turn that writes some pages, on a disk that ends `room` bytes behind the log. 1 when it was committed; the ids of its rows, each of
 * which takes the place of the one before.
 */
static int turn_on_a_disk_with_room(Fixture *f, unsigned turn, rlim_t room, bool has_queued,
                                    uint64_t ids[static 3]) {
        char image[64], log[80];
        int r;

        (void) snprintf(log, sizeof(log), "%s-wal", f->path);
        (void) snprintf(image, sizeof(image), APP ":%u", turn);
        assert_int_equal(store_begin(f->store), 0);
        ids[0] = push_new(f->store, f->dev, image, has_queued);
        ids[1] = push_new(f->store, f->dev, APP ":x", 1);
        ids[2] = push_new(f->store, f->dev, image, 1);

        set_disk((rlim_t) size_of(log) + room);
        r = store_commit(f->store);
        free_disk();
        assert_true(r == 0 || r == -ENOSPC);
        assert_false(store_is_open(f->store));
        return r == 0;
}

static void turn_is_all_or_nothing_wherever_the_disk_ends(void **state) {
        Fixture *f = *state;
        uint64_t queued = 0;
        unsigned n_done = 0;

        /* In the header of a frame, in its page, at its border, … until there is room for all of it. */
        for (unsigned i = 0; i < 60; i++) {
                uint64_t ids[3];
                int done;

                reopen(f);
                assert_int_equal(store_probe(f->store), 0);
                done = turn_on_a_disk_with_room(f, i, i * 700, queued > 0, ids);

                /* As after a crash: what the log says is what counts. */
                reopen(f);
                assert_int_equal(count_of(f->store, DEPLOY_QUEUED), done || queued > 0);
                if (queued > 0)
                        assert_int_equal(state_of(f->store, queued),
                                         done ? DEPLOY_SUPERSEDED : DEPLOY_QUEUED);
                for (size_t j = 0; j < ELEMENTSOF(ids); j++) {
                        _cleanup_(deploy_freep) Deploy *deploy = NULL;

                        assert_int_equal(store_find_deploy(f->store, ids[j], &deploy), done);
                        if (done)
                                assert_int_equal(deploy->state, j == 2 ? DEPLOY_QUEUED : DEPLOY_SUPERSEDED);
                }
                if (done)
                        queued = ids[2];
                n_done += done;
        }
        assert_in_range(n_done, 5, 55);
}

static void write_map(const char *path, unsigned id) {
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
        char text[32];

        (void) snprintf(text, sizeof(text), "0 %u 1\n", id);
        if (fd < 0 || write(fd, text, strlen(text)) < 0)
                _exit(77);
}

/* A tmpfs of 512 KiB on the folder, which only this process sees; 77 where that cannot be had. */
static void mount_small_disk(const char *folder) {
        unsigned uid = geteuid(), gid = getegid();

        if (uid == 0) {
                if (unshare(CLONE_NEWNS) < 0)
                        _exit(77);
        } else {
                _cleanup_close_ int fd = -EBADF;

                if (unshare(CLONE_NEWNS | CLONE_NEWUSER) < 0)
                        _exit(77);
                fd = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);
                if (fd < 0 || write(fd, "deny", 4) < 0)
                        _exit(77);
                write_map("/proc/self/uid_map", uid);
                write_map("/proc/self/gid_map", gid);
        }

        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("tmpfs", folder, "tmpfs", 0, "size=512k,mode=0700") < 0)
                _exit(77);
}

/* Whether it can be had. */
static bool small_disk_is_possible(void) {
        int status;
        pid_t pid;

        pid = fork();
        if (pid == 0) {
                mount_small_disk("/tmp");
                _exit(0);
        }

        return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void fill_disk(const char *path) {
        static const char zeros[4096];
        _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        unsigned n = 0;

        if (fd < 0)
                _exit(1);
        while (n < 1000 && write(fd, zeros, sizeof(zeros)) == sizeof(zeros))
                n++;
        if (n == 0 || n == 1000)
                _exit(2);
}

/* In the child, where cmocka's assertions would end the wrong program. */
static void check(bool good, int step, const Store *store) {
        if (good)
                return;

        (void) fprintf(stderr, "step %i failed: %s\n", step, store ? store_error(store) : "no store");
        _exit(step);
}

static void stage_name(char name[static 16], unsigned i) {
        (void) snprintf(name, 16, "s%u", i);
}

/* Creates stages until the disk is full; how many there are. */
static unsigned use_up_the_log(Store *store, int64_t project) {
        unsigned n = 0;
        int r = 0;

        /* The log may have room left in its last page. */
        while (n < 1000 && r >= 0) {
                char name[16];
                int64_t id;

                stage_name(name, n);
                r = store_create_stage(store,
                                       &(Stage){ .project_id = project,
                                                 .name = name,
                                                 .tag_pattern = name,
                                                 .max_instances = 1 },
                                       &id);
                n += r >= 0;
        }

        check(r == -ENOSPC, 10, store);
        return n;
}

static void live_on_a_small_disk(const Fixture *f) {
        Store *store = NULL;
        int64_t project = 0;
        char filler[64];
        unsigned n;

        (void) snprintf(filler, sizeof(filler), "%s/filler", f->folder);
        fill_disk(filler);
        check(store_open(f->path, &store) == -ENOSPC, 11, store);
        check(unlink(filler) == 0 && store_open(f->path, &store) == 0, 12, NULL);
        check(store_create_project(store, &(Project){ .name = (char[]){ "a" }, .image = (char[]){ "a" } },
                                   &project) == 0,
              13, store);

        fill_disk(filler);
        n = use_up_the_log(store, project);
        check(store_probe(store) == -ENOSPC, 14, store);
        check(unlink(filler) == 0 && store_probe(store) == 0, 15, store);

        store_free(store);
        check(store_open(f->path, &store) == 0, 16, NULL);
        for (unsigned i = 0; i <= n; i++) {
                _cleanup_(stage_freep) Stage *stage = NULL;
                char name[16];

                stage_name(name, i);
                check(store_find_stage(store, "a", name, &stage) == (i < n), 17, store);
        }
        store_free(store);
        _exit(0);
}

static void disk_that_is_full_and_then_is_not_loses_nothing(void **state) {
        Fixture *f = *state;
        int status;
        pid_t pid;

        f->store = store_free(f->store);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                mount_small_disk(f->folder);
                live_on_a_small_disk(f);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, space_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(full_disk_accepts_nothing_and_loses_nothing),
                TEST(turn_that_finds_the_disk_full_at_its_end_leaves_nothing),
                TEST(turn_that_sqlite_rolled_back_is_not_open_and_not_committed),
                TEST(turn_that_was_lost_stays_lost_when_a_later_request_begins),
                TEST(turn_that_was_lost_can_be_rolled_back),
                TEST(turn_is_all_or_nothing_wherever_the_disk_ends),
                UNIT_TEST_IF_FULL(small_disk_is_possible(), "no tmpfs can be mounted",
                                  disk_that_is_full_and_then_is_not_loses_nothing, fixture_setup,
                                  space_teardown),
        };

        /* A write beyond the limit is an error then, and not the end. */
        (void) signal(SIGXFSZ, SIG_IGN);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
