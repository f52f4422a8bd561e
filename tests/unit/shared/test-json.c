/* SPDX-License-Identifier: MIT */
#include "shared/json.h"

#include <time.h>

#include "unit.h"

static int decode(const char *text, json_t **ret, JsonError *ret_error) {
        return json_decode(text, strlen(text), ret, ret_error);
}

static void json_error_names_line_and_column(void **state) {
        JsonError error;
        json_t *j = NULL;

        (void) state;

        assert_int_equal(decode("{\n  \"image\": nope}", &j, &error), -EBADMSG);
        assert_null(j);
        assert_int_equal(error.line, 2);
        assert_true(error.column > 0);
        assert_true(strlen(error.text) > 0);
}

static void json_refuses_trailing_bytes_and_duplicates(void **state) {
        static const char *const bad[] = { "{} x",          "",         "{\"a\":1,\"a\":2}",
                                           "\"a\\u0000b\"", "{\"a\":}", "[1,]" };
        JsonError error;
        json_t *j = NULL;

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(decode(bad[i], &j, &error), -EBADMSG);
}

static void json_errors_are_for_people(void **state) {
        static const struct {
                const char *bytes;
                size_t length;
                const char *text;
        } bad[] = {
                { "", 0, "it is empty" },
                { " \r\n\t", 4, "it is empty" },
                { "\xef\xbb\xbf{}", 5, "byte order mark" },
                { "\xff\xfe{\0}\0", 6, "UTF-16" },
                { "\xfe\xff\0{\0}", 6, "UTF-16" },
                { "{\0}\0", 4, "byte 2 is a NUL" },
                { "{\"a\": \"b\0\"}", 11, "byte 9 is a NUL" },
                { "{}\0", 3, "byte 3 is a NUL" },
                { "{\"a\": \"\\u0000\"}", 15, "a string contains \\u0000" },
                { "{\"\\u0000\": 1}", 13, "\\u0000" },
        };
        JsonError error;
        json_t *j = NULL;

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                assert_int_equal(json_decode(bad[i].bytes, bad[i].length, &j, &error), -EBADMSG);
                if (!strstr(error.text, bad[i].text) || strstr(error.text, "JSON_ALLOW"))
                        fail_msg("instead of \"%s\": %s", bad[i].text, error.text);
        }
}

/* Errors are told to more people than the text is. */
static void json_errors_do_not_quote(void **state) {
        static const struct {
                const char *text, *expected;
        } bad[] = {
                { "{\"a\" \"hunter2\"}", "':' expected" },
                { "{\"a\": hunter2}", "invalid token" },
                { "[\"hunter2\n\"]", "unexpected newline" },
                { "[\"hunter2\\x\"]", "invalid escape" },
                { "[1 \"hunter2\"]", "']' expected" },
                { "{} \"hunter2\"", "end of file expected" },
                { "{\"hunter2\": 1, \"hunter2\": 2}", "duplicate object key" },
                { "[\"\\ud800\"]", "a string has a \\u that gives no character" },
                { "[\"\\ud800\\u0041\"]", "a string has a \\u that gives no character" },
                { "[\"hunter2\xff\"]", "it is not in UTF-8" },
                { "[\"hunter2", "premature end of input" },
        };
        JsonError error;
        json_t *j = NULL;

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                assert_int_equal(decode(bad[i].text, &j, &error), -EBADMSG);
                assert_string_equal(error.text, bad[i].expected);
        }
}

/* What was read so far is freed, each piece in no more time than it took to be made. */
static void json_gives_up_a_large_text_at_its_end_at_once(void **state) {
        static char text[1024 * 1024];
        clock_t began = clock();
        JsonError error;
        json_t *j = NULL;

        (void) state;

        text[0] = '[';
        for (size_t i = 1; i < sizeof(text); i++)
                text[i] = i % 2 ? '0' : ',';
        assert_int_equal(json_decode(text, sizeof(text), &j, &error), -EBADMSG);
        assert_true(clock() - began < 5 * CLOCKS_PER_SEC);
}

static void json_refuses_deep_nesting_without_recursion(void **state) {
        static char text[200000];
        JsonError error;
        json_t *j = NULL;

        (void) state;

        memset(text, '[', sizeof(text) - 1);
        assert_int_equal(decode(text, &j, &error), -EBADMSG);

        memset(text, 0, sizeof(text));
        memset(text, '[', JSON_DEPTH_MAX);
        memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
        assert_int_equal(decode(text, &j, &error), 0);
        json_decref(j);
}

static void json_brackets_inside_strings_do_not_nest(void **state) {
        _cleanup_(json_freep) json_t *j = NULL;
        char text[300];
        JsonError error;

        (void) state;

        memset(text, '[', sizeof(text) - 1);
        memcpy(text, "\"\\\"", 3);
        memcpy(text + sizeof(text) - 2, "\"", 2);
        assert_int_equal(decode(text, &j, &error), 0);
}

static void json_lookups_answer_other_types_like_absence(void **state) {
        _cleanup_(json_freep) json_t *j = NULL;
        JsonError error;

        (void) state;

        assert_int_equal(decode("{\"a\":{\"b\":\"x\"},\"n\":1.0,\"m\":1.5,\"z\":null}", &j, &error), 0);
        assert_string_equal(json_get_string(json_path(j, "a", NULL), "b"), "x");
        assert_null(json_path(j, "a", "b", "c", NULL));
        assert_null(json_get_string(j, "a"));
        assert_null(json_get_string(j, "z"));
        assert_null(json_get_string(NULL, "a"));
        assert_int_equal(json_get_int(j, "n", -1), 1);
        assert_int_equal(json_get_int(j, "m", -1), -1);
        assert_int_equal(json_get_int(j, "a", -1), -1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(json_error_names_line_and_column),
                cmocka_unit_test(json_refuses_trailing_bytes_and_duplicates),
                cmocka_unit_test(json_errors_are_for_people),
                cmocka_unit_test(json_errors_do_not_quote),
                cmocka_unit_test(json_gives_up_a_large_text_at_its_end_at_once),
                cmocka_unit_test(json_refuses_deep_nesting_without_recursion),
                cmocka_unit_test(json_brackets_inside_strings_do_not_nest),
                cmocka_unit_test(json_lookups_answer_other_types_like_absence),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
