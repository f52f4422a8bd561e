/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the store share: a folder that goes away with the test, a project with stages, and
 * pushes. Every helper asserts its success. The stores are real files or ":memory:"; a row is aged by SQL,
 * never by waiting.
 */
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "counts.h"
#include "unit.h"
#include "webhookd/store/deploy.h"
#include "webhookd/store/row.h"
#include "webhookd/store/schema.h"
#include "webhookd/store/statement.h"
#include "webhookd/store/transaction.h"

#define DIGEST_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define APP        "registry.example/team/app"
#define MAX_QUEUED 1000U

static inline int64_t make_project(Store *store, const char *name, const char *image) {
        int64_t id = 0;

        assert_int_equal(store_create_project(store,
                                              &(Project){ .name = (char *) (uintptr_t) name,
                                                          .image = (char *) (uintptr_t) image },
                                              &id),
                         0);
        return id;
}

static inline int64_t make_stage(Store *store, int64_t project_id, const char *name) {
        int64_t id = 0;

        assert_int_equal(store_create_stage(store,
                                            &(Stage){ .project_id = project_id,
                                                      .name = (char *) (uintptr_t) name,
                                                      .tag_pattern = (char[]){ "*" },
                                                      .auto_deploy = true,
                                                      .max_instances = 1 },
                                            &id),
                         0);
        return id;
}

/* A push without a digest and without a delivery id. */
static inline Enqueue push_of(int64_t stage_id, const char *image) {
        return (Enqueue){
                .stage_id = stage_id,
                .image = image,
                .source = "webhook",
                .hook = "main",
                .max_queued = MAX_QUEUED,
        };
}

static inline uint64_t enqueue(Store *store, const Enqueue *push, EnqueueVerdict verdict,
                               size_t n_superseded) {
        _cleanup_(enqueue_result_done) EnqueueResult result = { 0 };

        assert_int_equal(store_enqueue(store, push, &result), 0);
        assert_int_equal(result.verdict, verdict);
        assert_int_equal(result.aside.id > 0, n_superseded);
        return result.deploy_id;
}

/* Pushes and expects a new row. */
static inline uint64_t push_new(Store *store, int64_t stage_id, const char *image, size_t n_superseded) {
        Enqueue push = push_of(stage_id, image);

        return enqueue(store, &push, ENQUEUE_NEW, n_superseded);
}

static inline DeployState state_of(Store *store, uint64_t id) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;

        assert_int_equal(store_find_deploy(store, id, &deploy), 1);
        assert_int_equal(deploy->id, id);
        return deploy->state;
}

static inline uint64_t count_of(Store *store, DeployState state) {
        static const char sql[] = "SELECT count(*) FROM deploys WHERE state = ?1";
        int64_t n = 0;

        assert_int_equal(
                        store_read_number(store, sql, VALUES(value_text(deploy_state_to_string(state))), &n),
                        1);
        return (uint64_t) n;
}

/* Removes a folder of plain files. */
static inline void remove_folder(const char *path) {
        DIR *folder = opendir(path);
        struct dirent *entry;

        assert_non_null(folder);
        while ((entry = readdir(folder)))
                if (entry->d_type != DT_DIR)
                        assert_int_equal(unlinkat(dirfd(folder), entry->d_name, 0), 0);
        (void) closedir(folder);
        assert_int_equal(rmdir(path), 0);
}

static inline size_t count_files(const char *path) {
        DIR *folder = opendir(path);
        struct dirent *entry;
        size_t n = 0;

        assert_non_null(folder);
        while ((entry = readdir(folder)))
                n += entry->d_type != DT_DIR;
        (void) closedir(folder);
        return n;
}

static inline bool file_contains(const char *path, const char *text) {
        static char bytes[1024 * 1024];
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n;

        assert_true(fd >= 0);
        n = read(fd, bytes, sizeof(bytes));
        assert_true(n > 0 && (size_t) n < sizeof(bytes));
        return memmem(bytes, (size_t) n, text, strlen(text));
}

/* A store in a file of its own, with project "app" and its stages "dev" and "prod". */
typedef struct Fixture {
        char folder[32], path[64];
        Store *store;
        int64_t project, dev, prod;
} Fixture;

static inline void reopen(Fixture *f) {
        f->store = store_free(f->store);
        assert_int_equal(store_open(f->path, &f->store), 0);
}

static inline int fixture_setup(void **state) {
        Fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        (void) snprintf(f->folder, sizeof(f->folder), "/tmp/store-XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        (void) snprintf(f->path, sizeof(f->path), "%s/t.db", f->folder);
        reopen(f);
        f->project = make_project(f->store, "app", APP);
        f->dev = make_stage(f->store, f->project, "dev");
        f->prod = make_stage(f->store, f->project, "prod");
        assert_counts(f->store);
        *state = f;
        return 0;
}

static inline int fixture_teardown(void **state) {
        Fixture *f = *state;

        assert_counts(f->store);
        store_free(f->store);
        assert_int_equal(chmod(f->folder, 0700), 0);
        remove_folder(f->folder);
        free(f);
        return 0;
}

/* A new row of stage "dev" that runs. */
static inline uint64_t run_new(Fixture *f, const char *image, const char *digest) {
        Enqueue push = push_of(f->dev, image);
        uint64_t id;

        push.digest = digest;
        id = enqueue(f->store, &push, ENQUEUE_NEW, 0);
        assert_int_equal(store_start_deploy(f->store, id), 1);
        return id;
}
