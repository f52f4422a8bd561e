/* SPDX-License-Identifier: MIT */
/*
 * A file that is none of ours, that is damaged, or that we may not write: one clear errno each, and it is
 * left alone.
 */
#include <fcntl.h>
#include <sys/wait.h>

#include "store-fixture.h"

#define NOBODY 65534U

static off_t size_of(const char *path) {
        struct stat st;

        assert_int_equal(stat(path, &st), 0);
        return st.st_size;
}

static void put(const char *path, const void *bytes, size_t n, off_t at) {
        _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, bytes, n, at), n);
}

static void get(const char *path, void *bytes, size_t n, off_t at) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(pread(fd, bytes, n, at), n);
}

static void assert_cannot_open(Fixture *f, int error) {
        f->store = store_free(f->store);
        assert_int_equal(store_open(f->path, &f->store), error);
        assert_null(f->store);
}

/* Opens the store in a child that is not root; the errno it got. */
static int open_as_nobody(const Fixture *f) {
        int status;
        pid_t pid;

        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                Store *store = NULL;

                if (geteuid() == 0 && setresuid(NOBODY, NOBODY, NOBODY) < 0)
                        _exit(255);
                _exit(-store_open(f->path, &store));
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return -WEXITSTATUS(status);
}

static void file_that_is_no_database_is_refused_and_left_as_it_is(void **state) {
        char text[4096];
        Fixture *f = *state;

        f->store = store_free(f->store);
        memset(text, 'x', sizeof(text));
        put(f->path, text, sizeof(text), 0);
        assert_int_equal(truncate(f->path, sizeof(text)), 0);
        assert_cannot_open(f, -EIO);
        assert_int_equal(size_of(f->path), sizeof(text));
        assert_int_equal(count_files(f->folder), 1);
        text[sizeof(text) - 1] = '\0';
        assert_true(file_contains(f->path, text));
}

static void database_of_another_program_is_refused(void **state) {
        Fixture *f = *state;

        assert_int_equal(store_execute(f->store, "PRAGMA application_id = 7"), 0);
        assert_cannot_open(f, -EIO);
}

static void database_without_our_mark_is_refused(void **state) {
        Fixture *f = *state;

        assert_int_equal(store_execute(f->store, "PRAGMA application_id = 0; PRAGMA user_version = 0"), 0);
        assert_cannot_open(f, -EIO);
}

static void empty_file_is_no_first_start(void **state) {
        Fixture *f = *state;

        f->store = store_free(f->store);
        assert_int_equal(truncate(f->path, 0), 0);
        assert_cannot_open(f, -EIO);
        assert_int_equal(size_of(f->path), 0);
        assert_int_equal(count_files(f->folder), 1);
}

static void truncated_file_is_refused(void **state) {
        Fixture *f = *state;
        off_t size;

        f->store = store_free(f->store);
        for (size = size_of(f->path) - 4096; size > 0; size -= 4096) {
                assert_int_equal(truncate(f->path, size), 0);
                assert_cannot_open(f, -EIO);
        }
        assert_int_equal(truncate(f->path, 100), 0);
        assert_cannot_open(f, -EIO);
}

static void damaged_page_is_noticed_when_the_file_is_opened(void **state) {
        char noise[512], page[sizeof(noise)];
        Fixture *f = *state;

        (void) push_new(f->store, f->dev, APP ":1", 0);
        f->store = store_free(f->store);
        memset(noise, 0xA5, sizeof(noise));
        for (off_t at = 4096; at < size_of(f->path); at += 4096) {
                get(f->path, page, sizeof(page), at);
                put(f->path, noise, sizeof(noise), at);
                assert_cannot_open(f, -EIO);
                put(f->path, page, sizeof(page), at);
        }
        reopen(f);
}

static void path_that_is_no_file_is_refused(void **state) {
        _cleanup_(store_freep) Store *store = NULL;
        Fixture *f = *state;
        char path[128];

        assert_int_equal(store_open(f->folder, &store), -EISDIR);
        (void) snprintf(path, sizeof(path), "%s/none/t.db", f->folder);
        assert_int_equal(store_open(path, &store), -ENOENT);
        (void) snprintf(path, sizeof(path), "%s/fifo", f->folder);
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(store_open(path, &store), -EIO);
        assert_null(store);
}

static void file_that_we_may_not_write_is_not_ours(void **state) {
        Fixture *f = *state;

        f->store = store_free(f->store);
        assert_int_equal(chmod(f->folder, 0755), 0);
        assert_int_equal(chmod(f->path, 0444), 0);
        assert_int_equal(open_as_nobody(f), -EACCES);
}

static void folder_that_we_may_not_write_is_read_only(void **state) {
        Fixture *f = *state;

        f->store = store_free(f->store);
        if (geteuid() == 0)
                assert_int_equal(chown(f->path, NOBODY, NOBODY), 0);
        assert_int_equal(chmod(f->folder, 0555), 0);
        assert_int_equal(open_as_nobody(f), -EROFS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(file_that_is_no_database_is_refused_and_left_as_it_is),
                TEST(database_of_another_program_is_refused),
                TEST(database_without_our_mark_is_refused),
                TEST(empty_file_is_no_first_start),
                TEST(truncated_file_is_refused),
                TEST(damaged_page_is_noticed_when_the_file_is_opened),
                TEST(path_that_is_no_file_is_refused),
                TEST(file_that_we_may_not_write_is_not_ours),
                TEST(folder_that_we_may_not_write_is_read_only),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
