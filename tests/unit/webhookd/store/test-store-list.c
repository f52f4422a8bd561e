/* SPDX-License-Identifier: MIT */
/* Which deploys the lists name, and in which order. */
#include "store-fixture.h"

static void ready_rows_are_the_oldest_of_stages_where_nothing_runs(void **state) {
        int64_t third = make_stage(((Fixture *) *state)->store,
                                   make_project(((Fixture *) *state)->store, "b", "b"), "dev");
        Fixture *f = *state;
        uint64_t prod, other, ready = 0;

        (void) run_new(f, APP ":1", NULL);
        (void) push_new(f->store, f->dev, APP ":2", 0);
        prod = push_new(f->store, f->prod, APP ":2", 0);
        other = push_new(f->store, third, "b:1", 0);

        assert_int_equal(store_next_ready(f->store, 0, &ready), 1);
        assert_int_equal(ready, prod);
        assert_int_equal(store_next_ready(f->store, ready, &ready), 1);
        assert_int_equal(ready, other);
        assert_int_equal(store_next_ready(f->store, ready, &ready), 0);
}

static void running_rows_are_listed_oldest_first(void **state) {
        _cleanup_(deploy_list_done) DeployList running = { 0 };
        Fixture *f = *state;
        uint64_t dev = push_new(f->store, f->dev, APP ":1", 0),
                 prod = push_new(f->store, f->prod, APP ":1", 0);

        assert_int_equal(store_start_deploy(f->store, prod), 1);
        assert_int_equal(store_start_deploy(f->store, dev), 1);
        assert_int_equal(store_list_running(f->store, &running), 0);
        assert_int_equal(running.n, 2);
        assert_int_equal(running.items[0].id, dev);
        assert_int_equal(running.items[1].id, prod);
        assert_int_equal(count_of(f->store, DEPLOY_RUNNING), 2);
}

static void deploys_are_listed_newest_first_by_project_and_stage(void **state) {
        static const struct {
                const char *project, *stage;
                unsigned limit;
                size_t n;
        } cases[] = {
                { NULL, NULL, 100, 3 },     { "", "", 2, 2 },        { "app", NULL, 100, 2 },
                { "app", "prod", 100, 1 },  { NULL, "dev", 100, 2 }, { "b", "prod", 100, 0 },
                { "nobody", NULL, 100, 0 }, { NULL, NULL, 0, 0 },    { NULL, NULL, UINT32_MAX, 3 },
        };
        Fixture *f = *state;
        int64_t third = make_stage(f->store, make_project(f->store, "b", "b"), "dev");

        (void) push_new(f->store, f->dev, APP ":1", 0);
        (void) push_new(f->store, f->prod, APP ":1", 0);
        (void) push_new(f->store, third, "b:1", 0);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(deploy_list_done) DeployList list = { 0 };

                assert_int_equal(store_list_deploys(f->store, cases[i].project, cases[i].stage,
                                                    cases[i].limit, &list),
                                 0);
                assert_int_equal(list.n, cases[i].n);
                for (size_t k = 1; k < list.n; k++)
                        assert_true(list.items[k - 1].id > list.items[k].id);
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(ready_rows_are_the_oldest_of_stages_where_nothing_runs),
                TEST(running_rows_are_listed_oldest_first),
                TEST(deploys_are_listed_newest_first_by_project_and_stage),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
