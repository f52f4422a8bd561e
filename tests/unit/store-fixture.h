/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the store share: a folder that goes away with the test, a project with stages, and
 * pushes. Every helper asserts its success. The stores are real files or ":memory:"; a row is aged by SQL,
 * never by waiting.
 */
#pragma once

#include <inttypes.h>
#include <stdio.h>

#include "unit.h"
#include "webhookd/store-internal.h"

#define DIGEST_A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define APP        "registry.example/team/app"
#define MAX_QUEUED 1000U

static inline Store *memory_store(void) {
        Store *store = NULL;

        assert_int_equal(store_open(":memory:", &store), 0);
        return store;
}

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
        assert_int_equal(result.superseded.n, n_superseded);
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
        uint64_t n = 0;

        assert_int_equal(store_count_deploys(store, state, &n), 0);
        return n;
}
