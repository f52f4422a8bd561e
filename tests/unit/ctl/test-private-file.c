/* SPDX-License-Identifier: MIT */
/* A file of secrets is there whole or not at all, for its owner alone, and replaces nothing. */
#include "ctl/private-file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "unit.h"

typedef struct Fixture {
        char folder[32], path[64];
} Fixture;

static int setup(void **state) {
        Fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        (void) snprintf(f->folder, sizeof(f->folder), "/tmp/private-XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        (void) snprintf(f->path, sizeof(f->path), "%s/file", f->folder);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        Fixture *f = *state;

        (void) unlink(f->path);
        /* Nothing else is there. */
        assert_int_equal(rmdir(f->folder), 0);
        free(f);
        return 0;
}

static void file_is_there_once_it_is_published(void **state) {
        _cleanup_(private_file_done) PrivateFile file = PRIVATE_FILE_NONE;
        Fixture *f = *state;
        struct stat st;
        mode_t mask;

        mask = umask(0);
        assert_int_equal(private_file_open(f->path, &file), 0);
        (void) umask(mask);
        assert_int_equal(write(file.fd, "whole", 5), 5);
        assert_int_equal(access(f->path, F_OK), -1);
        assert_int_equal(private_file_publish(&file), 0);
        assert_int_equal(stat(f->path, &st), 0);
        assert_int_equal(st.st_size, 5);
        assert_int_equal(st.st_mode & 07777, 0600);
}

static void file_that_is_given_up_is_nowhere(void **state) {
        PrivateFile file = PRIVATE_FILE_NONE;
        Fixture *f = *state;

        assert_int_equal(private_file_open(f->path, &file), 0);
        assert_int_equal(write(file.fd, "half", 4), 4);
        private_file_done(&file);
        private_file_done(&file);
        assert_int_equal(access(f->path, F_OK), -1);
}

static void what_came_meanwhile_is_not_replaced(void **state) {
        _cleanup_(private_file_done) PrivateFile file = PRIVATE_FILE_NONE, late = PRIVATE_FILE_NONE;
        Fixture *f = *state;
        struct stat st;
        int fd;

        assert_int_equal(private_file_open(f->path, &file), 0);
        fd = open(f->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, "somebody's", 10), 10);
        assert_int_equal(close(fd), 0);
        assert_int_equal(private_file_publish(&file), -EEXIST);
        assert_int_equal(private_file_open(f->path, &late), -EEXIST);
        assert_int_equal(stat(f->path, &st), 0);
        assert_int_equal(st.st_size, 10);
}

static void temporary_name_is_given_up_too(void **state) {
        PrivateFile file = PRIVATE_FILE_NONE;
        Fixture *f = *state;

        /* As on a file system that knows no files without a name. */
        file.path = strdup(f->path);
        assert_true(asprintf(&file.temporary, "%s.XXXXXX", f->path) > 0);
        file.fd = mkostemp(file.temporary, O_CLOEXEC);
        assert_true(file.fd >= 0);
        assert_int_equal(private_file_publish(&file), 0);
        assert_null(file.temporary);
        assert_int_equal(access(f->path, F_OK), 0);
        private_file_done(&file);

        file.path = strdup(f->path);
        assert_true(asprintf(&file.temporary, "%s.XXXXXX", f->path) > 0);
        file.fd = mkostemp(file.temporary, O_CLOEXEC);
        assert_true(file.fd >= 0);
        assert_int_equal(private_file_publish(&file), -EEXIST);
        private_file_done(&file);
}

static void file_without_a_name_needs_a_folder(void **state) {
        _cleanup_(private_file_done) PrivateFile file = PRIVATE_FILE_NONE, none = PRIVATE_FILE_NONE;
        Fixture *f = *state;

        assert_int_equal(setenv("TMPDIR", f->folder, 1), 0);
        assert_int_equal(private_file_open_unnamed(&file), 0);
        assert_int_equal(write(file.fd, "x", 1), 1);
        assert_int_equal(setenv("TMPDIR", f->path, 1), 0);
        assert_int_equal(private_file_open_unnamed(&none), -ENOENT);
        assert_int_equal(unsetenv("TMPDIR"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(file_is_there_once_it_is_published),  TEST(file_that_is_given_up_is_nowhere),
                TEST(what_came_meanwhile_is_not_replaced), TEST(temporary_name_is_given_up_too),
                TEST(file_without_a_name_needs_a_folder),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
