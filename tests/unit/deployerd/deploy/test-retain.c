/* SPDX-License-Identifier: MIT */
/* Which images stay for a rollback. */
#include "deployerd/deploy/retain.h"
#include "shared/json.h"
#include "unit.h"

#define STORE "7d1f8f0e-3c55-4a52-9d3f-5f1d7c0c2b11"
#define OTHER "9e2a7c1d-3c55-4a52-9d3f-5f1d7c0c2b11"

static char *tag_of(const char *stage, uint64_t deploy, const char *store) {
        char tag[RETAIN_TAG_SIZE];

        retain_tag(&(RetainOwner){ "web", stage, store }, deploy, false, tag);
        return strdup(tag);
}

static void add(ImageTagList *list, char *tag, const char *id) {
        list->items = reallocarray(list->items, list->n + 1, sizeof(*list->items));
        assert_non_null(list->items);
        list->items[list->n++] = (ImageTag){ tag, strdup(id) };
}

/* Which of the tags go, as a text of 'x' and '.'. */
static const char *plan(const ImageTagList *list, unsigned keep) {
        static char text[64];
        bool *goes = NULL;

        assert_int_equal(retain_plan(list, &(RetainOwner){ "web", "dev", STORE }, keep, &goes), 0);
        for (size_t i = 0; i < list->n; i++)
                text[i] = goes[i] ? 'x' : '.';
        text[list->n] = '\0';
        free(goes);
        return text;
}

static void tag_says_of_what_project_stage_deploy_and_store_it_is(void **state) {
        char tag[RETAIN_TAG_SIZE];

        (void) state;
        retain_tag(&(RetainOwner){ "web", "dev", STORE }, 7, false, tag);
        assert_string_equal(tag, "tinyforge.dev.7.7d1f8f0e-0fd9bc91");
}

static void longest_tag_is_one_that_registries_take(void **state) {
        const char stage[] = "a123456789b123456789c123456789d123456789e123456789f123456789012";
        char tag[RETAIN_TAG_SIZE];

        (void) state;
        assert_int_equal(strlen(stage), 63);
        retain_tag(&(RetainOwner){ stage, stage, STORE }, UINT64_MAX, true, tag);
        assert_int_equal(strlen(tag), RETAIN_TAG_SIZE - 1);
        assert_true(strlen(tag) <= 128);
}

static void newest_images_stay(void **state) {
        _cleanup_(image_tag_list_done) ImageTagList list = { .n = 0 };

        (void) state;
        add(&list, tag_of("dev", 9, STORE), "C");
        add(&list, tag_of("dev", 10, STORE), "D");
        add(&list, tag_of("dev", 7, STORE), "A");
        add(&list, tag_of("dev", 8, STORE), "B");
        assert_string_equal(plan(&list, 2), "..xx");
        assert_string_equal(plan(&list, 3), "..x.");
        assert_string_equal(plan(&list, 9), "....");
        assert_string_equal(plan(&list, 0), "xxxx");
}

static void image_counts_once_and_by_its_newest_deploy(void **state) {
        _cleanup_(image_tag_list_done) ImageTagList list = { .n = 0 };

        (void) state;
        add(&list, tag_of("dev", 1, STORE), "A");
        add(&list, tag_of("dev", 2, STORE), "B");
        add(&list, tag_of("dev", 3, STORE), "A");
        assert_string_equal(plan(&list, 2), "x..");
        assert_string_equal(plan(&list, 1), "xx.");
}

static void tags_of_others_are_left_alone(void **state) {
        _cleanup_(image_tag_list_done) ImageTagList list = { .n = 0 };

        (void) state;
        add(&list, tag_of("dev", 1, OTHER), "A");
        add(&list, tag_of("prod", 2, STORE), "B");
        add(&list, tag_of("dev.3", 4, STORE), "B");
        add(&list, strdup("v1"), "C");
        add(&list, strdup("tinyforge.dev"), "C");
        add(&list, strdup("tinyforge.dev."), "C");
        add(&list, strdup("tinyforge.dev.1"), "C");
        add(&list, strdup("tinyforge.dev.01.7d1f8f0e"), "C");
        add(&list, strdup("tinyforge.dev.99999999999999999999999.7d1f8f0e"), "C");
        add(&list, strdup("tinyforge.dev.1.7d1f8f0e.more"), "C");
        assert_string_equal(plan(&list, 0), "..........");
}

/* One image, two projects, each with a stage of that name: what the one drops, or has begun, is not the other one's. */
static void tags_of_another_project_are_left_alone(void **state) {
        _cleanup_(image_tag_list_done) ImageTagList list = { .n = 0 };
        char tag[RETAIN_TAG_SIZE];

        (void) state;
        for (uint64_t deploy = 1; deploy <= 3; deploy++) {
                retain_tag(&(RetainOwner){ "worker", "dev", STORE }, deploy, deploy == 3, tag);
                add(&list, strdup(tag), "A");
        }
        assert_string_equal(plan(&list, 0), "...");
}

static void tags_of_versions_without_a_project_go_as_well(void **state) {
        _cleanup_(image_tag_list_done) ImageTagList list = { .n = 0 };

        (void) state;
        add(&list, strdup("tinyforge.dev.7.7d1f8f0e"), "A");
        add(&list, strdup("tinyforge.dev.8.7d1f8f0e.pending"), "B");
        add(&list, tag_of("dev", 9, STORE), "C");
        assert_string_equal(plan(&list, 2), ".x.");
        assert_string_equal(plan(&list, 1), "xx.");
}

static void only_tags_of_the_repository_are_read(void **state) {
        static const char text[] =
                        "[{\"Id\":\"sha256:1\",\"RepoTags\":[\"shop:v1\",\"example.com/shop:v1\"]},"
                        "{\"Id\":\"sha256:2\",\"RepoTags\":[\"docker.io/library/shop:v2\",\"<none>:<none>\"]},"
                        "{\"Id\":\"sha256:3\",\"RepoTags\":null},{\"RepoTags\":[\"shop:v3\"]},7]";
        _cleanup_(image_tag_list_done) ImageTagList list = { .n = 0 };
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_(json_freep) json_t *json = NULL;
        JsonError error;

        (void) state;
        assert_int_equal(image_ref_parse("shop", &ref, NULL), 0);
        assert_int_equal(json_decode(text, strlen(text), &json, &error), 0);
        assert_int_equal(image_tag_list_read(json, ref, &list), 0);
        assert_int_equal(list.n, 2);
        assert_string_equal(list.items[0].tag, "v1");
        assert_string_equal(list.items[0].id, "sha256:1");
        assert_string_equal(list.items[1].tag, "v2");
}

static void what_is_no_list_is_refused(void **state) {
        _cleanup_(image_tag_list_done) ImageTagList list = { .n = 0 };
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_(json_freep) json_t *json = json_object();

        (void) state;
        assert_int_equal(image_ref_parse("shop", &ref, NULL), 0);
        assert_int_equal(image_tag_list_read(json, ref, &list), -EBADMSG);
        assert_int_equal(image_tag_list_read(NULL, ref, &list), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tag_says_of_what_project_stage_deploy_and_store_it_is),
                cmocka_unit_test(longest_tag_is_one_that_registries_take),
                cmocka_unit_test(newest_images_stay),
                cmocka_unit_test(image_counts_once_and_by_its_newest_deploy),
                cmocka_unit_test(tags_of_others_are_left_alone),
                cmocka_unit_test(tags_of_another_project_are_left_alone),
                cmocka_unit_test(tags_of_versions_without_a_project_go_as_well),
                cmocka_unit_test(only_tags_of_the_repository_are_read),
                cmocka_unit_test(what_is_no_list_is_refused),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
