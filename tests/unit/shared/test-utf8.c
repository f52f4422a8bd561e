/* SPDX-License-Identifier: MIT */
#include "shared/utf8.h"

#include "unit.h"

/* One byte, two, three and four. */
#define TEXT "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x90\xb3"

static void text_is_cut_between_two_characters(void **state) {
        static const int ends[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10 };

        (void) state;

        for (size_t max = 0; max < ELEMENTSOF(ends); max++)
                assert_int_equal(utf8_cut(TEXT, max), ends[max]);
}

static void piece_of_a_character_at_the_end_goes(void **state) {
        static const size_t ends[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10 };

        (void) state;

        for (size_t length = 0; length < ELEMENTSOF(ends); length++) {
                _cleanup_free_ char *text = strndup(TEXT, length);

                assert_non_null(text);
                utf8_trim(text);
                assert_int_equal(strlen(text), ends[length]);
        }
}

static void what_is_no_utf8_is_cut_where_it_is_to_be(void **state) {
        (void) state;

        assert_int_equal(utf8_cut("\x80\x80\x80\x80\x80\x80", 5), 5);
        assert_int_equal(utf8_cut("\x80\x80", 1), 1);
        assert_int_equal(utf8_cut("ab", 1), 1);
}

static void first_byte_of_no_character_is_found(void **state) {
        static const struct {
                const char *text;
                int at; /* -1: none */
        } rows[] = {
                { "", -1 },        { TEXT, -1 },          { "\xf4\x8f\xbf\xbf", -1 },
                { "a\xff", 1 },    { "a\x80", 1 },        { "ab\xc3", 2 },
                { "\xc0\xaf", 0 }, { "\xed\xa0\x80", 0 }, { "\xf4\x90\x80\x80", 0 },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                const char *bad = utf8_find_bad(rows[i].text);

                assert_int_equal(bad ? bad - rows[i].text : -1, rows[i].at);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(text_is_cut_between_two_characters),
                cmocka_unit_test(piece_of_a_character_at_the_end_goes),
                cmocka_unit_test(what_is_no_utf8_is_cut_where_it_is_to_be),
                cmocka_unit_test(first_byte_of_no_character_is_found),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
