/* SPDX-License-Identifier: MIT */
/* Where a deploy is, as a line that fits a terminal. */
#include "ctl/print/progress.h"
#include "ctl/text.h"

#include "unit.h"

static void percentage_is_read_of_a_pull_alone(void **state) {
        (void) state;

        assert_int_equal(progress_percent("pulling", "0%"), 0);
        assert_int_equal(progress_percent("pulling", "42% of 30 MB"), 42);
        assert_int_equal(progress_percent("pulling", "100%"), 100);
        assert_int_equal(progress_percent("probing", "42%"), -1);
        assert_int_equal(progress_percent("pulling", ""), -1);
        assert_int_equal(progress_percent("pulling", "%"), -1);
        assert_int_equal(progress_percent("pulling", "-4%"), -1);
        assert_int_equal(progress_percent("pulling", "101%"), -1);
        assert_int_equal(progress_percent("pulling", "42 %"), -1);
        assert_int_equal(progress_percent("pulling", "4294967338%"), -1);
}

static void assert_line(const char *phase, const char *detail, size_t columns, bool bold,
                        const char *wanted) {
        _cleanup_free_ char *line = NULL;

        assert_int_equal(progress_line(phase, detail, 12, columns, bold, &line), 0);
        assert_string_equal(line, wanted);
}

static void pull_has_a_bar_where_there_is_room(void **state) {
        (void) state;

        assert_line("pulling", "0%", 80, false, "12s pulling [--------------------] 0%");
        assert_line("pulling", "42% of 30 MB", 80, false, "12s pulling [########------------] 42% of 30 MB");
        assert_line("pulling", "100%", 80, false, "12s pulling [####################] 100%");
        assert_line("pulling", "42% of 30 MB", 40, false, "12s pulling 42% of 30 MB");
        assert_line("probing", "42%", 80, false, "12s probing 42%");
}

static void phase_is_bold_where_that_is_wanted(void **state) {
        (void) state;

        assert_line("probing", "200", 80, true, "12s \x1b[1mprobing\x1b[0m 200");
        assert_line("probing", "200", 8, true, "12s \x1b[1mpro\x1b[0m");
}

static void line_is_shorter_than_the_terminal_is_wide(void **state) {
        static const char detail[] =
                        "42% \xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E \xFF and a tail of plain text";

        (void) state;

        for (size_t columns = 0; columns < 120; columns++) {
                _cleanup_free_ char *line = NULL;
                size_t width = 0;

                assert_int_equal(progress_line("pulling", detail, UINT64_MAX, columns, false, &line), 0);
                /* Wide characters take two columns. */
                for (const char *p = line; *p; p++)
                        width += ((unsigned char) *p & 0xC0) == 0x80 ? 0
                                 : (unsigned char) *p >= 0xC0        ? 2
                                                                     : 1;
                assert_true(columns == 0 ? width == 0 : width < columns);
        }

        assert_line("probing", "\xE6\x97\xA5\xE6\x9C\xAC", 15, false, "12s probing \xE6\x97\xA5");
}

static void text_of_others_does_not_control_the_terminal(void **state) {
        _cleanup_free_ char *line = NULL, *detail = NULL;

        (void) state;

        assert_line("a\x1b[2J", "b\r\n\xC2\x9B", 80, false, "12s a\\x1b[2J b\\x0d\\x0a\\u009b");

        detail = malloc(1 << 20);
        assert_non_null(detail);
        memset(detail, '\x1b', (1 << 20) - 1);
        detail[(1 << 20) - 1] = '\0';
        assert_int_equal(progress_line("probing", detail, 12, 10000, false, &line), 0);
        assert_true(text_width(line) < 10000);
        assert_null(strchr(line, '\x1b'));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(percentage_is_read_of_a_pull_alone),
                cmocka_unit_test(pull_has_a_bar_where_there_is_room),
                cmocka_unit_test(phase_is_bold_where_that_is_wanted),
                cmocka_unit_test(line_is_shorter_than_the_terminal_is_wide),
                cmocka_unit_test(text_of_others_does_not_control_the_terminal),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
