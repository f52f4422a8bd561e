/* SPDX-License-Identifier: MIT */
/* The text of a configuration file: sections, keys and values, and what is said of a mistake. */
#include "conf-fixture.h"

static int read_bytes(const char *bytes, size_t length, Config *config, Warnings *warnings,
                      ConfProblem *ret_problem) {
        FILE *file = fmemopen((void *) (uintptr_t) bytes, length > 0 ? length : 1, "r");
        int r;

        assert_non_null(file);
        if (length == 0)
                (void) getc(file);
        r = conf_read(file, "x.conf", keys, ELEMENTSOF(keys), config, on_warning, warnings, ret_problem);
        (void) fclose(file);
        return r;
}

static int read_text(const char *text, Config *config, ConfProblem *ret_problem) {
        Warnings warnings = { 0 };

        return read_bytes(text, strlen(text), config, &warnings, ret_problem);
}

static void values_are_read_by_section_and_key(void **state) {
        _cleanup_config_ Config config = { 0 };
        Warnings warnings = { 0 };
        ConfProblem problem;
        static const char text[] = "# a comment\n"
                                   "; another one\n"
                                   "\n"
                                   "[Main]\n"
                                   "Flag=yes\n"
                                   "  Number =  42  \n"
                                   "Span=1min 30s\r\n"
                                   "Name=a ; b # c = d:e\n"
                                   "Words=one two\tthree";

        (void) state;

        assert_int_equal(read_bytes(text, sizeof(text) - 1, &config, &warnings, &problem), 0);
        assert_int_equal(warnings.n, 0);
        assert_true(config.flag);
        assert_int_equal(config.number, 42);
        assert_int_equal(config.usec, 90 * USEC_PER_SEC);
        assert_string_equal(config.string, "a ; b # c = d:e");
        assert_string_equal(config.words[0], "one");
        assert_string_equal(config.words[2], "three");
        assert_null(config.words[3]);
}

static void list_is_extended_and_emptied(void **state) {
        _cleanup_config_ Config config = { 0 };
        ConfProblem problem;

        (void) state;

        assert_int_equal(read_text("[Main]\nWords=a b\nWords=c\nName=x\nName=y\n", &config, &problem), 0);
        assert_string_equal(config.words[2], "c");
        assert_null(config.words[3]);
        assert_string_equal(config.string, "y");

        assert_int_equal(read_text("[Main]\nWords=\nWords=d\nName=\n", &config, &problem), 0);
        assert_string_equal(config.words[0], "d");
        assert_null(config.words[1]);
        assert_null(config.string);
}

static void ignore_warning(const char *text, void *userdata) {
        (void) text;
        (void) userdata;
}

static void key_that_no_file_has_gets_its_fallback(void **state) {
        static const ConfKey with_fallbacks[] = {
                { "Main", "Span", conf_parse_sec, offsetof(Config, usec), "2min", false },
                { "Main", "Name", conf_parse_string, offsetof(Config, string), NULL, false },
        };
        _cleanup_config_ Config config = { 0 };
        ConfProblem problem;

        (void) state;

        assert_int_equal(conf_load("/nonexistent/x.conf", with_fallbacks, ELEMENTSOF(with_fallbacks),
                                   &config, ignore_warning, NULL, &problem),
                         0);
        assert_int_equal(config.usec, 120 * USEC_PER_SEC);
        assert_null(config.string);
}

static void booleans_are_systemds(void **state) {
        static const char *const yes[] = { "1", "yes", "Y", "true", "T", "ON" };
        static const char *const no[] = { "0", "no", "n", "FALSE", "f", "off" };
        const char *expected = NULL;
        bool flag = false;

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(yes); i++) {
                assert_int_equal(conf_parse_bool(yes[i], &flag, &expected), 0);
                assert_true(flag);
                assert_int_equal(conf_parse_bool(no[i], &flag, &expected), 0);
                assert_false(flag);
        }
        assert_int_equal(conf_parse_bool("maybe", &flag, &expected), -EINVAL);
        assert_non_null(expected);
        assert_int_equal(conf_parse_bool("", &flag, &expected), -EINVAL);
}

static void unknown_key_is_told_with_its_line_and_passed_over(void **state) {
        _cleanup_config_ Config config = { 0 };
        static const char text[] = "[Main]\nnumber=1\nNumber=2\n[Othr]\nName=x\n";
        Warnings warnings = { 0 };
        ConfProblem problem;

        (void) state;

        assert_int_equal(read_bytes(text, sizeof(text) - 1, &config, &warnings, &problem), 0);
        assert_int_equal(warnings.n, 2);
        assert_string_equal(warnings.last, "x.conf:5: unknown key Name= in section [Othr]");
        assert_int_equal(config.number, 2);
        assert_null(config.string);
}

typedef struct Wrong {
        const char *text;
        const char *problem;
        int error;
} Wrong;

static void error_names_file_and_line(void **state) {
        static const Wrong wrong[] = {
                { "[Main]\n\nNumber=many\n", "x.conf:3: Number= wants a number", -EINVAL },
                { "[Main]\nFlag=\n", "x.conf:2: Flag= wants yes or no", -EINVAL },
                { "[Main]\nNumber=4294967296\n", "x.conf:2: Number= wants a number", -EINVAL },
                { "[Main]\nSpan=soon\n", "x.conf:2: Span= wants a time span, such as 90, 5min or 500ms",
                  -EINVAL },
                { "[Main]\nnonsense\n", "x.conf:2: neither [Section] nor Key=value", -EBADMSG },
                { "[Main]\nNumber: 3\n", "x.conf:2: neither [Section] nor Key=value", -EBADMSG },
                { "[Main]\nNumber:a=3\n", "x.conf:2: neither [Section] nor Key=value", -EBADMSG },
                { "[Main]\n=3\n", "x.conf:2: neither [Section] nor Key=value", -EBADMSG },
                { "[Main\nNumber=3\n", "x.conf:1: no section: [Name] is one", -EBADMSG },
                { "[]\n", "x.conf:1: no section: [Name] is one", -EBADMSG },
                { "[Main]\n# M\xfcll\nName=M\xfcll\n", "x.conf:3: not in UTF-8", -EBADMSG },
                { "[M\xfcll]\n", "x.conf:1: not in UTF-8", -EBADMSG },
                { "\xef\xbb\xbf[Main]\n",
                  "x.conf:1: begins with a byte order mark, which it has to do without", -EBADMSG },
                { "\xef\xbb\xbf# here\n",
                  "x.conf:1: begins with a byte order mark, which it has to do without", -EBADMSG },
                { "[Main] # here\n", "x.conf:1: no section: [Name] is one", -EBADMSG },
                { "[Main] Number=3\n", "x.conf:1: no section: [Name] is one", -EBADMSG },
                { "[Main]\nWords=a \\\nb\n", "x.conf:2: lines are not continued by a '\\' at their end",
                  -EBADMSG },
                /* The first problem is the one that is told, whoever finds it. */
                { "[Main]\nnonsense\nNumber=many\n", "x.conf:2: neither [Section] nor Key=value", -EBADMSG },
                { "[Main]\nNumber=many\nnonsense\n", "x.conf:2: Number= wants a number", -EINVAL },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                _cleanup_config_ Config config = { 0 };
                ConfProblem problem = { "" };

                assert_int_equal(read_text(wrong[i].text, &config, &problem), wrong[i].error);
                assert_string_equal(problem.text, wrong[i].problem);
        }
}

static void nul_byte_and_long_line_are_refused(void **state) {
        static const char nul[] = "[Main]\nNumber=1\0\n";
        _cleanup_config_ Config config = { 0 };
        Warnings warnings = { 0 };
        ConfProblem problem;
        char line[5000] = "[Main]\nName=";

        (void) state;

        assert_int_equal(read_bytes(nul, sizeof(nul) - 1, &config, &warnings, &problem), -EBADMSG);
        assert_string_equal(problem.text, "x.conf:2: a NUL byte");

        memset(line + 12, 'n', 4000);
        assert_int_equal(read_text(line, &config, &problem), 0);
        assert_int_equal(strlen(config.string), 4000);
        memset(line + 12, 'n', 4200);
        assert_int_equal(read_text(line, &config, &problem), -EBADMSG);
        assert_string_equal(problem.text, "x.conf:2: the line is too long");
}

static void huge_file_is_refused(void **state) {
        _cleanup_config_ Config config = { 0 };
        _cleanup_free_ char *text = malloc(300001);
        ConfProblem problem;

        (void) state;

        assert_non_null(text);
        for (size_t i = 0; i < 300000; i++)
                text[i] = i % 100 == 99 ? '\n' : '#';
        text[300000] = '\0';
        assert_int_equal(read_text(text, &config, &problem), -EBADMSG);
        assert_non_null(strstr(problem.text, "too large"));
        text[200000] = '\0';
        assert_int_equal(read_text(text, &config, &problem), 0);
}

static void empty_file_says_nothing(void **state) {
        _cleanup_config_ Config config = { .number = 7 };
        Warnings warnings = { 0 };
        ConfProblem problem;

        (void) state;

        assert_int_equal(read_bytes("", 0, &config, &warnings, &problem), 0);
        assert_int_equal(read_text("\n\n", &config, &problem), 0);
        assert_int_equal(read_text("[Main]", &config, &problem), 0);
        assert_int_equal(config.number, 7);
}

static void conf_bounds_numbers_and_spans(void **state) {
        const char *expected = NULL;
        unsigned count = 7;
        uint64_t usec = 7;

        (void) state;

        assert_int_equal(conf_parse_max_deploys("1", &count, &expected), 0);
        assert_int_equal(conf_parse_max_deploys("64", &count, &expected), 0);
        assert_int_equal(conf_parse_max_deploys("0", &count, &expected), -EINVAL);
        assert_int_equal(conf_parse_max_deploys("65", &count, &expected), -EINVAL);
        assert_non_null(expected);
        assert_int_equal(count, 64);

        assert_int_equal(conf_parse_timeout("1d", &usec, &expected), 0);
        assert_int_equal(conf_parse_timeout("0", &usec, &expected), -EINVAL);
        assert_int_equal(conf_parse_timeout("25h", &usec, &expected), -EINVAL);
        assert_int_equal(conf_parse_timeout("soon", &usec, &expected), -EINVAL);
        assert_int_equal(usec, 24 * 3600 * USEC_PER_SEC);
}

static void span_is_bounded_after_it_is_parsed(void **state) {
        const char *expected = NULL;
        uint64_t usec = 7;

        (void) state;

        assert_int_equal(conf_parse_at_most(conf_parse_sec, "0", &usec, USEC_PER_SEC, "a second", &expected),
                         0);
        assert_int_equal(usec, 0);
        assert_int_equal(
                        conf_parse_at_most(conf_parse_sec, "1s", &usec, USEC_PER_SEC, "a second", &expected),
                        0);
        assert_int_equal(usec, USEC_PER_SEC);
        assert_null(expected);
        assert_int_equal(conf_parse_at_most(conf_parse_sec, "1001ms", &usec, USEC_PER_SEC, "a second",
                                            &expected),
                         -EINVAL);
        assert_string_equal(expected, "a second");
        assert_int_equal(conf_parse_at_most(conf_parse_timeout, "0", &usec, USEC_PER_SEC, "a second",
                                            &expected),
                         -EINVAL);
        assert_string_not_equal(expected, "a second");
        assert_int_equal(usec, USEC_PER_SEC);
}

static void image_patterns_take_what_one_of_them_takes(void **state) {
        _cleanup_(strv_freep) char **patterns = NULL;
        const char *expected = NULL;

        (void) state;

        assert_true(image_patterns_take(NULL, "a.example/b"));
        assert_int_equal(conf_parse_image_patterns("a.example/* b.example/c/?", &patterns, &expected), 0);
        assert_true(image_patterns_take(patterns, "a.example/b"));
        assert_true(image_patterns_take(patterns, "b.example/c/d"));
        assert_false(image_patterns_take(patterns, "a.example/b/c"));
        assert_false(image_patterns_take(patterns, "xa.example/b"));
        assert_int_equal(conf_parse_image_patterns("a.example/[", &patterns, &expected), -EINVAL);
        assert_int_equal(conf_parse_image_patterns("", &patterns, &expected), 0);
        assert_true(image_patterns_take(patterns, "anything"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(values_are_read_by_section_and_key),
                cmocka_unit_test(list_is_extended_and_emptied),
                cmocka_unit_test(key_that_no_file_has_gets_its_fallback),
                cmocka_unit_test(booleans_are_systemds),
                cmocka_unit_test(unknown_key_is_told_with_its_line_and_passed_over),
                cmocka_unit_test(error_names_file_and_line),
                cmocka_unit_test(nul_byte_and_long_line_are_refused),
                cmocka_unit_test(huge_file_is_refused),
                cmocka_unit_test(empty_file_says_nothing),
                cmocka_unit_test(conf_bounds_numbers_and_spans),
                cmocka_unit_test(span_is_bounded_after_it_is_parsed),
                cmocka_unit_test(image_patterns_take_what_one_of_them_takes),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
