/* SPDX-License-Identifier: MIT */
/* Files and their drop-ins: in which order they are read, and whose they may be. */
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>

#include "conf-fixture.h"

/* Files of root's own: these tests want root, since no other owner is trusted. */
typedef struct Tree {
        char directory[64];
        char main[96];
} Tree;

static int tree_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void) st;
        (void) type;
        (void) ftw;

        return remove(path);
}

static void tree_done(Tree *tree) {
        (void) nftw(tree->directory, tree_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void tree_init(Tree *tree) {
        (void) snprintf(tree->directory, sizeof(tree->directory), "/tmp/test-conf.XXXXXX");
        assert_non_null(mkdtemp(tree->directory));
        (void) snprintf(tree->main, sizeof(tree->main), "%s/main.conf", tree->directory);
}

static void tree_write(const Tree *tree, const char *name, const char *text) {
        char path[160];
        FILE *file;

        (void) snprintf(path, sizeof(path), "%s/main.conf.d", tree->directory);
        assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
        (void) snprintf(path, sizeof(path), "%s/%s", tree->directory, name);
        file = fopen(path, "we");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fchmod(fileno(file), 0644), 0);
        assert_int_equal(fclose(file), 0);
}

static int tree_load(const Tree *tree, Config *config, ConfProblem *ret_problem) {
        Warnings warnings = { 0 };

        return conf_load(tree->main, keys, ELEMENTSOF(keys), config, on_warning, &warnings, ret_problem);
}

static void missing_files_are_no_error(void **state) {
        _cleanup_(tree_done) Tree tree = { "", "" };
        _cleanup_config_ Config config = { .number = 7 };
        ConfProblem problem;

        (void) state;

        tree_init(&tree);
        assert_int_equal(tree_load(&tree, &config, &problem), 0);
        assert_int_equal(config.number, 7);
}

static void dropins_follow_in_the_order_of_their_names(void **state) {
        _cleanup_(tree_done) Tree tree = { "", "" };
        _cleanup_config_ Config config = { 0 };
        ConfProblem problem;

        (void) state;

        tree_init(&tree);
        tree_write(&tree, "main.conf", "[Main]\nNumber=1\nWords=main\n");
        tree_write(&tree, "main.conf.d/20-b.conf", "[Main]\nNumber=20\nWords=b\n");
        tree_write(&tree, "main.conf.d/10-a.conf", "[Main]\nNumber=10\nWords=a\n");
        tree_write(&tree, "main.conf.d/.30-hidden.conf", "[Main]\nNumber=30\n");
        tree_write(&tree, "main.conf.d/40-old.conf~", "[Main]\nNumber=40\n");
        assert_int_equal(tree_load(&tree, &config, &problem), 0);
        assert_int_equal(config.number, 20);
        assert_string_equal(config.words[0], "main");
        assert_string_equal(config.words[1], "a");
        assert_string_equal(config.words[2], "b");
        assert_null(config.words[3]);
}

static void dropin_counts_without_the_main_file(void **state) {
        _cleanup_(tree_done) Tree tree = { "", "" };
        _cleanup_config_ Config config = { 0 };
        ConfProblem problem;

        (void) state;

        tree_init(&tree);
        tree_write(&tree, "main.conf.d/a.conf", "[Main]\nNumber=3\n");
        assert_int_equal(tree_load(&tree, &config, &problem), 0);
        assert_int_equal(config.number, 3);
}

static void assert_refused(const Tree *tree, const char *why) {
        _cleanup_config_ Config config = { 0 };
        ConfProblem problem = { "" };

        assert_int_equal(tree_load(tree, &config, &problem), -EPERM);
        if (!strstr(problem.text, why) || !strstr(problem.text, tree->directory))
                fail_msg("the problem is '%s', wanted '%s'", problem.text, why);
        assert_int_equal(config.number, 0);
}

static void file_that_others_can_write_is_refused(void **state) {
        _cleanup_(tree_done) Tree tree = { "", "" };

        (void) state;

        tree_init(&tree);
        tree_write(&tree, "main.conf", "[Main]\nNumber=1\n");
        assert_int_equal(chmod(tree.main, 0664), 0);
        assert_refused(&tree, "written by others");
        assert_int_equal(chmod(tree.main, 0646), 0);
        assert_refused(&tree, "written by others");
        assert_int_equal(chmod(tree.main, 0644), 0);
        assert_int_equal(chown(tree.main, 65534, 0), 0);
        assert_refused(&tree, "does not belong to root");
}

static void dropins_are_held_to_the_same(void **state) {
        _cleanup_(tree_done) Tree tree = { "", "" };
        char path[160];

        (void) state;

        tree_init(&tree);
        tree_write(&tree, "main.conf.d/a.conf", "[Main]\nNumber=1\n");
        (void) snprintf(path, sizeof(path), "%s/main.conf.d/a.conf", tree.directory);
        assert_int_equal(chmod(path, 0622), 0);
        assert_refused(&tree, "main.conf.d/a.conf: can be written by others");
        assert_int_equal(chmod(path, 0644), 0);
        assert_int_equal(chown(path, 65534, 65534), 0);
        assert_refused(&tree, "main.conf.d/a.conf: does not belong to root");
        assert_int_equal(chown(path, 0, 0), 0);

        (void) snprintf(path, sizeof(path), "%s/main.conf.d", tree.directory);
        assert_int_equal(chmod(path, 0777), 0);
        assert_refused(&tree, "main.conf.d: can be written by others");
}

static void what_is_no_regular_file_is_refused_without_waiting(void **state) {
        _cleanup_(tree_done) Tree tree = { "", "" };
        char target[160];

        (void) state;

        tree_init(&tree);
        tree_write(&tree, "real", "[Main]\nNumber=1\n");
        (void) snprintf(target, sizeof(target), "%s/real", tree.directory);
        assert_int_equal(symlink(target, tree.main), 0);
        assert_refused(&tree, "is a symbolic link");
        assert_int_equal(unlink(tree.main), 0);

        assert_int_equal(mkfifo(tree.main, 0600), 0);
        assert_refused(&tree, "is no regular file");
        assert_int_equal(unlink(tree.main), 0);

        assert_int_equal(mkdir(tree.main, 0700), 0);
        assert_refused(&tree, "is no regular file");
}

static void error_in_a_dropin_names_it(void **state) {
        _cleanup_(tree_done) Tree tree = { "", "" };
        _cleanup_config_ Config config = { 0 };
        ConfProblem problem;

        (void) state;

        tree_init(&tree);
        tree_write(&tree, "main.conf.d/a.conf", "[Main]\nNumber=x\n");
        assert_int_equal(tree_load(&tree, &config, &problem), -EINVAL);
        assert_non_null(strstr(problem.text, "/main.conf.d/a.conf:2: Number= wants"));
}

#define ROOT_TEST(f) UNIT_TEST_IF(geteuid() == 0, "wants root", f)

int main(void) {
        const struct CMUnitTest tests[] = {
                ROOT_TEST(missing_files_are_no_error),
                ROOT_TEST(dropins_follow_in_the_order_of_their_names),
                ROOT_TEST(dropin_counts_without_the_main_file),
                ROOT_TEST(file_that_others_can_write_is_refused),
                ROOT_TEST(dropins_are_held_to_the_same),
                ROOT_TEST(what_is_no_regular_file_is_refused_without_waiting),
                ROOT_TEST(error_in_a_dropin_names_it),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
