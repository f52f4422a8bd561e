/* SPDX-License-Identifier: MIT */
/*
 * Random sequences of pushes, starts, resolutions, ends and retries, against a model of the rules that is a
 * plain array. After every step the store and the model agree row by row, and what the rules are there for
 * holds: one running and one queued row of a stage at most, and the newest push is never the one that is lost.
 */
#include "store-fixture.h"

#define SEQUENCES 60U
#define STEPS     250U
#define STAGES    3U

typedef struct ModelRow {
        uint64_t id;
        unsigned stage;
        const char *image, *digest;
        DeployState state;
        unsigned attempts;
        bool again;
} ModelRow;

/* A key of a delivery: the id is its number, the hook is always the same. */
typedef struct ModelKey {
        unsigned delivery, stage;
        const char *image;
        size_t row;
} ModelKey;

typedef struct Model {
        Store *store;
        int64_t stages[STAGES];
        ModelRow rows[2 * STEPS];
        size_t n_rows;
        ModelKey keys[STEPS];
        size_t n_keys;
        /* The row that answered the newest push of each stage that was not a redelivery; -1 before the first. */
        ssize_t newest[STAGES];
} Model;

static const struct {
        const char *image, *digest;
} images[] = {
        { APP ":latest", NULL },
        { APP ":edge", NULL },
        { APP ":latest@" DIGEST_A, DIGEST_A },
        { APP ":edge@" DIGEST_A, DIGEST_A },
        { APP ":latest@" DIGEST_B, DIGEST_B },
};

static const char *const digests[] = { DIGEST_A, DIGEST_B };

static unsigned pick(unsigned n) {
        return (unsigned) random() % n;
}

static ModelRow *model_find(Model *m, unsigned stage, DeployState state) {
        for (size_t i = 0; i < m->n_rows; i++)
                if (m->rows[i].stage == stage && m->rows[i].state == state)
                        return &m->rows[i];

        return NULL;
}

static ModelKey *model_find_key(Model *m, unsigned delivery, unsigned stage, const char *image) {
        for (size_t i = 0; i < m->n_keys; i++)
                if (m->keys[i].delivery == delivery && m->keys[i].stage == stage &&
                    streq(m->keys[i].image, image))
                        return &m->keys[i];

        return NULL;
}

static bool stands(DeployState state) {
        return state == DEPLOY_QUEUED || state == DEPLOY_RUNNING || state == DEPLOY_SUCCEEDED ||
               state == DEPLOY_UNCHANGED;
}

/* What the rules say of a push, applied to the model. Delivery 0 is none. The index of the row. */
static size_t model_push(Model *m, unsigned stage, unsigned image, unsigned delivery, bool is_final,
                         EnqueueVerdict *ret_verdict) {
        ModelKey *key = delivery > 0 ? model_find_key(m, delivery, stage, images[image].image) : NULL;
        ModelRow *queued, *running, *row = NULL;
        const char *digest = images[image].digest;

        if (key && (is_final || stands(m->rows[key->row].state))) {
                *ret_verdict = ENQUEUE_REDELIVERED;
                return key->row;
        }

        *ret_verdict = ENQUEUE_JOINED;
        queued = model_find(m, stage, DEPLOY_QUEUED);
        running = model_find(m, stage, DEPLOY_RUNNING);
        if (queued && streq(queued->image, images[image].image))
                row = queued;
        else if (queued)
                queued->state = DEPLOY_SUPERSEDED;
        if (!row && running && digest && running->digest && streq(running->digest, digest))
                row = running;
        if (!row && running && !digest && !running->digest && streq(running->image, images[image].image))
                (row = running)->again = true;
        if (!row) {
                if (running)
                        running->again = false;
                *ret_verdict = ENQUEUE_NEW;
                row = &m->rows[m->n_rows++];
                *row = (ModelRow){ .stage = stage, .image = images[image].image, .digest = digest };
        }

        if (delivery > 0) {
                if (!key)
                        key = &m->keys[m->n_keys++];
                *key = (ModelKey){ delivery, stage, images[image].image, (size_t) (row - m->rows) };
        }
        m->newest[stage] = row - m->rows;
        return (size_t) (row - m->rows);
}

/* The row ended: what joined it unresolved is deployed once more, unless something newer waits. */
static void model_follow(Model *m, ModelRow *row, uint64_t again) {
        bool follows = row->again && !model_find(m, row->stage, DEPLOY_QUEUED);

        assert_int_equal(again > 0, follows);
        if (!follows)
                return;

        assert_true(again > m->rows[m->n_rows - 1].id);
        m->newest[row->stage] = (ssize_t) m->n_rows;
        m->rows[m->n_rows++] = (ModelRow){ .id = again, .stage = row->stage, .image = row->image };
}

static void step_push(Model *m) {
        _cleanup_(enqueue_result_done) EnqueueResult result = { 0 };
        unsigned stage = pick(STAGES), image = pick(ELEMENTSOF(images)), delivery = pick(12);
        EnqueueVerdict verdict;
        Enqueue push = push_of(m->stages[stage], images[image].image);
        char id[16];
        size_t row;

        (void) snprintf(id, sizeof(id), "%u", delivery);
        push.digest = images[image].digest;
        push.delivery_id = delivery > 0 ? id : NULL;
        push.delivery_id_is_final = delivery > 9;
        row = model_push(m, stage, image, delivery, push.delivery_id_is_final, &verdict);

        assert_int_equal(store_enqueue(m->store, &push, &result), 0);
        assert_int_equal(result.verdict, verdict);
        if (verdict == ENQUEUE_NEW) {
                assert_true(row == 0 || result.deploy_id > m->rows[row - 1].id);
                m->rows[row].id = result.deploy_id;
        }
        assert_int_equal(result.deploy_id, m->rows[row].id);
        assert_int_equal(result.state, m->rows[row].state);
}

/* Any row, so that what is not allowed is tried as well. */
static ModelRow *pick_row(Model *m) {
        return m->n_rows > 0 ? &m->rows[m->n_rows - 1 - pick(m->n_rows < 8 ? (unsigned) m->n_rows : 8)]
                             : NULL;
}

static void step_start(Model *m) {
        ModelRow *row = pick_row(m);
        bool can;

        if (!row)
                return;

        can = row->state == DEPLOY_QUEUED && !model_find(m, row->stage, DEPLOY_RUNNING);
        assert_int_equal(store_start_deploy(m->store, row->id), can);
        if (can)
                row->state = DEPLOY_RUNNING;
}

static void step_resolve(Model *m) {
        ModelRow *row = pick_row(m);
        const char *digest = digests[pick(ELEMENTSOF(digests))];
        bool can;

        if (!row)
                return;

        can = row->state == DEPLOY_RUNNING && !strchr(row->image, '@');
        assert_int_equal(store_resolve_deploy(m->store, row->id, digest), can);
        if (can)
                row->digest = digest;
}

static void step_finish(Model *m) {
        static const DeployState finals[] = { DEPLOY_SUCCEEDED, DEPLOY_UNCHANGED, DEPLOY_ROLLED_BACK,
                                              DEPLOY_FAILED, DEPLOY_CANCELLED };
        DeployState state = finals[pick(ELEMENTSOF(finals))];
        ModelRow *row = pick_row(m);
        uint64_t again;
        bool can;

        if (!row)
                return;

        can = row->state == DEPLOY_RUNNING;
        assert_int_equal(store_finish_deploy(m->store, row->id, state, "why", &again), can);
        if (can)
                row->state = state;
        if (can)
                model_follow(m, row, again);
}

static void step_requeue(Model *m) {
        ModelRow *row = pick_row(m);
        bool counts = pick(2), can;
        Requeue requeue = { .bound = counts ? REQUEUE_BOUND_ATTEMPTS : REQUEUE_BOUND_NONE, .reason = "why" };
        RequeueVerdict verdict;
        uint64_t again;

        if (!row)
                return;

        can = row->state == DEPLOY_RUNNING;
        assert_int_equal(store_requeue_deploy(m->store, row->id, &requeue, &verdict, &again), can);
        if (!can) {
                assert_int_equal(verdict, row->state == DEPLOY_QUEUED ? REQUEUE_QUEUED : REQUEUE_SUPERSEDED);
                return;
        }

        row->attempts += counts;
        if (row->attempts == DEPLOY_ATTEMPTS_MAX) {
                assert_int_equal(verdict, REQUEUE_EXHAUSTED);
                row->state = DEPLOY_FAILED;
                model_follow(m, row, again);
        } else if (model_find(m, row->stage, DEPLOY_QUEUED)) {
                assert_int_equal(verdict, REQUEUE_SUPERSEDED);
                row->state = DEPLOY_SUPERSEDED;
        } else {
                assert_int_equal(verdict, REQUEUE_QUEUED);
                row->state = DEPLOY_QUEUED;
                row->again = false;
                if (!strchr(row->image, '@'))
                        row->digest = NULL;
        }
}

static void assert_same(const Model *m) {
        _cleanup_(deploy_list_done) DeployList list = { 0 };

        assert_int_equal(store_list_deploys(m->store, NULL, NULL, UINT32_MAX, &list), 0);
        assert_int_equal(list.n, m->n_rows);
        for (size_t i = 0; i < list.n; i++) {
                const ModelRow *row = &m->rows[m->n_rows - 1 - i];
                const Deploy *deploy = &list.items[i];

                assert_int_equal(deploy->id, row->id);
                assert_int_equal(deploy->stage_id, m->stages[row->stage]);
                assert_string_equal(deploy->image, row->image);
                assert_string_equal(strempty(deploy->digest), strempty(row->digest));
                assert_int_equal(deploy->state, row->state);
                assert_int_equal(deploy->attempts, row->attempts);
        }
}

/* Independent of how the model gets there. */
static void assert_promises(const Model *m) {
        for (unsigned stage = 0; stage < STAGES; stage++) {
                unsigned n_queued = 0, n_running = 0;

                for (size_t i = 0; i < m->n_rows; i++)
                        if (m->rows[i].stage == stage) {
                                n_queued += m->rows[i].state == DEPLOY_QUEUED;
                                n_running += m->rows[i].state == DEPLOY_RUNNING;
                        }
                assert_in_range(n_queued, 0, 1);
                assert_in_range(n_running, 0, 1);

                if (m->newest[stage] < 0)
                        continue;

                /* It waits, runs, or has had its outcome; and nothing waits that would be deployed after it. */
                assert_int_not_equal(m->rows[m->newest[stage]].state, DEPLOY_SUPERSEDED);
                for (size_t i = 0; i < m->n_rows; i++)
                        if (m->rows[i].stage == stage && m->rows[i].state == DEPLOY_QUEUED)
                                assert_int_equal(i, m->newest[stage]);
        }
}

static void run_sequence(unsigned seed) {
        static void (*const steps[])(Model *) = {
                step_push,  step_push,    step_push,   step_start,
                step_start, step_resolve, step_finish, step_requeue,
        };
        static Model m;
        int64_t project;

        srandom(seed);
        m = (Model){ 0 };
        assert_int_equal(store_open(":memory:", &m.store), 0);
        project = make_project(m.store, "app", APP);
        for (unsigned i = 0; i < STAGES; i++) {
                char name[16];

                (void) snprintf(name, sizeof(name), "s%u", i);
                m.stages[i] = make_stage(m.store, project, name);
                m.newest[i] = -1;
        }

        for (unsigned i = 0; i < STEPS; i++) {
                steps[pick(ELEMENTSOF(steps))](&m);
                assert_counts(m.store);
                assert_same(&m);
                assert_promises(&m);
        }
        store_free(m.store);
}

static void store_and_rules_agree_whatever_happens(void **state) {
        (void) state;

        for (unsigned seed = 1; seed <= SEQUENCES; seed++) {
                print_message("# sequence %u\n", seed);
                run_sequence(seed);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(store_and_rules_agree_whatever_happens),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
