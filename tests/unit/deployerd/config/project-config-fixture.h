/* SPDX-License-Identifier: MIT */
/* The file of project "shop" in a folder of the test's own, and what is said of it. */
#pragma once

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>

#include "deployerd/config/project-config.h"
#include "shared/json.h"
#include "unit.h"

#define IMAGE "\"image\":\"registry.example/shop\""

static char directory[64];
static const ProjectSubject subject = { "shop", "prod", "registry.example/shop", 41 };

/* Only root's files count, so only root can show what they mean. */
static inline int set_up(void **state) {
        (void) state;

        if (geteuid() != 0)
                return 0;

        (void) strcpy(directory, "/tmp/test-project-config-XXXXXX");
        return mkdtemp(directory) ? 0 : -1;
}

static inline int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void) st;
        (void) type;
        (void) ftw;

        return remove(path);
}

static inline int tear_down(void **state) {
        (void) state;

        return geteuid() == 0 ? nftw(directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS) : 0;
}

static inline void file_path(char *ret, size_t size) {
        (void) snprintf(ret, size, "%s/shop.json", directory);
}

static inline void file_write(const char *text, size_t length) {
        char path[128];
        FILE *file;

        file_path(path, sizeof(path));
        (void) unlink(path);
        file = fopen(path, "we");
        assert_non_null(file);
        assert_int_equal(fwrite(text, 1, length, file), length);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(path, 0640), 0);
}

static inline int load(ProjectConfig *ret, char problem[static PROJECT_PROBLEM_SIZE]) {
        problem[0] = '\0';
        return project_config_load(directory, &subject, ret, problem, PROJECT_PROBLEM_SIZE);
}

static inline int load_text(const char *text, ProjectConfig *ret,
                            char problem[static PROJECT_PROBLEM_SIZE]) {
        file_write(text, strlen(text));
        return load(ret, problem);
}

static inline void expect_problem(const char *text, int error, const char *sentence) {
        ProjectConfig config;
        char problem[PROJECT_PROBLEM_SIZE], expected[PROJECT_PROBLEM_SIZE];

        assert_int_equal(load_text(text, &config, problem), error);
        (void) snprintf(expected, sizeof(expected), "%.60s/shop.json:%.900s", directory, sentence);
        assert_string_equal(problem, expected);
}

static inline void write_beside(const char *name, const char *text, mode_t mode) {
        char path[128];
        FILE *file;

        (void) snprintf(path, sizeof(path), "%s/%s", directory, name);
        file = fopen(path, "we");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(path, mode), 0);
}

#define ROOT_TEST(f) UNIT_TEST_IF(geteuid() == 0, "wants root", f)
