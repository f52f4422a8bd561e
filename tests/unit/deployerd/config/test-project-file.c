/* SPDX-License-Identifier: MIT */
/* Whose a project's file and its files of variables have to be, and how large they may be. */
#include "project-config-fixture.h"

static void project_without_a_file_is_fine(void **state) {
        _cleanup_(project_config_done) ProjectConfig config = { .exists = true };
        char problem[PROJECT_PROBLEM_SIZE], missing[128];

        (void) state;

        assert_int_equal(load(&config, problem), 0);
        assert_false(config.exists);
        assert_null(config.container);
        assert_false(project_config_exists(directory, "shop"));
        (void) snprintf(missing, sizeof(missing), "%s/missing", directory);
        assert_int_equal(project_config_load(missing, &subject, &config, problem, sizeof(problem)), 0);
        assert_false(config.exists);
        assert_false(project_config_exists(missing, "shop"));
}

/* "dir/shop.env<sentence>" */
static void expect_env_problem(int error, const char *sentence) {
        ProjectConfig config;
        char problem[PROJECT_PROBLEM_SIZE], expected[PROJECT_PROBLEM_SIZE];

        assert_int_equal(load_text("{" IMAGE ",\"stages\":{\"dev\":{\"env_files\":[\"shop.env\"]}}}",
                                   &config, problem),
                         error);
        (void) snprintf(expected, sizeof(expected), "%.60s/shop.env%.900s", directory, sentence);
        assert_string_equal(problem, expected);
}

static void file_of_variables_is_checked_like_the_projects(void **state) {
        char path[128];

        (void) state;

        (void) snprintf(path, sizeof(path), "%s/shop.env", directory);
        (void) unlink(path);
        expect_env_problem(-EBADMSG, ": No such file or directory");
        write_beside("shop.env", "A=1\n\nB\n", 0640);
        expect_env_problem(-EBADMSG, ":3: is no assignment, comment or empty line");
        assert_int_equal(chmod(path, 0660), 0);
        expect_env_problem(-EPERM, ": can be written by others than root");
        assert_int_equal(chmod(path, 0640), 0);
        assert_int_equal(chown(path, 65534, 0), 0);
        expect_env_problem(-EPERM, ": does not belong to root");
        assert_int_equal(unlink(path), 0);
        assert_int_equal(symlink("/etc/environment", path), 0);
        expect_env_problem(-EPERM, ": is a symbolic link");
        assert_int_equal(unlink(path), 0);
}

static void file_is_roots_alone(void **state) {
        ProjectConfig config;
        char problem[PROJECT_PROBLEM_SIZE], path[128];

        (void) state;

        file_path(path, sizeof(path));
        file_write("{" IMAGE "}", strlen("{" IMAGE "}"));
        assert_int_equal(chmod(path, 0660), 0);
        assert_int_equal(load(&config, problem), -EPERM);
        assert_non_null(strstr(problem, "can be written by others than root"));

        assert_int_equal(chmod(path, 0640), 0);
        assert_int_equal(chown(path, 65534, 0), 0);
        assert_int_equal(load(&config, problem), -EPERM);
        assert_non_null(strstr(problem, "does not belong to root"));

        assert_int_equal(unlink(path), 0);
        assert_int_equal(symlink("/etc/hostname", path), 0);
        assert_true(project_config_exists(directory, "shop"));
        assert_int_equal(load(&config, problem), -EPERM);
        assert_non_null(strstr(problem, "is a symbolic link"));

        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(load(&config, problem), -EPERM);
        assert_non_null(strstr(problem, "is no regular file"));
        assert_int_equal(unlink(path), 0);
}

static void directory_is_roots_alone(void **state) {
        ProjectConfig config;
        char problem[PROJECT_PROBLEM_SIZE];

        (void) state;

        assert_int_equal(chmod(directory, 0770), 0);
        assert_int_equal(load(&config, problem), -EPERM);
        assert_non_null(strstr(problem, "can be written by others than root"));
        assert_int_equal(chmod(directory, 0700), 0);
}

static void file_is_bounded(void **state) {
        _cleanup_free_ char *text = malloc(PROJECT_FILE_MAX + 1);
        _cleanup_(project_config_done) ProjectConfig config = { .exists = false };
        char problem[PROJECT_PROBLEM_SIZE];

        (void) state;

        assert_non_null(text);
        memset(text, ' ', PROJECT_FILE_MAX + 1);
        memcpy(text, "{" IMAGE "}", strlen("{" IMAGE "}"));
        file_write(text, PROJECT_FILE_MAX + 1);
        assert_int_equal(load(&config, problem), -EBADMSG);
        assert_non_null(strstr(problem, "is larger than 262144 bytes"));
        file_write(text, PROJECT_FILE_MAX);
        assert_int_equal(load(&config, problem), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                ROOT_TEST(project_without_a_file_is_fine),
                ROOT_TEST(file_of_variables_is_checked_like_the_projects),
                ROOT_TEST(file_is_roots_alone),
                ROOT_TEST(directory_is_roots_alone),
                ROOT_TEST(file_is_bounded),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
