/* SPDX-License-Identifier: MIT */
/* The file of the store, and its settings. */
#include <fcntl.h>
#include <sys/wait.h>

#include "store-fixture.h"

static void file_is_private_whatever_the_umask(void **state) {
        static const mode_t masks[] = { 0000, 0022, 0777 };
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(masks); i++) {
                static const char *const suffixes[] = { "", "-wal" };
                _cleanup_(store_freep) Store *store = NULL;
                char path[128];
                mode_t mask;

                (void) snprintf(path, sizeof(path), "%s/mask-%zu", f->folder, i);
                mask = umask(masks[i]);
                assert_int_equal(store_open(path, &store), 0);
                (void) make_project(store, "app", APP);
                (void) umask(mask);

                for (size_t k = 0; k < ELEMENTSOF(suffixes); k++) {
                        struct stat st;
                        char file[160];

                        (void) snprintf(file, sizeof(file), "%s%s", path, suffixes[k]);
                        assert_int_equal(stat(file, &st), 0);
                        assert_int_equal(st.st_mode & 07777, 0600);
                }
        }
}

static void file_that_others_could_read_is_made_private(void **state) {
        Fixture *f = *state;
        struct stat st;

        f->store = store_free(f->store);
        assert_int_equal(chmod(f->path, 0644), 0);
        assert_int_equal(store_open(f->path, &f->store), 0);
        assert_int_equal(stat(f->path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
}

static void link_in_place_of_the_file_is_not_followed(void **state) {
        _cleanup_(store_freep) Store *store = NULL;
        Fixture *f = *state;
        char link[128];

        (void) snprintf(link, sizeof(link), "%s/link", f->folder);
        assert_int_equal(symlink("/tmp/nothing-there", link), 0);
        assert_int_equal(store_open(link, &store), -ELOOP);
        assert_null(store);
}

static void what_was_written_is_there_after_reopening(void **state) {
        char uuid[UUID_TEXT_SIZE], again[UUID_TEXT_SIZE];
        Fixture *f = *state;
        uint64_t id = push_new(f->store, f->dev, APP ":1", 0);

        assert_int_equal(store_get_uuid(f->store, uuid), 0);
        reopen(f);
        assert_int_equal(state_of(f->store, id), DEPLOY_QUEUED);
        assert_int_equal(store_get_uuid(f->store, again), 0);
        assert_string_equal(again, uuid);
        /* Closing leaves one file, which is the whole database. */
        f->store = store_free(f->store);
        assert_int_equal(count_files(f->folder), 1);
}

static void every_store_has_a_uuid_of_its_own(void **state) {
        _cleanup_(store_freep) Store *other = NULL;
        char a[UUID_TEXT_SIZE], b[UUID_TEXT_SIZE];
        Fixture *f = *state;

        assert_int_equal(store_open(":memory:", &other), 0);
        assert_int_equal(store_get_uuid(f->store, a), 0);
        assert_int_equal(store_get_uuid(other, b), 0);
        assert_int_equal(strlen(a), UUID_TEXT_SIZE - 1);
        assert_string_not_equal(a, b);
}

static void second_process_is_told_that_the_file_is_in_use(void **state) {
        Fixture *f = *state;
        int status;
        pid_t pid;

        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                Store *store = NULL;

                _exit(store_open(f->path, &store) == -EBUSY ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        /* The one that was first goes on. */
        (void) make_project(f->store, "b", "b");
        reopen(f);
}

#define RIVALS 4U

/* Waits until the other end of the pipe is closed. */
static void wait_for_end(int fd) {
        char byte;

        if (read(fd, &byte, 1) != 0)
                _exit(1);
}

/* In a child: opens when `start` ends, says what came of it, and holds on until `stop` ends. */
static void rival(const char *path, const int start[2], const int stop[2], int result) {
        Store *store = NULL;
        int r;

        (void) alarm(30);
        (void) close(start[1]);
        (void) close(stop[1]);
        wait_for_end(start[0]);
        r = store_open(path, &store);
        if (write(result, &r, sizeof(r)) != sizeof(r))
                _exit(2);
        wait_for_end(stop[0]);
        store_free(store);
        _exit(0);
}

static void race(const char *path) {
        int start[2], stop[2], result[2], status, r, n_opened = 0;
        pid_t pids[RIVALS];

        assert_int_equal(pipe2(start, O_CLOEXEC), 0);
        assert_int_equal(pipe2(stop, O_CLOEXEC), 0);
        assert_int_equal(pipe2(result, O_CLOEXEC), 0);
        for (unsigned i = 0; i < RIVALS; i++) {
                pids[i] = fork();
                assert_true(pids[i] >= 0);
                if (pids[i] == 0)
                        rival(path, start, stop, result[1]);
        }

        assert_int_equal(close(start[1]) | close(result[1]), 0);
        for (unsigned i = 0; i < RIVALS; i++) {
                assert_int_equal(read(result[0], &r, sizeof(r)), sizeof(r));
                assert_true(r == 0 || r == -EBUSY);
                n_opened += r == 0;
        }
        assert_int_equal(n_opened, 1);

        assert_int_equal(close(stop[1]) | close(start[0]) | close(stop[0]) | close(result[0]), 0);
        for (unsigned i = 0; i < RIVALS; i++) {
                assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
                assert_int_equal(status, 0);
        }
}

static void of_many_processes_one_gets_the_file(void **state) {
        Fixture *f = *state;

        f->store = store_free(f->store);
        for (int round = 0; round < 20; round++)
                race(f->path);
}

static void stranger_cannot_write_behind_our_back(void **state) {
        Fixture *f = *state;
        char command[160];

        (void) snprintf(command, sizeof(command), "sqlite3 %s 'DELETE FROM settings' 2>/dev/null", f->path);
        assert_int_not_equal(system(command), 0);
        assert_int_equal(store_probe(f->store), 0);
}

static void newer_schema_is_refused_and_left_as_it_is(void **state) {
        unsigned char version[4] = { 0 };
        Fixture *f = *state;
        int fd;

        f->store = store_free(f->store);
        /* user_version: four bytes, big-endian, at offset 60 of the file (sqlite's file format, 1.3). */
        fd = open(f->path, O_RDWR | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(pread(fd, version, sizeof(version), 60), sizeof(version));
        assert_int_equal(version[3], STORE_SCHEMA_VERSION);
        version[3]++;
        assert_int_equal(pwrite(fd, version, sizeof(version), 60), sizeof(version));

        assert_int_equal(store_open(f->path, &f->store), -EPROTONOSUPPORT);
        assert_null(f->store);
        assert_int_equal(count_files(f->folder), 1);

        version[3]--;
        assert_int_equal(pwrite(fd, version, sizeof(version), 60), sizeof(version));
        assert_int_equal(close(fd), 0);
        assert_int_equal(store_open(f->path, &f->store), 0);
}

static void secret_is_there_from_the_beginning(void **state) {
        static const char first[] = "11111111-1111-4111-8111-111111111111",
                          second[] = "22222222-2222-4222-8222-222222222222";
        uint64_t generation = 77, again = 0;
        char text[UUID_TEXT_SIZE] = "", made[UUID_TEXT_SIZE] = "";
        Fixture *f = *state;

        assert_true(store_is_new(f->store));
        assert_int_equal(store_get_secret(f->store, made, &generation), 0);
        assert_int_equal(generation, 1);
        assert_int_equal(strlen(made), UUID_TEXT_SIZE - 1);
        /* In the file, and not only in the log beside it. */
        assert_true(file_contains(f->path, made));
        reopen(f);
        assert_false(store_is_new(f->store));
        assert_int_equal(store_get_secret(f->store, text, &generation), 0);
        assert_string_equal(text, made);

        assert_int_equal(store_set_secret(f->store, first, &generation), 0);
        assert_int_equal(generation, 2);
        assert_int_equal(store_set_secret(f->store, second, &generation), 0);
        assert_int_equal(generation, 3);

        reopen(f);
        assert_int_equal(store_get_secret(f->store, text, &again), 0);
        assert_int_equal(again, 3);
        assert_string_equal(text, second);
}

static void store_without_what_it_began_with_is_damaged(void **state) {
        static const char no_secret[] = "DELETE FROM settings WHERE key = 'secret'",
                          no_generation[] = "DELETE FROM settings WHERE key = 'secret-generation'",
                          no_uuid[] = "DELETE FROM settings WHERE key = 'uuid'";
        static const char *const sqls[] = { no_secret, no_generation, no_uuid };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(sqls); i++) {
                _cleanup_(store_freep) Store *store = NULL;
                char text[UUID_TEXT_SIZE];
                uint64_t generation;

                assert_int_equal(store_open(":memory:", &store), 0);
                assert_int_equal(store_write(store, sqls[i], NO_VALUES), 1);
                assert_int_equal(i == 2 ? store_get_uuid(store, text)
                                        : store_get_secret(store, text, &generation),
                                 -EIO);
                assert_int_equal(store_fault(store), -EIO);
        }
}

static void old_secret_is_nowhere_in_the_file(void **state) {
        static const char first[] = "11111111-1111-4111-8111-111111111111",
                          second[] = "22222222-2222-4222-8222-222222222222";
        Fixture *f = *state;
        uint64_t generation;

        assert_int_equal(store_set_secret(f->store, first, &generation), 0);
        assert_int_equal(store_set_secret(f->store, second, &generation), 0);
        f->store = store_free(f->store);
        assert_false(file_contains(f->path, first));
        assert_true(file_contains(f->path, second));
}

static void statements_cannot_leave_the_database(void **state) {
        static const char *const sqls[] = {
                "ATTACH '/tmp/other.db' AS other",
                "SELECT load_extension('/tmp/x.so')",
                "DELETE FROM sqlite_schema",
                "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = ''",
                "SELECT \"no such column\"",
        };
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(sqls); i++)
                assert_true(store_execute(f->store, sqls[i]) < 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(file_is_private_whatever_the_umask),
                TEST(file_that_others_could_read_is_made_private),
                TEST(link_in_place_of_the_file_is_not_followed),
                TEST(what_was_written_is_there_after_reopening),
                TEST(every_store_has_a_uuid_of_its_own),
                TEST(second_process_is_told_that_the_file_is_in_use),
                TEST(of_many_processes_one_gets_the_file),
                UNIT_TEST_IF_FULL(system("command -v sqlite3 >/dev/null") == 0, "wants the program sqlite3",
                                  stranger_cannot_write_behind_our_back, fixture_setup, fixture_teardown),
                TEST(newer_schema_is_refused_and_left_as_it_is),
                TEST(secret_is_there_from_the_beginning),
                TEST(store_without_what_it_began_with_is_damaged),
                TEST(old_secret_is_nowhere_in_the_file),
                TEST(statements_cannot_leave_the_database),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
