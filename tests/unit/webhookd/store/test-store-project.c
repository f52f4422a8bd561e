/* SPDX-License-Identifier: MIT */
/* Projects and their stages. */
#include "store-fixture.h"

static void project_is_found_by_image_and_by_name(void **state) {
        _cleanup_(project_freep) Project *by_name = NULL, *by_id = NULL, *none = NULL;
        _cleanup_(project_list_done) ProjectList list = { 0 }, no_list = { 0 };
        const Project *by_image;
        Fixture *f = *state;

        assert_int_equal(store_list_projects_of_image(f->store, APP, &list), 0);
        assert_int_equal(list.n, 1);
        by_image = &list.items[0];
        assert_int_equal(by_image->id, f->project);
        assert_string_equal(by_image->name, "app");
        assert_string_equal(by_image->healthcheck, "");
        assert_int_equal(by_image->port, 0);
        assert_false(by_image->auto_created);
        assert_true(by_image->created_at > 0);
        assert_int_equal(store_find_project_by_name(f->store, "app", &by_name), 1);
        assert_string_equal(by_name->image, APP);
        assert_int_equal(store_list_projects_of_image(f->store, "app", &no_list), 0);
        assert_int_equal(no_list.n, 0);
        assert_int_equal(store_find_project_by_id(f->store, f->project, &by_id), 1);
        assert_string_equal(by_id->name, "app");
        assert_int_equal(store_find_project_by_id(f->store, 999, &none), 0);
        assert_null(none);
        assert_int_equal(store_find_project_by_name(f->store, "APP", &none), 0);
}

static void name_of_a_project_is_taken_once_and_an_image_by_many(void **state) {
        _cleanup_(project_list_done) ProjectList list = { 0 };
        Fixture *f = *state;
        int64_t other = -1;

        assert_int_equal(store_create_project(
                                         f->store,
                                         &(Project){ .name = (char[]){ "app" }, .image = (char[]){ "b" } },
                                         &other),
                         -EEXIST);
        assert_int_equal(other, -1);
        assert_true(make_project(f->store, "b", "b") > f->project);
        (void) make_project(f->store, "z", APP);
        (void) make_project(f->store, "a", APP);
        assert_int_equal(store_list_projects_of_image(f->store, APP, &list), 0);
        assert_int_equal(list.n, 3);
        assert_string_equal(list.items[0].name, "a");
        assert_string_equal(list.items[1].name, "app");
        assert_string_equal(list.items[2].name, "z");
}

static void projects_are_listed_by_name_and_counted(void **state) {
        _cleanup_(project_list_done) ProjectList list = { 0 };
        Fixture *f = *state;
        uint64_t n = 0;
        int64_t id;

        for (int i = 20; i > 0; i--) {
                char name[16];

                (void) snprintf(name, sizeof(name), "p%02i", i);
                (void) make_project(f->store, name, name);
        }
        assert_int_equal(store_create_project(f->store,
                                              &(Project){ .name = (char[]){ "zero" },
                                                          .image = (char[]){ "zero" },
                                                          .port = 65535,
                                                          .auto_created = true },
                                              &id),
                         0);
        assert_int_equal(store_list_projects(f->store, "", "", 1000, &list), 0);
        assert_int_equal(list.n, 22);
        assert_string_equal(list.items[0].name, "app");
        assert_int_equal(list.items[21].port, 65535);
        for (size_t i = 1; i < list.n; i++)
                assert_true(strcmp(list.items[i - 1].name, list.items[i].name) < 0);
        assert_int_equal(store_count_projects(f->store, false, &n), 0);
        assert_int_equal(n, 22);
        assert_int_equal(store_count_projects(f->store, true, &n), 0);
        assert_int_equal(n, 1);
}

/* All names from `after` on, by pages of `limit`, with a space behind each. */
static void read_pages(Store *store, const char *prefix, const char *after, unsigned limit,
                       char ret[static 512]) {
        char last[64];
        size_t n = limit;

        (void) snprintf(last, sizeof(last), "%s", after);
        for (ret[0] = '\0'; n == limit;) {
                _cleanup_(project_list_done) ProjectList page = { 0 };

                assert_int_equal(store_list_projects(store, prefix, last, limit, &page), 0);
                assert_true(page.n <= limit);
                n = page.n;
                for (size_t i = 0; i < n; i++) {
                        strcat(strcat(ret, page.items[i].name), " ");
                        (void) snprintf(last, sizeof(last), "%s", page.items[i].name);
                }
        }
}

static void projects_are_listed_in_pages(void **state) {
        static const char *const names[] = { "shop-2", "zz",   "shop_a",  "sho",
                                             "9",      "shop", "shop-10", "shopper" };
        static const struct {
                const char *prefix, *after, *expected;
        } cases[] = {
                { "", "", "9 app sho shop shop-10 shop-2 shop_a shopper zz " },
                { "", "sho", "shop shop-10 shop-2 shop_a shopper zz " },
                { "", "shop-1", "shop-10 shop-2 shop_a shopper zz " },
                { "", "zz", "" },
                { "shop", "", "shop shop-10 shop-2 shop_a shopper " },
                { "shop", "shop-10", "shop-2 shop_a shopper " },
                { "shop", "a", "shop shop-10 shop-2 shop_a shopper " },
                { "shop", "zz", "" },
                { "shop-", "", "shop-10 shop-2 " },
                { "z", "", "zz " },
                { "zz", "", "zz " },
                { "none", "", "" },
                { "~", "", "" },
        };
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                (void) make_project(f->store, names[i], names[i]);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                for (unsigned limit = 1; limit < 12; limit++) {
                        char found[512];

                        read_pages(f->store, cases[i].prefix, cases[i].after, limit, found);
                        assert_string_equal(found, cases[i].expected);
                }
}

static Project *find_app(Fixture *f) {
        Project *project = NULL;

        assert_int_equal(store_find_project_by_name(f->store, "app", &project), 1);
        return project;
}

static void learning_follows_each_image_and_sets_nothing(void **state) {
        static const struct {
                uint16_t port;
                const char *healthcheck;
        } steps[] = { { 8080, "image" }, { 3000, "image" }, { 3000, "" }, { 0, "image" }, { 0, "" } };
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(steps); i++) {
                _cleanup_(project_freep) Project *project = NULL;

                assert_int_equal(store_learn_project(f->store, f->project, steps[i].port,
                                                     steps[i].healthcheck),
                                 0);
                project = find_app(f);
                assert_int_equal(project->learned_port, steps[i].port);
                assert_string_equal(project->learned_healthcheck, steps[i].healthcheck);
                assert_int_equal(project->port, 0);
                assert_string_equal(project->healthcheck, "");
        }
}

/* Nor is what the image before said said of another one. */
static void what_a_person_sets_is_learned_no_more(void **state) {
        static const struct {
                const char *image;
                uint16_t port;
                const char *healthcheck;
                uint16_t expected_port;
                const char *expected_healthcheck;
        } steps[] = {
                { "app", 0, "", 8080, "image" }, { "app", 9090, "", 0, "image" },
                { "app", 0, "", 0, "image" },    { "app", 0, "tcp", 8080, "" },
                { "other", 0, "", 0, "" },
        };
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(steps); i++) {
                _cleanup_(project_freep) Project *before = NULL, *after = NULL;
                char other[] = "registry.example/acme/other";
                Project wanted;

                /* The third step follows the second: what is unset again is not known before another deploy. */
                if (i != 2)
                        assert_int_equal(store_learn_project(f->store, f->project, 8080, "image"), 0);
                before = find_app(f);
                wanted = *before;
                if (streq(steps[i].image, "other"))
                        wanted.image = other;
                wanted.port = steps[i].port;
                wanted.healthcheck = (char *) (uintptr_t) steps[i].healthcheck;
                assert_int_equal(store_set_project(f->store, &wanted), 1);
                after = find_app(f);
                assert_int_equal(after->learned_port, steps[i].expected_port);
                assert_string_equal(after->learned_healthcheck, steps[i].expected_healthcheck);
        }
}

static void stages_are_listed_in_the_order_of_their_bytes(void **state) {
        static const char *const names[] = { "staging", "dev", "a_b", "a-b", "9", "dev2", "prod" },
                                 *const sorted[] = { "9", "a-b", "a_b", "dev", "dev2", "prod", "staging" };
        _cleanup_(stage_list_done) StageList list = { 0 }, other = { 0 };
        Fixture *f = *state;
        int64_t project = make_project(f->store, "b", "b"), empty = make_project(f->store, "c", "c");

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                (void) make_stage(f->store, project, names[i]);
        assert_int_equal(store_list_stages(f->store, project, &list), 0);
        assert_int_equal(list.n, ELEMENTSOF(sorted));
        for (size_t i = 0; i < list.n; i++) {
                assert_string_equal(list.items[i].name, sorted[i]);
                assert_int_equal(list.items[i].project_id, project);
        }
        assert_int_equal(store_list_stages(f->store, empty, &other), 0);
        assert_int_equal(other.n, 0);
}

static void stages_are_listed_in_pages(void **state) {
        static const char *const sorted[] = { "9", "a-b", "a_b", "dev", "prod", "staging" };
        Fixture *f = *state;
        int64_t project = make_project(f->store, "b", "b");

        for (size_t i = ELEMENTSOF(sorted); i > 0; i--)
                (void) make_stage(f->store, project, sorted[i - 1]);
        for (size_t first = 0; first <= ELEMENTSOF(sorted); first++)
                for (unsigned limit = 1; limit < 8; limit++) {
                        _cleanup_(stage_list_done) StageList page = { 0 };
                        size_t left = ELEMENTSOF(sorted) - first;

                        assert_int_equal(store_list_stages_after(f->store, project,
                                                                 first > 0 ? sorted[first - 1] : "", limit,
                                                                 &page),
                                         0);
                        assert_int_equal(page.n, left < limit ? left : limit);
                        for (size_t i = 0; i < page.n; i++)
                                assert_string_equal(page.items[i].name, sorted[first + i]);
                }
}

static void stage_is_created_once_in_a_project_that_exists(void **state) {
        Fixture *f = *state;
        int64_t id = -1;
        Stage stage = {
                .project_id = f->project,
                .name = (char[]){ "beta" },
                .tag_pattern = (char[]){ "v*" },
                .max_instances = 16,
        };
        _cleanup_(stage_freep) Stage *found = NULL, *none = NULL;

        assert_int_equal(store_create_stage(f->store, &stage, &id), 0);
        assert_int_equal(store_create_stage(f->store, &stage, &id), -EEXIST);
        assert_int_equal(store_find_stage(f->store, "app", "beta", &found), 1);
        assert_int_equal(found->id, id);
        assert_string_equal(found->tag_pattern, "v*");
        assert_false(found->auto_deploy);
        assert_int_equal(found->max_instances, 16);
        assert_null(found->available);
        assert_int_equal(store_find_stage(f->store, "app", "none", &none), 0);
        assert_int_equal(store_find_stage(f->store, "b", "dev", &none), 0);
        assert_null(none);

        stage.project_id = f->project + 1;
        assert_int_equal(store_create_stage(f->store, &stage, &id), -EINVAL);
        stage.project_id = f->project;
        stage.name = (char[]){ "many" };
        stage.max_instances = 17;
        assert_int_equal(store_create_stage(f->store, &stage, &id), -EINVAL);
}

static void available_reference_is_kept_and_forgotten(void **state) {
        _cleanup_(stage_freep) Stage *with = NULL, *without = NULL;
        Fixture *f = *state;

        assert_int_equal(store_set_available(f->store, f->dev, APP ":1"), 0);
        assert_int_equal(store_set_available(f->store, f->dev, APP ":2@" DIGEST_A), 0);
        assert_int_equal(store_find_stage(f->store, "app", "dev", &with), 1);
        assert_string_equal(with->available, APP ":2@" DIGEST_A);
        assert_int_equal(store_set_available(f->store, f->dev, NULL), 0);
        assert_int_equal(store_find_stage(f->store, "app", "dev", &without), 1);
        assert_null(without->available);
}

static void project_that_goes_takes_what_is_its_own(void **state) {
        Fixture *f = *state;
        Enqueue push = push_of(f->dev, APP ":1");
        int64_t left = -1;

        push.delivery_id = "id";
        (void) enqueue(f->store, &push, ENQUEUE_NEW, 0);
        assert_int_equal(store_execute(f->store, "DELETE FROM projects"), 0);
        assert_int_equal(count_of(f->store, DEPLOY_QUEUED), 0);
        assert_int_equal(store_read_number(f->store, "SELECT count(*) FROM deliveries", NO_VALUES, &left),
                         1);
        assert_int_equal(left, 0);
}

static void project_is_set_and_another_image_forgets_what_was_available(void **state) {
        _cleanup_(project_freep) Project *project = NULL, *again = NULL;
        _cleanup_(stage_freep) Stage *kept = NULL, *forgotten = NULL;
        Fixture *f = *state;

        (void) make_project(f->store, "b", "b");
        assert_int_equal(store_set_available(f->store, f->dev, APP ":1"), 0);
        assert_int_equal(store_find_project_by_name(f->store, "app", &project), 1);
        project->port = 8080;
        assert_int_equal(store_set_project(f->store, project), 1);
        assert_int_equal(store_find_stage(f->store, "app", "dev", &kept), 1);
        assert_string_equal(kept->available, APP ":1");

        free(project->image);
        project->image = strdup("b");
        assert_int_equal(store_set_project(f->store, project), 1);
        project->image[0] = 'c';
        assert_int_equal(store_set_project(f->store, project), 1);
        assert_int_equal(store_find_project_by_name(f->store, "app", &again), 1);
        assert_string_equal(again->image, "c");
        assert_int_equal(again->port, 8080);
        assert_int_equal(store_find_stage(f->store, "app", "dev", &forgotten), 1);
        assert_null(forgotten->available);
        project->id = 999;
        project->image[0] = 'd';
        assert_int_equal(store_set_project(f->store, project), 0);
}

static void stage_is_set_in_all_its_parts(void **state) {
        _cleanup_(stage_freep) Stage *stage = NULL, *again = NULL;
        Fixture *f = *state;

        assert_int_equal(store_find_stage(f->store, "app", "dev", &stage), 1);
        assert_int_equal(stage->policy, TAG_POLICY_GLOB);
        assert_false(stage->downgrade);
        for (TagPolicy policy = 0; policy < _TAG_POLICY_MAX; policy++) {
                stage->policy = policy;
                assert_int_equal(store_set_stage(f->store, stage), 1);
        }
        free(stage->tag_pattern);
        stage->tag_pattern = strdup("latest");
        stage->auto_deploy = false;
        stage->downgrade = true;
        stage->max_instances = 16;
        assert_int_equal(store_set_stage(f->store, stage), 1);
        assert_int_equal(store_find_stage(f->store, "app", "dev", &again), 1);
        assert_string_equal(again->tag_pattern, "latest");
        assert_int_equal(again->policy, TAG_POLICY_DIGEST);
        assert_false(again->auto_deploy);
        assert_true(again->downgrade);
        assert_int_equal(again->max_instances, 16);
        stage->max_instances = 17;
        assert_int_equal(store_set_stage(f->store, stage), -EINVAL);
        stage->max_instances = 1;
        stage->id = 999;
        assert_int_equal(store_set_stage(f->store, stage), 0);
}

static void stage_or_project_that_is_removed_leaves_the_others_alone(void **state) {
        _cleanup_(project_freep) Project *project = NULL;
        _cleanup_(stage_freep) Stage *prod = NULL;
        Fixture *f = *state;
        int64_t other = make_project(f->store, "b", "b");
        uint64_t last;

        (void) push_new(f->store, f->dev, APP ":1", 0);
        last = push_new(f->store, f->prod, APP ":2", 0);
        assert_int_equal(store_remove_stage(f->store, f->dev), 1);
        assert_int_equal(store_remove_stage(f->store, f->dev), 0);
        assert_int_equal(store_find_stage(f->store, "app", "prod", &prod), 1);
        assert_int_equal(count_of(f->store, DEPLOY_QUEUED), 1);
        assert_int_equal(store_remove_project(f->store, f->project), 1);
        assert_int_equal(store_remove_project(f->store, f->project), 0);
        assert_int_equal(count_of(f->store, DEPLOY_QUEUED), 0);
        assert_int_equal(store_find_project_by_name(f->store, "b", &project), 1);
        /* No number is given twice: containers may be called by it. */
        assert_true(push_new(f->store, make_stage(f->store, other, "dev"), "b:1", 0) > last);
}

static void unfinished_deploy_of_a_project_or_a_stage_is_found(void **state) {
        _cleanup_(deploy_freep) Deploy *none = NULL, *running = NULL, *queued = NULL, *other = NULL;
        Fixture *f = *state;
        uint64_t id;

        assert_int_equal(store_find_unfinished(f->store, "app", NULL, &none), 0);
        id = run_new(f, APP ":1", NULL);
        assert_int_equal(store_find_unfinished(f->store, "app", "", &running), 1);
        assert_int_equal(running->id, id);
        assert_int_equal(store_find_unfinished(f->store, "app", "prod", &other), 0);
        assert_int_equal(store_finish_deploy(f->store, id, DEPLOY_SUCCEEDED, "", &(uint64_t){ 0 }), 1);
        assert_int_equal(store_find_unfinished(f->store, "app", "dev", &other), 0);
        id = push_new(f->store, f->prod, APP ":2", 0);
        assert_int_equal(store_find_unfinished(f->store, "app", "prod", &queued), 1);
        assert_int_equal(queued->id, id);
        assert_int_equal(store_find_unfinished(f->store, "other", "prod", &other), 0);
        assert_null(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(project_is_found_by_image_and_by_name),
                TEST(name_of_a_project_is_taken_once_and_an_image_by_many),
                TEST(projects_are_listed_by_name_and_counted),
                TEST(projects_are_listed_in_pages),
                TEST(learning_follows_each_image_and_sets_nothing),
                TEST(what_a_person_sets_is_learned_no_more),
                TEST(stages_are_listed_in_the_order_of_their_bytes),
                TEST(stages_are_listed_in_pages),
                TEST(stage_is_created_once_in_a_project_that_exists),
                TEST(available_reference_is_kept_and_forgotten),
                TEST(project_that_goes_takes_what_is_its_own),
                TEST(project_is_set_and_another_image_forgets_what_was_available),
                TEST(stage_is_set_in_all_its_parts),
                TEST(stage_or_project_that_is_removed_leaves_the_others_alone),
                TEST(unfinished_deploy_of_a_project_or_a_stage_is_found),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
