/* SPDX-License-Identifier: MIT */
#include "deployerd/config/merge-patch.h"

#include "shared/json.h"
#include "unit.h"

static json_t *parse(const char *text) {
        JsonError error;
        json_t *json = NULL;

        assert_int_equal(json_decode(text, strlen(text), &json, &error), 0);
        return json;
}

static void patch_does_what_the_rfc_tells_in_its_appendix(void **state) {
        static const struct {
                const char *target, *patch, *result;
        } cases[] = {
                { "{'a':'b'}", "{'a':'c'}", "{'a':'c'}" },
                { "{'a':'b'}", "{'b':'c'}", "{'a':'b','b':'c'}" },
                { "{'a':'b'}", "{'a':null}", "{}" },
                { "{'a':'b','b':'c'}", "{'a':null}", "{'b':'c'}" },
                { "{'a':['b']}", "{'a':'c'}", "{'a':'c'}" },
                { "{'a':'c'}", "{'a':['b']}", "{'a':['b']}" },
                { "{'a':{'b':'c'}}", "{'a':{'b':'d','c':null}}", "{'a':{'b':'d'}}" },
                { "{'a':[{'b':'c'}]}", "{'a':[1]}", "{'a':[1]}" },
                { "['a','b']", "['c','d']", "['c','d']" },
                { "{'a':'b'}", "['c']", "['c']" },
                { "{'a':'foo'}", "null", "null" },
                { "{'a':'foo'}", "'bar'", "'bar'" },
                { "{'e':null}", "{'a':1}", "{'e':null,'a':1}" },
                { "[1,2]", "{'a':'b','c':null}", "{'a':'b'}" },
                { "{}", "{'a':{'bb':{'ccc':null}}}", "{'a':{'bb':{}}}" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(json_freep) json_t *target = NULL, *patch = NULL, *expected = NULL, *before = NULL;
                _cleanup_(json_freep) json_t *result = NULL;
                char texts[3][64];

                for (size_t j = 0; j < 3; j++) {
                        const char *text = j == 0   ? cases[i].target
                                           : j == 1 ? cases[i].patch
                                                    : cases[i].result;

                        (void) strcpy(texts[j], text);
                        for (char *p = texts[j]; *p; p++)
                                if (*p == '\'')
                                        *p = '"';
                }
                target = parse(texts[0]);
                before = parse(texts[0]);
                patch = parse(texts[1]);
                expected = parse(texts[2]);
                assert_int_equal(merge_patch(target, patch, &result), 0);
                assert_true(json_equal(result, expected));
                assert_true(json_equal(target, before));
        }
}

static void patch_of_nothing_is_the_patch_without_its_nulls(void **state) {
        _cleanup_(json_freep) json_t *patch = parse("{\"a\":1,\"b\":{\"c\":null}}"), *result = NULL;
        _cleanup_(json_freep) json_t *expected = parse("{\"a\":1,\"b\":{}}");

        (void) state;

        assert_int_equal(merge_patch(NULL, patch, &result), 0);
        assert_true(json_equal(result, expected));
}

static void result_shares_nothing_with_what_it_came_from(void **state) {
        _cleanup_(json_freep) json_t *target = parse("{\"a\":{\"b\":[1]}}"), *result = NULL;
        _cleanup_(json_freep) json_t *patch = parse("{\"c\":{\"d\":[2]},\"e\":[{}]}");

        (void) state;

        assert_int_equal(merge_patch(target, patch, &result), 0);
        assert_ptr_not_equal(json_path(result, "a", "b", NULL), json_path(target, "a", "b", NULL));
        assert_ptr_not_equal(json_path(result, "c", "d", NULL), json_path(patch, "c", "d", NULL));
        assert_ptr_not_equal(json_array_get(json_object_get(result, "e"), 0),
                             json_array_get(json_object_get(patch, "e"), 0));
}

static json_t *nest(unsigned levels, bool arrays) {
        json_t *json = json_integer(1);

        for (unsigned i = 0; i < levels; i++)
                json = arrays ? json_pack("[o]", json) : json_pack("{s:o}", "a", json);
        assert_non_null(json);
        return json;
}

static void nesting_is_bounded(void **state) {
        (void) state;

        for (unsigned arrays = 0; arrays < 2; arrays++) {
                _cleanup_(json_freep) json_t *deepest = nest(JSON_DEPTH_MAX, arrays), *result = NULL;
                _cleanup_(json_freep) json_t *deeper = nest(JSON_DEPTH_MAX + 1, arrays);

                assert_int_equal(merge_patch(NULL, deeper, &result), -E2BIG);
                assert_int_equal(merge_patch(deeper, deepest, &result), -E2BIG);
                assert_null(result);
                assert_int_equal(merge_patch(deepest, deepest, &result), 0);
                assert_true(json_equal(result, deepest));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(patch_does_what_the_rfc_tells_in_its_appendix),
                cmocka_unit_test(patch_of_nothing_is_the_patch_without_its_nulls),
                cmocka_unit_test(result_shares_nothing_with_what_it_came_from),
                cmocka_unit_test(nesting_is_bounded),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
