/* SPDX-License-Identifier: MIT */
#include "deployerd/deploy/instance.h"

#include <stdio.h>

#include "shared/json.h"
#include "unit.h"

#define OURS   "7d1f8f0e-3c55-4a52-9d3f-5f1d7c0c2b11"
#define THEIRS "00000000-0000-4000-8000-000000000000"

/* Newest first, as instance_list() sorts. What is to be retired, as a text of one letter an instance. */
static const char *plan(Instance *items, size_t n, uint64_t current, unsigned max_instances) {
        InstanceList list = { items, n };
        static char result[32];

        instance_list_plan(&list, OURS, current, max_instances);
        for (size_t i = 0; i < n; i++)
                result[i] = items[i].retire ? 'x' : '-';
        result[n] = '\0';
        return result;
}

static Instance instance(uint64_t deploy, const char *digest) {
        return (Instance){ .deploy = deploy, .digest = digest, .store = OURS };
}

static void plan_leaves_only_the_current_one(void **state) {
        Instance items[] = { instance(9, "b"), instance(8, "a"), instance(7, "c") };

        (void) state;

        assert_string_equal(plan(items, 3, 9, 1), "-xx");
        /* Also when it is not the newest: the label of a restored store can be older. */
        assert_string_equal(plan(items, 3, 8, 1), "x-x");
}

static void plan_counts_digests_and_not_containers(void **state) {
        Instance items[] = { instance(9, "b"), instance(8, "a"), instance(7, "b"), instance(6, "a"),
                             instance(5, "c") };

        (void) state;

        assert_string_equal(plan(items, 5, 9, 2), "--xxx");
        assert_string_equal(plan(items, 5, 9, 3), "--xx-");
        assert_string_equal(plan(items, 5, 9, 16), "--xx-");
        assert_string_equal(plan(items, 5, 9, 4000), "--xx-");
}

static void plan_retires_what_is_pending(void **state) {
        Instance items[] = { instance(9, "b"), instance(9, "b"), instance(8, "a") };

        (void) state;

        items[1].pending = true;
        assert_string_equal(plan(items, 3, 9, 1), "-xx");
        assert_string_equal(plan(items, 3, 9, 2), "-x-");
}

static void plan_never_touches_other_stores(void **state) {
        Instance items[] = { instance(12, "x"), instance(9, "b"), instance(8, "a"), instance(7, "y") };

        (void) state;

        items[0].store = THEIRS;
        items[3].store = THEIRS;
        items[3].pending = true;
        assert_string_equal(plan(items, 4, 9, 1), "--x-");
        /* Nor does theirs count, whatever its number. */
        items[2].store = THEIRS;
        items[2].deploy = 9;
        assert_string_equal(plan(items, 4, 9, 1), "----");
}

static void name_tells_project_stage_and_deploy(void **state) {
        char longest[INSTANCE_NAME_SIZE], name[INSTANCE_NAME_SIZE], part[64];

        (void) state;

        instance_name("shop", "dev", 7, false, name);
        assert_string_equal(name, "shop-dev-7");
        instance_name("shop", "dev", 7, true, name);
        assert_string_equal(name, "shop-dev-7.pending");

        memset(part, 'a', 63);
        part[63] = '\0';
        instance_name(part, part, UINT64_MAX, true, longest);
        assert_string_equal(longest + 128, "18446744073709551615.pending");
}

static int read_labels(const char *name, const char *labels) {
        _cleanup_(container_done) Container container = { .json = NULL }, owned = { .json = NULL };
        _cleanup_(json_freep) json_t *parsed = NULL;
        Instance read = { .deploy = 0 };
        JsonError error;
        int r;

        assert_int_equal(json_decode(labels, strlen(labels), &parsed, &error), 0);
        container = (Container){ .json = json_incref(parsed), .name = name, .labels = parsed };
        r = instance_read(&container, &read);
        if (r < 0) {
                assert_non_null(container.json);
                return r;
        }

        owned = read.container;
        assert_null(container.json);
        return read.pending;
}

static void instance_is_what_has_all_our_labels(void **state) {
        static const char good[] = "{\"org.tinyforge.project\":\"shop\",\"org.tinyforge.stage\":\"dev\","
                                   "\"org.tinyforge.deploy\":\"7\",\"org.tinyforge.digest\":\"d\","
                                   "\"org.tinyforge.config\":\"c\",\"org.tinyforge.store\":\"s\"}";
        static const char *const broken[][2] = {
                { "shop\",", "Shop\"," }, { "\"dev\"", "7" },       { "\"7\"", "\"-7\"" },
                { "\"7\"", "7" },         { ".digest", ".digits" }, { ".store", ".shop" },
                { ".config", ".conf" },   { ".deploy", ".deplo" },
        };

        (void) state;

        assert_int_equal(read_labels("shop-dev-7", good), 0);
        assert_int_equal(read_labels("shop-dev-7.pending", good), 1);
        assert_int_equal(read_labels("anything.pendin", good), 0);

        for (size_t i = 0; i < ELEMENTSOF(broken); i++) {
                const char *at = strstr(good, broken[i][0]);
                char text[sizeof(good) + 8];

                assert_non_null(at);
                (void) snprintf(text, sizeof(text), "%.*s%s%s", (int) (at - good), good, broken[i][1],
                                at + strlen(broken[i][0]));
                assert_int_equal(read_labels("shop-dev-7", text), -EBADMSG);
        }
}

static void instance_is_well_when_it_runs_and_is_not_ill(void **state) {
        static const struct {
                bool running;
                const char *status, *health;
                bool well;
        } cases[] = {
                { true, "running", "none", true },      { true, "running", "healthy", true },
                { true, "running", "starting", false }, { true, "running", "unhealthy", false },
                { true, "restarting", "none", false },  { true, "paused", "none", false },
                { false, "exited", "healthy", false },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Instance item = { .container = { .running = cases[i].running,
                                                 .status = cases[i].status,
                                                 .health = cases[i].health } };

                assert_int_equal(instance_is_well(&item, /* check_counts= */ true), cases[i].well);
        }
}

/* Of stage "dev", and of deploy 8: whether nothing half done is there. */
static bool settled(const char *name, const char *stage, const char *deploy, const char *status) {
        _cleanup_(json_freep) json_t *labels =
                        json_pack("{s:s, s:s*}", LABEL_STAGE, stage, LABEL_DEPLOY, deploy);
        ContainerRow row = { .id = "ab", .name = name, .image = "", .state = status, .labels = labels };

        return instance_rows_are_settled(&(ContainerList){ .rows = &row, .n = 1 }, "dev", 8);
}

static void list_settles_a_stage_where_all_that_is_there_runs_under_its_name(void **state) {
        (void) state;

        assert_true(instance_rows_are_settled(&(ContainerList){ .n = 0 }, "dev", 8));
        assert_true(settled("shop-dev-7", "dev", "7", "running"));
        assert_false(settled("shop-dev-8", "dev", "8", "running"));
        assert_false(settled("shop-dev-7.pending", "dev", "7", "running"));
        assert_false(settled("shop-dev-7", "dev", "7", "exited"));
        assert_false(settled("shop-dev-7", "dev", "7", "restarting"));
        assert_false(settled("", "dev", "7", "running"));
        assert_false(settled("shop-dev-7", "dev", NULL, "running"));
        assert_false(settled("shop-dev-7", "dev", "seven", "running"));
        /* Another stage is another deploy's. */
        assert_true(settled("shop-prod-8.pending", "prod", "8", "exited"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(plan_leaves_only_the_current_one),
                cmocka_unit_test(plan_counts_digests_and_not_containers),
                cmocka_unit_test(plan_retires_what_is_pending),
                cmocka_unit_test(plan_never_touches_other_stores),
                cmocka_unit_test(name_tells_project_stage_and_deploy),
                cmocka_unit_test(instance_is_what_has_all_our_labels),
                cmocka_unit_test(instance_is_well_when_it_runs_and_is_not_ill),
                cmocka_unit_test(list_settles_a_stage_where_all_that_is_there_runs_under_its_name),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
