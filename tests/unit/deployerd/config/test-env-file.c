/* SPDX-License-Identifier: MIT */
#include "deployerd/config/env-file.h"

#include <stdio.h>

#include "shared/json.h"
#include "unit.h"

static void expect_a(const char *text, const char *value) {
        _cleanup_(json_freep) json_t *variables = NULL;
        const char *problem = "";
        unsigned line = 0;

        if (env_file_parse(text, strlen(text), &variables, &line, &problem) < 0)
                fail_msg("%s: %u: %s", text, line, problem);
        if (!streq(strempty(json_get_string(variables, "A")), value))
                fail_msg("%s: '%s'", text, strempty(json_get_string(variables, "A")));
}

static void bare_value_is_what_stands_between_the_blanks(void **state) {
        (void) state;

        expect_a("A=1", "1");
        expect_a("A=", "");
        expect_a(" \t A = a b\t c \t\r\n", "a b\t c");
        expect_a("A=a=b;c#d", "a=b;c#d");
        expect_a("A=it's \"so\"", "it's \"so\"");
        expect_a("A=\\\\ \\$x \\'\\ ", "\\ $x ' ");
        expect_a("A=\\n", "n");
        expect_a("A=1\nA=2\n", "2");
        expect_a("A=\xc3\xbc\xe2\x82\xac", "\xc3\xbc\xe2\x82\xac");
}

static void single_quotes_take_everything_as_it_is(void **state) {
        (void) state;

        expect_a("A=' a\\n\"b\" $x \\'", " a\\n\"b\" $x \\");
        expect_a("A='one\ntwo\n'\nB=1", "one\ntwo\n");
        expect_a("A=  ' x '  ", " x ");
        expect_a("A='one' 'two'", "onetwo");
        expect_a("A='one'two three ", "onetwo three");
}

static void double_quotes_heed_four_escapes(void **state) {
        (void) state;

        expect_a("A=\"a\\\"b\\\\c\\`d\\$e\"", "a\"b\\c`d$e");
        expect_a("A=\"a\\nb\\'c\"", "a\\nb\\'c");
        expect_a("A=\"one\ntwo\"", "one\ntwo");
        expect_a("A=\"one\\\ntwo\"", "onetwo");
        expect_a("A=\"#;\"", "#;");
}

static void backslash_at_its_end_continues_a_line(void **state) {
        (void) state;

        expect_a("A=one\\\ntwo\nB=x", "onetwo");
        expect_a("A=one \\\r\n  two", "one   two");
        expect_a("A=one\\\n", "one");
}

static void comments_and_empty_lines_say_nothing(void **state) {
        (void) state;

        expect_a("# A=1\n;A=2\n\n   \n  # A=3\nA=4\n#A=5", "4");
        /* A comment is a line, whatever it ends with. */
        expect_a("# a comment \\\nA=1", "1");
        expect_a("A=1 # no comment", "1 # no comment");
}

static void variables_come_in_the_order_of_the_file(void **state) {
        static const char text[] = "B=1\nA=2\n_c9=3\n";
        _cleanup_(json_freep) json_t *variables = NULL;
        _cleanup_free_ char *shown = NULL;
        const char *problem;
        unsigned line;

        (void) state;

        assert_int_equal(env_file_parse(text, strlen(text), &variables, &line, &problem), 0);
        assert_int_equal(json_encode(variables, &shown), 0);
        assert_string_equal(shown, "{\"B\":\"1\",\"A\":\"2\",\"_c9\":\"3\"}");
}

static void what_is_no_assignment_is_told_with_its_line(void **state) {
        static const char name[] =
                        "the name of a variable is letters, digits and underscores, and does not begin with a digit";
        static const struct {
                const char *text, *problem;
                size_t length; /* 0: that of the text */
                unsigned line;
        } cases[] = {
                { "A=1\n\nhello\n", "is no assignment, comment or empty line", 0, 3 },
                { "A=1\r\nB\r\n", "is no assignment, comment or empty line", 0, 2 },
                { "=1", name, 0, 1 },
                { "A='a\nb'\n1A=1", name, 0, 3 },
                { "A=a\\\nb\nexport B=1", name, 0, 3 },
                { "a-b=1", name, 0, 1 },
                { "A=1\nB='x\n\n", "a single quote is not closed", 0, 2 },
                { "A=1\nB=\"x\\\"\n\n", "a double quote is not closed", 0, 2 },
                { "A=x\\", "a backslash ends the file", 0, 1 },
                { "A=1\nB=\xff\n", "is not in UTF-8, or has a NUL", 0, 2 },
                { "\xef\xbb\xbf"
                  "A=1\n",
                  "begins with a byte order mark, which it has to do without", 0, 1 },
                { "A=1\nB=\0x\n", "is not in UTF-8, or has a NUL", 9, 2 },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                size_t length = cases[i].length > 0 ? cases[i].length : strlen(cases[i].text);
                const char *problem = "";
                json_t *variables = NULL;
                unsigned line = 0;

                if (env_file_parse(cases[i].text, length, &variables, &line, &problem) != -EBADMSG)
                        fail_msg("%s: is taken", cases[i].text);
                assert_string_equal(problem, cases[i].problem);
                assert_int_equal(line, cases[i].line);
                assert_null(variables);
        }
}

static void number_of_variables_is_bounded(void **state) {
        char text[(ENV_VARIABLES_MAX + 1) * 8] = "";
        json_t *variables = NULL;
        const char *problem;
        unsigned line;
        size_t n = 0;

        (void) state;

        for (unsigned i = 0; i < ENV_VARIABLES_MAX; i++)
                n += (size_t) snprintf(text + n, sizeof(text) - n, "A%u=\n", i);
        assert_int_equal(env_file_parse(text, n, &variables, &line, &problem), 0);
        json_decref(variables);
        n += (size_t) snprintf(text + n, sizeof(text) - n, "B=\n");
        assert_int_equal(env_file_parse(text, n, &variables, &line, &problem), -EBADMSG);
        assert_string_equal(problem, "there are too many variables");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(bare_value_is_what_stands_between_the_blanks),
                cmocka_unit_test(single_quotes_take_everything_as_it_is),
                cmocka_unit_test(double_quotes_heed_four_escapes),
                cmocka_unit_test(backslash_at_its_end_continues_a_line),
                cmocka_unit_test(comments_and_empty_lines_say_nothing),
                cmocka_unit_test(variables_come_in_the_order_of_the_file),
                cmocka_unit_test(what_is_no_assignment_is_told_with_its_line),
                cmocka_unit_test(number_of_variables_is_bounded),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
