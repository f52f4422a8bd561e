/* SPDX-License-Identifier: MIT */
/*
 * What the store can take: pushes a second, one transaction each and in groups of a turn, and how long opening
 * takes with a queue's history in it. `bench-store [FOLDER]`: the disk that is measured; the working directory
 * by default. The ratio is what the group commit is for; it is large where fsync(2) is slow.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "shared/time-util.h"
#include "webhookd/store/store.h"

#define STAGES       100U
#define ROWS_MAX     20000U
#define MEASURE_USEC (3 * USEC_PER_SEC)
#define OPENINGS     20U

static const unsigned groups[] = { 1, 8, 64, 256 };

static int make_stages(Store *store, int64_t ids[static STAGES]) {
        for (unsigned i = 0; i < STAGES; i++) {
                char name[16];
                int64_t project;
                int r;

                (void) snprintf(name, sizeof(name), "app%u", i);
                r = store_create_project(store, &(Project){ .name = name, .image = name }, &project);
                if (r < 0)
                        return r;

                r = store_create_stage(store,
                                       &(Stage){ .project_id = project,
                                                 .name = (char[]){ "dev" },
                                                 .tag_pattern = (char[]){ "*" },
                                                 .auto_deploy = true,
                                                 .max_instances = 1 },
                                       &ids[i]);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* One push, as a request makes it: with a delivery id, and bracketed. */
static int push(Store *store, int64_t stage, unsigned n) {
        _cleanup_(enqueue_result_done) EnqueueResult result = { 0 };
        char image[64], delivery[32];
        int r;

        (void) snprintf(image, sizeof(image), "registry.example/team/app:%u", n);
        (void) snprintf(delivery, sizeof(delivery), "delivery-%u", n);
        r = store_mark(store);
        if (r < 0)
                return r;

        r = store_enqueue(store,
                          &(Enqueue){ .stage_id = stage,
                                      .image = image,
                                      .source = "webhook",
                                      .hook = "main",
                                      .delivery_id = delivery,
                                      .max_queued = STAGES },
                          &result);
        if (r < 0)
                return r;

        return store_keep(store);
}

static int push_group(Store *store, const int64_t *stages, unsigned first, unsigned group) {
        int r;

        r = store_begin(store);
        for (unsigned i = 0; r >= 0 && i < group; i++)
                r = push(store, stages[(first + i) % STAGES], first + i);

        return r < 0 ? r : store_commit(store);
}

/* Rows a second with that many in a transaction, in a new store. */
static int measure_group(const char *path, unsigned group, double *ret) {
        _cleanup_(store_freep) Store *store = NULL;
        int64_t stages[STAGES];
        uint64_t start, now;
        unsigned n = 0;
        int r;

        r = store_open(path, &store);
        if (r >= 0)
                r = make_stages(store, stages);
        if (r < 0)
                return r;

        start = now = now_usec(CLOCK_MONOTONIC);
        while (n < ROWS_MAX && now - start < MEASURE_USEC) {
                r = push_group(store, stages, n, group);
                if (r < 0)
                        return r;

                n += group;
                now = now_usec(CLOCK_MONOTONIC);
        }

        *ret = (double) n * (double) USEC_PER_SEC / (double) (now - start);
        return 0;
}

static int measure_opening(const char *path, double *ret_msec) {
        uint64_t start = now_usec(CLOCK_MONOTONIC);

        for (unsigned i = 0; i < OPENINGS; i++) {
                _cleanup_(store_freep) Store *store = NULL;
                int r;

                r = store_open(path, &store);
                if (r < 0)
                        return r;
        }

        *ret_msec = (double) (now_usec(CLOCK_MONOTONIC) - start) / OPENINGS / (double) USEC_PER_MSEC;
        return 0;
}

static int bench(const char *folder) {
        double first = 0, rate, msec;
        char path[4096];
        struct stat st;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(groups); i++) {
                (void) snprintf(path, sizeof(path), "%s/bench-store-%u.db", folder, groups[i]);
                r = measure_group(path, groups[i], &rate);
                if (r >= 0)
                        r = measure_opening(path, &msec);
                if (r < 0 || stat(path, &st) < 0) {
                        (void) unlink(path);
                        return r < 0 ? r : -errno;
                }

                first = i == 0 ? rate : first;
                (void) printf("%3u a transaction: %8.0f pushes/s, %5.1f times one each; then opening %" PRIi64
                              " KiB takes %.1f ms\n",
                              groups[i], rate, rate / first, (int64_t) st.st_size / 1024, msec);
                (void) unlink(path);
        }

        return 0;
}

int main(int argc, char *argv[]) {
        int r;

        r = bench(argc > 1 ? argv[1] : ".");
        if (r < 0)
                (void) fprintf(stderr, "bench-store: %s\n", strerror(-r));

        return r < 0 ? 1 : 0;
}
