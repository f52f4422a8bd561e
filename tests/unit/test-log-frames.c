/* SPDX-License-Identifier: MIT */
#include "deployerd/log-frames.h"

#include "unit.h"

static void expect(const char *bytes, size_t length, bool tty, const char *expected) {
        _cleanup_free_ char *copy = malloc(length + 1), *text = NULL;

        assert_non_null(copy);
        memcpy(copy, bytes, length);
        assert_int_equal(log_frames_text(copy, length, tty, &text), 0);
        assert_string_equal(text, expected);
}

#define EXPECT(bytes, tty, expected) expect(bytes, sizeof(bytes) - 1, tty, expected)

static void frames_of_both_streams_are_joined(void **state) {
        (void) state;

        EXPECT("\1\0\0\0\0\0\0\4one\n"
               "\2\0\0\0\0\0\0\4two\n",
               false, "one | two");
        EXPECT("\1\0\0\0\0\0\0\2on\1\0\0\0\0\0\0\2e\n\1\0\0\0\0\0\0\1x", false, "one | x");
}

static void frames_that_lie_about_their_length_are_cut(void **state) {
        (void) state;

        EXPECT("\1\0\0\0\xff\xff\xff\xff"
               "abc",
               false, "abc");
        EXPECT("\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\1x\1\0\0", false, "x");
        EXPECT("\1\0\0", false, "");
        EXPECT("", false, "");
}

static void frames_of_a_terminal_are_plain_text(void **state) {
        (void) state;

        EXPECT("one\r\ntwo\r\n\r\n", true, "one | two");
}

static void frames_with_any_bytes_become_text(void **state) {
        (void) state;

        EXPECT("a\0b\xff\x1b[m\n\n\nc", true, "a?b? [m | c");
}

static void frames_keep_the_end_of_what_is_long(void **state) {
        _cleanup_free_ char *bytes = malloc(3 * LOG_TEXT_MAX), *text = NULL;

        (void) state;

        assert_non_null(bytes);
        memset(bytes, 'x', 3 * LOG_TEXT_MAX);
        memcpy(bytes + 3 * LOG_TEXT_MAX - 4, "\nend", 4);
        assert_int_equal(log_frames_text(bytes, 3 * LOG_TEXT_MAX, true, &text), 0);
        assert_true(strlen(text) <= LOG_TEXT_MAX + 2);
        assert_string_equal(text + strlen(text) - 7, "x | end");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(frames_of_both_streams_are_joined),
                cmocka_unit_test(frames_that_lie_about_their_length_are_cut),
                cmocka_unit_test(frames_of_a_terminal_are_plain_text),
                cmocka_unit_test(frames_with_any_bytes_become_text),
                cmocka_unit_test(frames_keep_the_end_of_what_is_long),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
