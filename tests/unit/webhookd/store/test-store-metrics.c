/* SPDX-License-Identifier: MIT */
/* Counters of the store: what they count, that they outlive it, and that they go with their stage. */
#include <math.h>

#include "store-fixture.h"
#include "webhookd/store/show.h"

/* Looks for one sample: `labels` is "a=1,b=2" in the order in which they come. */
typedef struct Wanted {
        const char *name;
        const char *labels;
        double value; /* NAN: not there */
} Wanted;

static int look(const Metric *metric, void *userdata) {
        Wanted *wanted = userdata;
        char labels[512] = "";

        for (size_t i = 0; i < metric->n_labels; i++) {
                size_t n = strlen(labels);

                (void) snprintf(labels + n, sizeof(labels) - n, "%s%s=%s", i > 0 ? "," : "",
                                metric->labels[i].name, metric->labels[i].value);
        }

        if (streq(metric->name, wanted->name) && streq(labels, wanted->labels)) {
                assert_true(isnan(wanted->value));
                wanted->value = metric->value;
        }
        return 0;
}

static double sample(Store *store, const char *name, const char *labels) {
        Wanted wanted = { .name = name, .labels = labels, .value = NAN };

        assert_int_equal(store_visit_metrics(store, look, &wanted), 0);
        return wanted.value;
}

#define assert_sample(f, name, labels, expected) \
        assert_float_equal(sample((f)->store, (name), (labels)), (expected), 1e-9)

/* The row began so long ago. */
static void age(Fixture *f, uint64_t id, uint64_t usec) {
        static const char sql[] = "UPDATE deploys SET started_at = started_at - ?2 WHERE id = ?1";

        assert_int_equal(store_write(f->store, sql, VALUES(value_id(id), value_time(usec))), 1);
}

static void finish(Fixture *f, uint64_t id, DeployState state) {
        uint64_t again = 0;

        assert_int_equal(store_finish_deploy(f->store, id, state, "", &again), 1);
        assert_int_equal(again, 0);
}

static void run_for(Fixture *f, uint64_t usec, DeployState state) {
        uint64_t id = run_new(f, APP ":1", NULL);

        age(f, id, usec);
        finish(f, id, state);
}

static void deliveries_are_counted_by_provider_and_outcome(void **state) {
        Fixture *f = *state;

        for (int i = 0; i < 3; i++)
                assert_int_equal(store_count_delivery(f->store, "generic", DELIVERY_ACCEPTED), 0);
        assert_int_equal(store_count_delivery(f->store, "generic", DELIVERY_KNOWN), 0);
        assert_int_equal(store_count_delivery(f->store, "generic", DELIVERY_IGNORED), 0);
        assert_int_equal(store_count_delivery(f->store, "unknown", DELIVERY_REFUSED), 0);
        reopen(f);
        assert_sample(f, "tinyforge_deliveries_total", "provider=generic,outcome=accepted", 3);
        assert_sample(f, "tinyforge_deliveries_total", "provider=generic,outcome=known", 1);
        assert_sample(f, "tinyforge_deliveries_total", "provider=generic,outcome=ignored", 1);
        assert_sample(f, "tinyforge_deliveries_total", "provider=unknown,outcome=refused", 1);
}

static DeploySteps steps_of(uint64_t pull_usec, uint64_t stop_usec) {
        DeploySteps steps = { .known = { false } };

        deploy_steps_add(&steps, DEPLOY_STEP_PULL, pull_usec);
        deploy_steps_add(&steps, DEPLOY_STEP_STOP, stop_usec);
        return steps;
}

static void steps_of_attempts_are_kept_and_counted_once(void **state) {
        DeploySteps first = steps_of(2 * USEC_PER_SEC, 0),
                    second = steps_of(500 * USEC_PER_MSEC, USEC_PER_SEC);
        Fixture *f = *state;
        uint64_t id = run_new(f, APP ":1", NULL);
        _cleanup_(deploy_freep) Deploy *deploy = NULL;

        assert_int_equal(store_note_steps(f->store, id, &first), 1);
        /* As the deployer tells it again to whoever asks again. */
        assert_int_equal(store_note_steps(f->store, id, &first), 0);
        assert_int_equal(store_note_steps(f->store, id + 1, &first), 0);
        finish(f, id, DEPLOY_SUCCEEDED);
        assert_int_equal(store_note_steps(f->store, id, &second), 0);
        reopen(f);
        assert_int_equal(store_find_deploy(f->store, id, &deploy), 1);
        assert_true(deploy->steps.known[DEPLOY_STEP_PULL] && deploy->steps.known[DEPLOY_STEP_STOP]);
        assert_false(deploy->steps.known[DEPLOY_STEP_DRAIN]);
        assert_int_equal(deploy->steps.usec[DEPLOY_STEP_PULL], 2 * USEC_PER_SEC);

        id = run_new(f, APP ":2", NULL);
        assert_int_equal(store_note_steps(f->store, id, &second), 1);
        assert_sample(f, "tinyforge_deploy_step_seconds_count", "project=app,stage=dev,step=pull", 2);
        assert_sample(f, "tinyforge_deploy_step_seconds_sum", "project=app,stage=dev,step=pull", 2.5);
        assert_sample(f, "tinyforge_deploy_step_seconds_sum", "project=app,stage=dev,step=stop", 1);
        assert_true(isnan(sample(f->store, "tinyforge_deploy_step_seconds_sum",
                                 "project=app,stage=dev,step=drain")));
}

static void steps_of_an_attempt_are_forgotten_by_the_next_one(void **state) {
        const DeploySteps steps = steps_of(USEC_PER_SEC, USEC_PER_SEC);
        static const char again[] = "UPDATE deploys SET state = 'queued', started_at = 0 WHERE id = ?1";
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        Fixture *f = *state;
        uint64_t id = run_new(f, APP ":1", NULL);

        assert_int_equal(store_note_steps(f->store, id, &steps), 1);
        assert_int_equal(store_write(f->store, again, VALUES(value_id(id))), 1);
        assert_int_equal(store_start_deploy(f->store, id), 1);
        assert_int_equal(store_find_deploy(f->store, id, &deploy), 1);
        assert_false(deploy_steps_are_known(&deploy->steps));
        /* That it took as long is another attempt's time. */
        assert_int_equal(store_note_steps(f->store, id, &steps), 1);
        assert_sample(f, "tinyforge_deploy_step_seconds_sum", "project=app,stage=dev,step=stop", 2);
}

static void count_of_a_request_that_is_undone_is_undone(void **state) {
        Fixture *f = *state;

        assert_int_equal(store_begin(f->store), 0);
        assert_int_equal(store_mark(f->store), 0);
        assert_int_equal(store_count_delivery(f->store, "generic", DELIVERY_ACCEPTED), 0);
        assert_int_equal(store_undo(f->store), 0);
        assert_int_equal(store_commit(f->store), 0);
        assert_true(isnan(sample(f->store, "tinyforge_deliveries_total",
                                 "provider=generic,outcome=accepted")));
}

static void turn_counts_what_it_keeps_and_nothing_else(void **state) {
        EnqueueResult result;
        Fixture *f = *state;
        Enqueue push = push_of(f->dev, APP ":4");

        push.max_queued = 0;
        assert_int_equal(store_begin(f->store), 0);
        for (int i = 0; i < 20; i++)
                assert_int_equal(store_count_delivery(f->store, i % 2 ? "generic" : "gitea", DELIVERY_KNOWN),
                                 0);
        for (int i = 0; i < 4; i++) {
                assert_int_equal(store_mark(f->store), 0);
                (void) push_new(f->store, f->dev, i % 2 ? APP ":1" : APP ":2", i > 0);
                assert_int_equal(store_count_delivery(f->store, "generic", DELIVERY_ACCEPTED), 0);
                assert_int_equal(i == 3 ? store_undo(f->store) : store_keep(f->store), 0);
        }
        /* The one before it is put aside, until there turns out to be no room. */
        assert_int_equal(store_enqueue(f->store, &push, &result), -ENOBUFS);
        /* Whoever asks in between sees what there is until then. */
        assert_sample(f, "tinyforge_deliveries_total", "provider=generic,outcome=accepted", 3);
        (void) push_new(f->store, f->dev, APP ":3", 1);
        assert_int_equal(store_commit(f->store), 0);

        reopen(f);
        assert_sample(f, "tinyforge_deliveries_total", "provider=generic,outcome=accepted", 3);
        assert_sample(f, "tinyforge_deliveries_total", "provider=generic,outcome=known", 10);
        assert_sample(f, "tinyforge_deliveries_total", "provider=gitea,outcome=known", 10);
        assert_sample(f, "tinyforge_deploys_total", "project=app,stage=dev,outcome=superseded", 3);
}

static void turn_that_is_rolled_back_has_counted_nothing(void **state) {
        Fixture *f = *state;

        assert_int_equal(store_begin(f->store), 0);
        assert_int_equal(store_count_delivery(f->store, "gitea", DELIVERY_KNOWN), 0);
        assert_int_equal(store_rollback(f->store), 0);
        assert_int_equal(store_begin(f->store), 0);
        assert_int_equal(store_count_delivery(f->store, "generic", DELIVERY_KNOWN), 0);
        assert_int_equal(store_commit(f->store), 0);
        assert_sample(f, "tinyforge_deliveries_total", "provider=generic,outcome=known", 1);
        assert_true(isnan(sample(f->store, "tinyforge_deliveries_total", "provider=gitea,outcome=known")));
}

static void stage_that_goes_in_the_turn_takes_its_counts_along(void **state) {
        Fixture *f = *state;

        assert_int_equal(store_begin(f->store), 0);
        (void) push_new(f->store, f->dev, APP ":1", 0);
        (void) push_new(f->store, f->dev, APP ":2", 1);
        (void) push_new(f->store, f->prod, APP ":1", 0);
        (void) push_new(f->store, f->prod, APP ":2", 1);
        assert_int_equal(store_remove_stage(f->store, f->dev), 1);
        assert_int_equal(store_commit(f->store), 0);
        assert_sample(f, "tinyforge_deploys_total", "project=app,stage=prod,outcome=superseded", 1);
}

static void deploys_are_counted_by_how_they_ended_and_how_long_they_took(void **state) {
        static const char labels[] = "project=app,stage=dev,outcome=succeeded";
        Fixture *f = *state;

        run_for(f, 0, DEPLOY_SUCCEEDED);
        run_for(f, 10 * USEC_PER_SEC, DEPLOY_SUCCEEDED);
        run_for(f, 3000 * USEC_PER_SEC, DEPLOY_SUCCEEDED);
        run_for(f, 70 * USEC_PER_SEC, DEPLOY_FAILED);
        assert_sample(f, "tinyforge_deploys_total", labels, 3);
        assert_sample(f, "tinyforge_deploys_total", "project=app,stage=dev,outcome=failed", 1);
        assert_sample(f, "tinyforge_deploy_duration_seconds_count", labels, 3);
        /* Each test's own microseconds are in it as well. */
        assert_true(fabs(sample(f->store, "tinyforge_deploy_duration_seconds_sum", labels) - 3010) < 2);
        assert_sample(f, "tinyforge_deploy_duration_seconds_bucket",
                      "project=app,stage=dev,outcome=succeeded,le=1.0", 1);
        assert_sample(f, "tinyforge_deploy_duration_seconds_bucket",
                      "project=app,stage=dev,outcome=succeeded,le=5.0", 1);
        assert_sample(f, "tinyforge_deploy_duration_seconds_bucket",
                      "project=app,stage=dev,outcome=succeeded,le=15.0", 2);
        assert_sample(f, "tinyforge_deploy_duration_seconds_bucket",
                      "project=app,stage=dev,outcome=succeeded,le=900.0", 2);
        assert_sample(f, "tinyforge_deploy_duration_seconds_bucket",
                      "project=app,stage=dev,outcome=succeeded,le=+Inf", 3);
        assert_sample(f, "tinyforge_deploy_duration_seconds_bucket",
                      "project=app,stage=dev,outcome=failed,le=60.0", 0);
        assert_sample(f, "tinyforge_deploy_duration_seconds_bucket",
                      "project=app,stage=dev,outcome=failed,le=120.0", 1);
}

static void deploy_that_never_ran_took_no_time(void **state) {
        static const char labels[] = "project=app,stage=dev,outcome=superseded";
        Fixture *f = *state;

        (void) push_new(f->store, f->dev, APP ":1", 0);
        (void) push_new(f->store, f->dev, APP ":2", 1);
        assert_sample(f, "tinyforge_deploys_total", labels, 1);
        assert_true(isnan(sample(f->store, "tinyforge_deploy_duration_seconds_count", labels)));
}

static void clock_that_went_back_takes_no_time_away(void **state) {
        static const char sql[] = "UPDATE deploys SET started_at = started_at + 3600000000 WHERE id = ?1";
        static const char labels[] = "project=app,stage=dev,outcome=succeeded";
        Fixture *f = *state;
        uint64_t id = run_new(f, APP ":1", NULL);

        assert_int_equal(store_write(f->store, sql, VALUES(value_id(id))), 1);
        finish(f, id, DEPLOY_SUCCEEDED);
        assert_sample(f, "tinyforge_deploy_duration_seconds_sum", labels, 0);
}

static void counters_outlive_the_rows_that_they_count(void **state) {
        Fixture *f = *state;
        unsigned n = DEPLOYS_KEPT + 2 * DEPLOYS_UNKEPT;

        for (unsigned i = 0; i < n; i++)
                run_for(f, 0, DEPLOY_FAILED);
        assert_true(count_of(f->store, DEPLOY_FAILED) <= DEPLOYS_KEPT + DEPLOYS_UNKEPT);
        assert_sample(f, "tinyforge_deploys_total", "project=app,stage=dev,outcome=failed", n);
}

static void counters_go_with_their_stage(void **state) {
        Fixture *f = *state;

        run_for(f, 0, DEPLOY_FAILED);
        assert_int_equal(store_remove_stage(f->store, f->dev), 1);
        assert_true(isnan(sample(f->store, "tinyforge_deploys_total",
                                 "project=app,stage=dev,outcome=failed")));
}

static void last_success_is_told_for_each_stage(void **state) {
        static const char sql[] =
                        "UPDATE deploy_counters SET finished_at = 5000000 WHERE state = 'succeeded'";
        static const char labels[] = "project=app,stage=dev";
        Fixture *f = *state;

        run_for(f, 0, DEPLOY_FAILED);
        assert_true(isnan(sample(f->store, "tinyforge_deploy_last_success_timestamp_seconds", labels)));
        run_for(f, 0, DEPLOY_SUCCEEDED);
        assert_int_equal(store_write(f->store, sql, NO_VALUES), 1);
        run_for(f, 0, DEPLOY_FAILED);
        assert_sample(f, "tinyforge_deploy_last_success_timestamp_seconds", labels, 5);
}

static void gauges_are_what_is_there_now(void **state) {
        Fixture *f = *state;

        (void) run_new(f, APP ":1", NULL);
        (void) push_new(f->store, f->prod, APP ":2", 0);
        (void) push_new(f->store, f->dev, APP ":2", 0);
        assert_sample(f, "tinyforge_queue_deploys", "state=queued", 2);
        assert_sample(f, "tinyforge_queue_deploys", "state=running", 1);
        assert_sample(f, "tinyforge_projects", "", 1);
        assert_sample(f, "tinyforge_stages", "", 2);
}

static int refuse(const Metric *metric, void *userdata) {
        (void) metric;

        ++*(int *) userdata;
        return -ENOBUFS;
}

static void visit_ends_where_the_visitor_says_so(void **state) {
        Fixture *f = *state;
        int n = 0;

        assert_int_equal(store_count_delivery(f->store, "generic", DELIVERY_ACCEPTED), 0);
        assert_int_equal(store_count_delivery(f->store, "generic", DELIVERY_IGNORED), 0);
        assert_int_equal(store_visit_metrics(f->store, refuse, &n), -ENOBUFS);
        assert_int_equal(n, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(deliveries_are_counted_by_provider_and_outcome),
                TEST(steps_of_attempts_are_kept_and_counted_once),
                TEST(steps_of_an_attempt_are_forgotten_by_the_next_one),
                TEST(count_of_a_request_that_is_undone_is_undone),
                TEST(turn_counts_what_it_keeps_and_nothing_else),
                TEST(turn_that_is_rolled_back_has_counted_nothing),
                TEST(stage_that_goes_in_the_turn_takes_its_counts_along),
                TEST(deploys_are_counted_by_how_they_ended_and_how_long_they_took),
                TEST(deploy_that_never_ran_took_no_time),
                TEST(clock_that_went_back_takes_no_time_away),
                TEST(counters_outlive_the_rows_that_they_count),
                TEST(counters_go_with_their_stage),
                TEST(last_success_is_told_for_each_stage),
                TEST(gauges_are_what_is_there_now),
                TEST(visit_ends_where_the_visitor_says_so),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
