/* SPDX-License-Identifier: MIT */
/*
 * A store that is given up: why is told, nothing is read or written any more, and the file stays as it is. And the first start,
 * which leaves no half of a store.
 */
#include "store-fixture.h"
#include "webhookd/store/upkeep.h"

#define KIB 1024

static const char noise[] = "this is no page of a database, and never was one";

static void put(const char *path, const void *bytes, size_t n, off_t at) {
        _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(pwrite(fd, bytes, n, at), n);
}

static off_t size_of(const char *path) {
        struct stat st;

        assert_int_equal(stat(path, &st), 0);
        return st.st_size;
}

static void add_suffix(const Fixture *f, const char *suffix, char ret[static 80]) {
        (void) snprintf(ret, 80, "%s%s", f->path, suffix);
}

/* Too large to be checked when it is opened. */
static void make_large(Fixture *f) {
        assert_int_equal(
                        store_execute(f->store,
                                      "CREATE TABLE ballast(x TEXT);"
                                      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
                                      " INSERT INTO ballast SELECT hex(zeroblob(2000)) FROM n"),
                        0);
        f->store = store_free(f->store);
        assert_true(size_of(f->path) > 2048 * KIB);
}

/* Everything fails, and says what it was given up for. */
static void assert_given_up(Store *store, int error, const char *text) {
        _cleanup_(project_list_done) ProjectList projects = { 0 };
        char uuid[UUID_TEXT_SIZE];
        uint64_t n;

        assert_int_equal(store_fault(store), error);
        assert_int_equal(store_list_projects(store, "", "", 1000, &projects), -EIO);
        assert_int_equal(store_count_deploys(store, DEPLOY_QUEUED, &n), -EIO);
        assert_int_equal(store_get_uuid(store, uuid), -EIO);
        assert_int_equal(store_begin(store), -EIO);
        assert_false(store_is_open(store));
        assert_int_equal(store_mark(store), -EIO);
        assert_int_equal(store_commit(store), -EIO);
        assert_int_equal(store_rollback(store), 0);
        assert_int_equal(store_probe(store), -EIO);
        if (!strstr(store_error(store), text))
                fail_msg("'%s' is not in '%s'", text, store_error(store));
}

static void give_up_at_opening(Fixture *f, int error, const char *text) {
        _cleanup_(store_freep) Store *store = NULL;

        assert_int_equal(store_open_anyway(f->path, &store), 0);
        assert_given_up(store, error, text);
}

static void file_that_cannot_be_opened_says_what_it_is(void **state) {
        char bytes[4096];
        Fixture *f = *state;

        f->store = store_free(f->store);
        assert_int_equal(truncate(f->path, 0), 0);
        give_up_at_opening(f, -EIO, "it is empty");

        memset(bytes, 'x', sizeof(bytes));
        put(f->path, bytes, sizeof(bytes), 0);
        give_up_at_opening(f, -EIO, "not a database");

        assert_int_equal(unlink(f->path), 0);
        assert_int_equal(mkdir(f->path, 0700), 0);
        give_up_at_opening(f, -EISDIR, "it is a directory");

        assert_int_equal(rmdir(f->path), 0);
        assert_int_equal(symlink("elsewhere", f->path), 0);
        give_up_at_opening(f, -ELOOP, "it is a symbolic link");
}

/* As sqlite tells it: of a page that is read for the first time, in the middle of a turn. */
static void damage_that_is_found_later_ends_everything(void **state) {
        static const char sql[] = "SELECT rootpage FROM sqlite_schema WHERE name = 'deploys'";
        DeployList deploys = { 0 };
        Fixture *f = *state;
        int64_t page = 0;
        off_t size;

        assert_int_equal(store_read_number(f->store, sql, NO_VALUES, &page), 1);
        make_large(f);
        size = size_of(f->path);
        put(f->path, noise, sizeof(noise), (page - 1) * 4096);

        reopen(f);
        assert_int_equal(store_begin(f->store), 0);
        (void) make_project(f->store, "lost", "lost");
        assert_int_equal(store_list_deploys(f->store, NULL, NULL, 10, &deploys), -EIO);
        assert_given_up(f->store, -EIO, "malformed");
        f->store = store_free(f->store);
        assert_int_equal(size_of(f->path), size);
}

static void large_store_is_checked_late(void **state) {
        Fixture *f = *state;
        off_t size;

        make_large(f);
        reopen(f);
        assert_int_equal(store_check_late(f->store), 0);
        assert_int_equal(store_fault(f->store), 0);
        f->store = store_free(f->store);

        size = size_of(f->path);
        put(f->path, noise, sizeof(noise), size / 4096 / 2 * 4096);
        reopen(f);
        assert_int_equal(store_check_late(f->store), -EIO);
        assert_given_up(f->store, -EIO, "the database is damaged");
}

static void store_that_is_given_up_keeps_its_first_reason(void **state) {
        Fixture *f = *state;

        assert_int_equal(store_begin(f->store), 0);
        (void) make_project(f->store, "lost", "lost");
        assert_int_equal(store_give_up(f->store, -ENOSPC, "the first reason"), -ENOSPC);
        assert_int_equal(store_give_up(f->store, -EROFS, "another reason"), -ENOSPC);
        assert_given_up(f->store, -ENOSPC, "the first reason");

        /* What was not committed is undone. */
        reopen(f);
        {
                _cleanup_(project_freep) Project *project = NULL;

                assert_int_equal(store_find_project_by_name(f->store, "lost", &project), 0);
        }
}

static void first_start_that_was_cut_off_is_begun_anew(void **state) {
        char draft[80], log[80];
        Fixture *f = *state;

        f->store = store_free(f->store);
        assert_int_equal(unlink(f->path), 0);
        add_suffix(f, ".new", draft);
        add_suffix(f, ".new-wal", log);
        put(draft, "half", 4, 0);
        put(log, "half", 4, 0);
        reopen(f);
        (void) make_project(f->store, "app", APP);
        f->store = store_free(f->store);
        assert_int_equal(count_files(f->folder), 1);
}

/* Its log was left behind: the new store is not to become the old one, or a mixture. */
static void first_start_reads_no_log_of_another_store(void **state) {
        _cleanup_(project_list_done) ProjectList projects = { 0 };
        char log[80], kept[80], command[256];
        Fixture *f = *state;

        add_suffix(f, "-wal", log);
        add_suffix(f, "-kept", kept);
        (void) snprintf(command, sizeof(command), "cp %s %s", log, kept);
        assert_int_equal(system(command), 0);
        f->store = store_free(f->store);
        assert_int_equal(unlink(f->path), 0);
        assert_int_equal(rename(kept, log), 0);
        reopen(f);
        assert_int_equal(store_list_projects(f->store, "", "", 1000, &projects), 0);
        assert_int_equal(projects.n, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, damage_teardown)

/* Whatever a test has put in the file's place. */
static int damage_teardown(void **state) {
        Fixture *f = *state;

        f->store = store_free(f->store);
        (void) rmdir(f->path);
        return fixture_teardown(state);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(file_that_cannot_be_opened_says_what_it_is),
                TEST(damage_that_is_found_later_ends_everything),
                TEST(large_store_is_checked_late),
                TEST(store_that_is_given_up_keeps_its_first_reason),
                TEST(first_start_that_was_cut_off_is_begun_anew),
                TEST(first_start_reads_no_log_of_another_store),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
