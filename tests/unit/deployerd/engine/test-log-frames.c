/* SPDX-License-Identifier: MIT */
#include "deployerd/engine/log-frames.h"

#include <stdio.h>

#include "unit.h"

static void expect(const char *bytes, size_t length, bool tty, const char *expected) {
        for (size_t step = 1; step <= length + 1; step++) {
                _cleanup_free_ char *text = NULL;
                LogFrames frames = { .tty = tty };

                for (size_t i = 0; i < length; i += step)
                        log_frames_feed(&frames, bytes + i, length - i < step ? length - i : step);
                assert_int_equal(log_frames_text(&frames, &text), 0);
                assert_string_equal(text, expected);
        }
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
        LogFrames frames = { .tty = true };

        (void) state;

        assert_non_null(bytes);
        memset(bytes, 'x', 3 * LOG_TEXT_MAX);
        memcpy(bytes + 3 * LOG_TEXT_MAX - 4, "\nend", 4);
        log_frames_feed(&frames, bytes, 3 * LOG_TEXT_MAX);
        assert_int_equal(log_frames_text(&frames, &text), 0);
        assert_true(strlen(text) <= LOG_TEXT_MAX + 2);
        assert_string_equal(text + strlen(text) - 7, "x | end");
}

/* Lines of `width` bytes and their newline, numbered from 0, each in a frame of its own. */
static void feed_lines(LogFrames *frames, unsigned n, unsigned width) {
        char line[4096];

        for (unsigned i = 0; i < n; i++) {
                unsigned char header[LOG_FRAME_HEADER_SIZE] = { 1 };

                header[6] = (unsigned char) ((width + 1) >> 8);
                header[7] = (unsigned char) (width + 1);
                memset(line, 'y', width);
                (void) snprintf(line + width - 4, 6, "%04u\n", i);
                log_frames_feed(frames, (const char *) header, sizeof(header));
                log_frames_feed(frames, line, width + 1);
        }
}

static void frames_keep_the_end_of_any_number_of_lines(void **state) {
        (void) state;

        for (unsigned width = 4; width < 3000; width += 37) {
                _cleanup_free_ char *text = NULL;
                LogFrames frames = { .tty = false };

                feed_lines(&frames, 500, width);
                assert_int_equal(log_frames_text(&frames, &text), 0);
                assert_string_equal(text + strlen(text) - 4, "0499");
                /* As many lines as fit are there; each "\n" becomes a separator. */
                if (width < LOG_TEXT_MAX / 2)
                        assert_non_null(strstr(text, "0498 | "));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(frames_of_both_streams_are_joined),
                cmocka_unit_test(frames_that_lie_about_their_length_are_cut),
                cmocka_unit_test(frames_of_a_terminal_are_plain_text),
                cmocka_unit_test(frames_with_any_bytes_become_text),
                cmocka_unit_test(frames_keep_the_end_of_what_is_long),
                cmocka_unit_test(frames_keep_the_end_of_any_number_of_lines),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
