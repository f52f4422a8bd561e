/* SPDX-License-Identifier: MIT */
/* The policies: what each takes, what it refuses when it is set, and which of two stages takes all of the other's tags. */
#include "shared/tag/tag-policy.h"

#include <stdio.h>
#include <time.h>

#include "shared/tag/tag-regex.h"
#include "shared/time-util.h"
#include "unit.h"

static void names_and_policies_map_both_ways(void **state) {
        (void) state;

        for (TagPolicy policy = 0; policy < _TAG_POLICY_MAX; policy++)
                assert_int_equal(tag_policy_from_string(tag_policy_to_string(policy)), policy);
        assert_int_equal(tag_policy_from_string("Glob"), -EINVAL);
        assert_int_equal(tag_policy_from_string(""), -EINVAL);
}

static void each_policy_reads_the_pattern_its_own_way(void **state) {
        static const struct {
                TagPolicy policy;
                const char *pattern, *tag;
                int match;
        } cases[] = {
                { TAG_POLICY_GLOB, "v*", "v1", 1 },
                { TAG_POLICY_GLOB, "v*", "1", 0 },
                { TAG_POLICY_SEMVER, "^1.4", "v1.5", 1 },
                { TAG_POLICY_SEMVER, "^1.4", "v2", 0 },
                { TAG_POLICY_SEMVER, "^1.4", "latest", 0 },
                { TAG_POLICY_SEMVER, "*", "1042", 1 },
                { TAG_POLICY_REGEX, "v[0-9]+", "v12", 1 },
                { TAG_POLICY_REGEX, "v[0-9]+", "xv12", 0 },
                { TAG_POLICY_REGEX, "v[0-9]+", "v12x", 0 },
                { TAG_POLICY_REGEX, "a|ab", "ab", 1 },
                { TAG_POLICY_REGEX, "a|ab", "b", 0 },
                { TAG_POLICY_REGEX, "^(main|release-.*)$", "release-7", 1 },
                { TAG_POLICY_REGEX, "a*", "", 1 },
                { TAG_POLICY_REGEX, "[0-9]{8}-[0-9a-f]{7,40}", "20261126-5114f85", 1 },
                { TAG_POLICY_REGEX, "[]a{300}]+", "a]3{}", 1 },
                { TAG_POLICY_REGEX, "[[:digit:]]{1,3}", "42", 1 },
                { TAG_POLICY_DIGEST, "latest", "latest", 1 },
                { TAG_POLICY_DIGEST, "latest", "latest2", 0 },
                { TAG_POLICY_DIGEST, "latest", "Latest", 0 },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (tag_policy_match(cases[i].policy, cases[i].pattern, cases[i].tag) != cases[i].match)
                        fail_msg("%s '%s' and '%s'", tag_policy_to_string(cases[i].policy), cases[i].pattern,
                                 cases[i].tag);
}

static void bad_pattern_is_refused_with_what_and_where(void **state) {
        static const struct {
                TagPolicy policy;
                const char *pattern, *reason;
        } cases[] = {
                { TAG_POLICY_GLOB, "v[", "at byte 2" },
                { TAG_POLICY_SEMVER, "^1.4 | 2", "at byte 5: a second |" },
                { TAG_POLICY_SEMVER, "", "at byte 0" },
                { TAG_POLICY_REGEX, "", "at byte 0: the expression is empty" },
                { TAG_POLICY_REGEX, "v(1", "Unmatched" },
                { TAG_POLICY_REGEX, "a)|(b", "Unmatched" },
                { TAG_POLICY_REGEX, "v[1", "Unmatched" },
                { TAG_POLICY_REGEX, "(a)b\\1", "at byte 4: references back" },
                { TAG_POLICY_REGEX, "a{257}", "at byte 1: with all repetitions" },
                { TAG_POLICY_REGEX, "(x(a{16}){16})", "too much" },
                { TAG_POLICY_REGEX, "a{99999999999999999999}", "too much" },
                { TAG_POLICY_REGEX, "((((((((((a+)+)+)+)+)+)+)+)+)+)", "too much" },
                { TAG_POLICY_DIGEST, "", "empty" },
                { TAG_POLICY_DIGEST, "*", "at byte 0" },
                { TAG_POLICY_DIGEST, "v*", "at byte 1" },
                { TAG_POLICY_DIGEST, ".v", "at byte 0" },
                { TAG_POLICY_DIGEST, "a/b", "at byte 1" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char reason[TAG_POLICY_REASON_SIZE] = "";

                if (tag_policy_validate(cases[i].policy, cases[i].pattern, reason) != -EINVAL)
                        fail_msg("'%s' is refused", cases[i].pattern);
                if (!strstr(reason, cases[i].reason))
                        fail_msg("'%s': %s", cases[i].pattern, reason);
                assert_int_equal(tag_policy_match(cases[i].policy, cases[i].pattern, "v1"), -EINVAL);
        }
}

static void longest_pattern_is_taken_and_one_more_byte_is_not(void **state) {
        static const struct {
                TagPolicy policy;
                size_t max;
                char fill;
        } cases[] = {
                { TAG_POLICY_GLOB, TAG_PATTERN_MAX, 'a' },
                { TAG_POLICY_SEMVER, TAG_PATTERN_MAX, ' ' },
                { TAG_POLICY_REGEX, TAG_PATTERN_MAX, 'a' },
                { TAG_POLICY_DIGEST, TAG_MAX, 'a' },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char pattern[TAG_PATTERN_MAX + 2] = "", reason[TAG_POLICY_REASON_SIZE];

                memset(pattern, cases[i].fill, cases[i].max);
                pattern[0] = '1';
                assert_int_equal(tag_policy_validate(cases[i].policy, pattern, reason), 0);
                pattern[cases[i].max] = cases[i].fill;
                assert_int_equal(tag_policy_validate(cases[i].policy, pattern, reason), -ENAMETOOLONG);
        }
}

static void no_expression_that_is_taken_is_slow(void **state) {
        static const char *const expressions[] = {
                "(a*)*b",
                "(a|aa)+c",
                "(a|a?)+c",
                "((a?){15}){15}c",
                "(.*a.*)(.*a.*)(.*a.*)(.*a.*)(.*a.*)(.*a.*)(.*a.*)(.*a.*)c",
                "(a|b|ab)*(.?){200}c",
                "((((((a+)+)+)+)+)+)c",
                "(((.*.*)*(.*.*)*)*(.*.*)*){16}c",
        };
        char tag[TAG_REGEX_TEXT_MAX + 1];
        uint64_t start;

        (void) state;

        memset(tag, 'a', TAG_REGEX_TEXT_MAX);
        tag[TAG_REGEX_TEXT_MAX] = '\0';
        start = now_usec(CLOCK_PROCESS_CPUTIME_ID);
        for (size_t i = 0; i < ELEMENTSOF(expressions); i++)
                assert_int_equal(tag_regex_match(expressions[i], tag), 0);
        /* Together some 50 ms; a sanitizer takes ten times that. */
        assert_true(now_usec(CLOCK_PROCESS_CPUTIME_ID) - start < 5 * USEC_PER_SEC);
}

static void text_that_is_no_tag_matches_no_expression(void **state) {
        char text[TAG_REGEX_TEXT_MAX + 2];

        (void) state;

        memset(text, 'a', sizeof(text));
        text[TAG_REGEX_TEXT_MAX + 1] = '\0';
        assert_int_equal(tag_regex_match(".*", text), 0);
        text[TAG_REGEX_TEXT_MAX] = '\0';
        assert_int_equal(tag_regex_match(".*", text), 1);
}

static void shadow_is_told_only_where_it_is_certain(void **state) {
        static const struct {
                TagPolicy wide_policy;
                const char *wide;
                TagPolicy narrow_policy;
                const char *narrow;
                bool covers;
        } cases[] = {
                { TAG_POLICY_GLOB, "*", TAG_POLICY_GLOB, "v*", true },
                { TAG_POLICY_GLOB, "v*", TAG_POLICY_GLOB, "*", false },
                { TAG_POLICY_GLOB, "*", TAG_POLICY_SEMVER, "^1.4", true },
                { TAG_POLICY_GLOB, "*", TAG_POLICY_REGEX, "v.*", true },
                { TAG_POLICY_GLOB, "*", TAG_POLICY_DIGEST, "latest", true },
                { TAG_POLICY_GLOB, "**", TAG_POLICY_SEMVER, "^1.4", true },
                { TAG_POLICY_GLOB, "v*", TAG_POLICY_SEMVER, "^1.4", false },
                { TAG_POLICY_GLOB, "v*", TAG_POLICY_REGEX, "v.*", false },
                { TAG_POLICY_GLOB, "l*", TAG_POLICY_DIGEST, "latest", true },
                { TAG_POLICY_GLOB, "v*", TAG_POLICY_DIGEST, "latest", false },
                { TAG_POLICY_SEMVER, "^1.4", TAG_POLICY_SEMVER, "^1.4", true },
                { TAG_POLICY_SEMVER, "*", TAG_POLICY_SEMVER, "1.0.0-rc || ^1", false },
                { TAG_POLICY_SEMVER, "^1", TAG_POLICY_DIGEST, "1.5", true },
                { TAG_POLICY_SEMVER, "^1", TAG_POLICY_DIGEST, "stable", false },
                { TAG_POLICY_REGEX, ".*", TAG_POLICY_GLOB, "v*", true },
                { TAG_POLICY_REGEX, ".+", TAG_POLICY_SEMVER, "^1", true },
                { TAG_POLICY_REGEX, "v.*", TAG_POLICY_GLOB, "v*", false },
                { TAG_POLICY_REGEX, "v.*", TAG_POLICY_REGEX, "v.*", true },
                { TAG_POLICY_REGEX, "l.*", TAG_POLICY_DIGEST, "latest", true },
                { TAG_POLICY_DIGEST, "latest", TAG_POLICY_DIGEST, "latest", true },
                { TAG_POLICY_DIGEST, "latest", TAG_POLICY_GLOB, "latest", true },
                { TAG_POLICY_DIGEST, "latest", TAG_POLICY_GLOB, "l*", false },
                { TAG_POLICY_GLOB, "[", TAG_POLICY_GLOB, "[", false },
                { TAG_POLICY_GLOB, "*", TAG_POLICY_SEMVER, "banana", false },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (tag_policy_covers(cases[i].wide_policy, cases[i].wide, cases[i].narrow_policy,
                                      cases[i].narrow) != cases[i].covers)
                        fail_msg("'%s' over '%s'", cases[i].wide, cases[i].narrow);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(names_and_policies_map_both_ways),
                cmocka_unit_test(each_policy_reads_the_pattern_its_own_way),
                cmocka_unit_test(bad_pattern_is_refused_with_what_and_where),
                cmocka_unit_test(longest_pattern_is_taken_and_one_more_byte_is_not),
                cmocka_unit_test(no_expression_that_is_taken_is_slow),
                cmocka_unit_test(text_that_is_no_tag_matches_no_expression),
                cmocka_unit_test(shadow_is_told_only_where_it_is_certain),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
