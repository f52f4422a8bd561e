/* SPDX-License-Identifier: MIT */
/* A backup is a store of its own: all that was committed, and nothing else. */
#include "store-fixture.h"
#include "webhookd/store/upkeep.h"

static int backup_to(Fixture *f, const char *path, uint64_t *ret_bytes) {
        _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        return store_backup(f->store, fd, ret_bytes);
}

static void backup_has_what_is_only_in_the_log_so_far(void **state) {
        static const char secret[] = "11111111-1111-4111-8111-111111111111";
        char path[128], text[UUID_TEXT_SIZE], uuid[UUID_TEXT_SIZE], again[UUID_TEXT_SIZE];
        _cleanup_(store_freep) Store *copy = NULL;
        Fixture *f = *state;
        uint64_t id, bytes = 0, generation = 0;
        struct stat st;

        id = push_new(f->store, f->dev, APP ":1", 0);
        assert_int_equal(store_set_secret(f->store, secret, &generation), 0);
        (void) snprintf(path, sizeof(path), "%s/copy.db", f->folder);
        assert_int_equal(backup_to(f, path, &bytes), 0);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_size, bytes);

        assert_int_equal(store_open(path, &copy), 0);
        assert_int_equal(state_of(copy, id), DEPLOY_QUEUED);
        assert_int_equal(store_get_secret(copy, text, &generation), 0);
        assert_string_equal(text, secret);
        assert_int_equal(store_get_uuid(f->store, uuid), 0);
        assert_int_equal(store_get_uuid(copy, again), 0);
        assert_string_equal(uuid, again);
        /* The original goes on, and its copy does not follow. */
        (void) make_project(f->store, "later", "later");
        {
                _cleanup_(project_freep) Project *project = NULL;

                assert_int_equal(store_find_project_by_name(copy, "later", &project), 0);
        }
}

static void backup_leaves_nothing_beside_the_store(void **state) {
        char path[128], stale[128];
        Fixture *f = *state;
        size_t n = count_files(f->folder);
        uint64_t bytes;
        int fd;

        /* One that was cut off. */
        (void) snprintf(stale, sizeof(stale), "%s.backup", f->path);
        fd = open(stale, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(close(fd), 0);
        (void) snprintf(path, sizeof(path), "%s/copy.db", f->folder);
        assert_int_equal(backup_to(f, path, &bytes), 0);
        assert_int_equal(count_files(f->folder), n + 1);
}

static void backup_that_cannot_be_written_is_an_error_and_no_fault(void **state) {
        _cleanup_close_ int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
        Fixture *f = *state;
        uint64_t bytes = 77;

        assert_true(fd >= 0);
        assert_int_equal(store_backup(f->store, fd, &bytes), -ENOSPC);
        assert_int_equal(bytes, 77);
        assert_non_null(strstr(store_error(f->store), "it cannot be written"));
        assert_int_equal(store_fault(f->store), 0);
        (void) make_project(f->store, "later", "later");
}

static void store_that_is_given_up_has_no_backup(void **state) {
        _cleanup_close_ int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        Fixture *f = *state;
        uint64_t bytes;

        (void) store_give_up(f->store, -EIO, "it is gone");
        assert_int_equal(store_backup(f->store, fd, &bytes), -EIO);
        assert_string_equal(store_error(f->store), "it is gone");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(backup_has_what_is_only_in_the_log_so_far),
                TEST(backup_leaves_nothing_beside_the_store),
                TEST(backup_that_cannot_be_written_is_an_error_and_no_fault),
                TEST(store_that_is_given_up_has_no_backup),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
