/* SPDX-License-Identifier: MIT */
/* What is a version, which one is higher, and what a range takes; the cases of semver.org and of npm's documentation. */
#include "shared/tag/semver.h"

#include <stdio.h>

#include "unit.h"

static Semver version_of(const char *text) {
        Semver version;

        if (semver_parse(text, &version) < 0)
                fail_msg("'%s' is a version", text);
        return version;
}

static void tags_in_use_are_read_as_versions(void **state) {
        static const struct {
                const char *text;
                uint64_t numbers[3];
                const char *prerelease;
        } cases[] = {
                { "1.4.2", { 1, 4, 2 }, "" },
                { "v1.4.2", { 1, 4, 2 }, "" },
                { "V2", { 2, 0, 0 }, "" },
                { "1.4", { 1, 4, 0 }, "" },
                { "1042", { 1042, 0, 0 }, "" },
                { "20261126184825", { 20261126184825, 0, 0 }, "" },
                { "18446744073709551614", { UINT64_MAX - 1, 0, 0 }, "" },
                { "2026.01.05", { 2026, 1, 5 }, "" },
                { "1.0.0-rc.1", { 1, 0, 0 }, "rc.1" },
                { "v1.4-alpine", { 1, 4, 0 }, "alpine" },
                { "1.0.0-x-y-z.--", { 1, 0, 0 }, "x-y-z.--" },
                { "1.0.0-rc.1+sha.5114f85", { 1, 0, 0 }, "rc.1" },
                { "1.0.0+001", { 1, 0, 0 }, "" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Semver version = version_of(cases[i].text);

                assert_memory_equal(version.numbers, cases[i].numbers, sizeof(version.numbers));
                assert_int_equal(version.prerelease_length, strlen(cases[i].prerelease));
                assert_memory_equal(version.prerelease, cases[i].prerelease, version.prerelease_length);
        }
}

static void other_tags_are_no_versions(void **state) {
        static const char *const cases[] = {
                "",
                "v",
                "latest",
                "main",
                "1.",
                ".1",
                "1..2",
                "1.2.3.4",
                "1.2.x",
                "vv1",
                "-1",
                "1.0.0-",
                "1.0.0-a..b",
                "1.0.0-a.",
                "1.0.0+",
                "1.0.0-\xff",
                "1.0.0_1",
                "1.0.0 ",
                " 1.0.0",
                "0x10",
                "1e3",
                "1.0.0-rc~",
                "v1.0.0\n",
                "1.0.0+a+b",
                "18446744073709551615",
                "99999999999999999999999",
                "deadbeef",
                "5114f85",
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Semver version;

                if (semver_parse(cases[i], &version) != -EINVAL)
                        fail_msg("'%s' is no version", cases[i]);
        }
}

/* Each of these is higher than the one before it. */
static void versions_are_in_the_order_of_the_specification(void **state) {
        static const char *const order[] = {
                "0.0.0-0",    "0.0.0",        "0.9.10",        "1.0.0-9",          "1.0.0-10",
                "1.0.0-10a",  "1.0.0-alpha",  "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-alpha-1",
                "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",       "1.0.0-rc.4294967297",
                "1.0.0",      "1.9.0",        "1.10.0",        "1.10.1",           "2",
                "1042",       "2147483648",   "4294967297",    "20261126184825",   "20261126184826",
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(order); i++)
                for (size_t j = 0; j < ELEMENTSOF(order); j++) {
                        Semver a = version_of(order[i]), b = version_of(order[j]);
                        int r = semver_compare(&a, &b);

                        if ((r > 0) - (r < 0) != (i > j) - (i < j))
                                fail_msg("%s and %s: %i", order[i], order[j], r);
                }
}

static void spelling_and_build_make_no_difference(void **state) {
        static const char *const same[][2] = {
                { "1.0.0", "v1" },   { "1.4", "1.4.0" },        { "1.0.0+a", "1.0.0+b" },
                { "042", "42.0.0" }, { "2026.01", "2026.1.0" }, { "1.0.0-rc.01", "1.0.0-rc.1" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(same); i++) {
                Semver a = version_of(same[i][0]), b = version_of(same[i][1]);

                assert_int_equal(semver_compare(&a, &b), 0);
        }
}

static const struct {
        const char *range;
        const char *in; /* separated by spaces */
        const char *out;
} ranges[] = {
        { "*", "0.0.0 1.2.3 v7 1042", "1.2.3-rc1" },
        { "x", "1.2.3", "1.2.3-rc1" },
        { "1.4.2", "1.4.2 v1.4.2 1.4.2+b", "1.4.1 1.4.3 1.4.2-rc" },
        { "=1.4.2", "1.4.2", "1.4.3" },
        { "= v1.4.2", "1.4.2", "1.4.3" },
        { "1", "1.0.0 1.99.99", "0.9.9 2.0.0 2.0.0-rc 1.5.0-rc" },
        { "1.x", "1.0.0 1.99.99", "0.9.9 2.0.0" },
        { "1.X.*", "1.0.0 1.99.99", "0.9.9 2.0.0" },
        { "1.4", "1.4.0 1.4.9", "1.3.9 1.5.0" },
        { "1.4.x", "1.4.0 1.4.9", "1.3.9 1.5.0" },
        { "^1.4", "1.4.0 1.9.0 1.4.0+b", "1.3.9 2.0.0 2.0.0-rc1 1.5.0-rc1 1.4.0-rc1" },
        { "^v1.4", "1.4.0 v1.9", "2.0.0" },
        { "^1.2.3", "1.2.3 1.9.9", "1.2.2 2.0.0" },
        { "^0.2.3", "0.2.3 0.2.9", "0.2.2 0.3.0 1.0.0" },
        { "^0.0.3", "0.0.3", "0.0.2 0.0.4" },
        { "^0.0", "0.0.0 0.0.9", "0.1.0" },
        { "^0", "0.0.0 0.9.9", "1.0.0" },
        { "^0.x", "0.5.0", "1.0.0" },
        { "^1.2.3-beta.2", "1.2.3-beta.2 1.2.3-beta.4 1.2.3 1.3.0", "1.2.3-beta.1 1.2.4-beta.2 2.0.0" },
        { "~1.2.3", "1.2.3 1.2.9", "1.2.2 1.3.0 1.3.0-rc" },
        { "~1.2", "1.2.0 1.2.9", "1.1.9 1.3.0" },
        { "~1.0", "1.0.0 1.0.9", "1.1.0" },
        { "^1.4 >=2.0.0-rc.1", "", "2.0.0-rc.2 1.5.0" },
        { "~> 1", "1.0.0 1.9.9", "0.9.0 2.0.0" },
        { "~1", "1.0.0 1.9.9", "0.9.0 2.0.0" },
        { "~0.2.3", "0.2.3 0.2.9", "0.3.0" },
        { "~1.2.3-rc.1", "1.2.3-rc.1 1.2.3-rc.2 1.2.4", "1.2.4-rc.1 1.3.0" },
        { ">1", "2.0.0 2.0.1", "1.0.0 1.5.0" },
        { ">1.2.3", "1.2.4 2", "1.2.3 1.2.3+b 1.2.4-rc" },
        { ">1.2", "1.3.0", "1.2.9 1.2.0" },
        { ">=1.2", "1.2.0 3", "1.1.9 1.2.0-rc" },
        { "<2", "1.9.9 0.0.0", "2.0.0 2.0.0-rc" },
        { "<1.2.3", "1.2.2", "1.2.3 1.2.3-rc" },
        { "<1.2.3-rc.2", "1.2.3-rc.1 1.2.2", "1.2.3-rc.2 1.2.2-rc.1" },
        { "<=1.2", "1.2.9 1.2.0", "1.3.0" },
        { "<=1.2.3", "1.2.3", "1.2.4" },
        { ">=*", "0.0.0 7", "7.0.0-rc" },
        { ">=1.2 <2", "1.2.0 1.9.9", "1.1.9 2.0.0" },
        { ">= 1.2  <  2", "1.2.0 1.9.9", "1.1.9 2.0.0" },
        { "  >=1.2 <2  ", "1.2.0", "2.0.0" },
        { "1.2 - 1.4", "1.2.0 1.4.9", "1.1.9 1.5.0" },
        { "1.2.3 - 1.4.5", "1.2.3 1.4.5", "1.2.2 1.4.6" },
        { "^1.4 || ^3", "1.4.0 3.1.0", "2.0.0 4.0.0" },
        { "^1.4||^3||7.0.1", "1.4.0 3.1.0 7.0.1", "2.0.0 7.0.0" },
        { "2.0.0-rc.1 || ^1", "2.0.0-rc.1 1.5.0", "1.5.0-rc.1 2.0.0" },
        { "1000 - 2000", "1042 2000", "999 2001 20261126184825" },
        { ">=20261126000000", "20261126184825", "20251126184825" },
        { "<=18446744073709551614", "18446744073709551614", "" },
        { "^18446744073709551614", "18446744073709551614", "1" },
};

/* Calls for each word of `words`. */
static void expect_matches(const char *range, const char *words, int expected) {
        _cleanup_free_ char *copy = strdup(words);
        char *rest = copy, *word;

        assert_non_null(copy);
        while ((word = strsep(&rest, " ")))
                if (*word) {
                        Semver version = version_of(word);

                        if (semver_range_match(range, &version) != expected)
                                fail_msg("'%s' and %s: not %i", range, word, expected);
                }
}

static void ranges_take_what_npm_takes(void **state) {
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(ranges); i++) {
                assert_int_equal(semver_range_validate(ranges[i].range, NULL, NULL), 0);
                expect_matches(ranges[i].range, ranges[i].in, 1);
                expect_matches(ranges[i].range, ranges[i].out, 0);
        }
}

static void malformed_range_is_refused_where_it_is_wrong(void **state) {
        static const struct {
                const char *range;
                size_t offset;
        } cases[] = {
                { "", 0 },
                { "banana", 0 },
                { "^", 1 },
                { "^banana", 1 },
                { "1.2.3.4", 5 },
                { "1.x.3", 4 },
                { "1..2", 2 },
                { "1.", 2 },
                { "1.2,2", 3 },
                { "^1.4 ||", 7 },
                { "|| ^1", 0 },
                { "^1 | ^2", 3 },
                { "^1 |", 3 },
                { "1.4-rc", 3 },
                { "1.x-rc", 3 },
                { "1.2.3-", 6 },
                { "1.2.3-a..b", 8 },
                { "1.2.3+", 6 },
                { ">*", 0 },
                { "<x", 0 },
                { "1.2 -1.4", 4 },
                { "1.2 - ", 6 },
                { "1.2-1.4", 3 },
                { "1.2\t<2", 3 },
                { ">>1", 1 },
                { "!1", 0 },
                { "1.2.3 - x.y", 10 },
                { "^^1", 1 },
                { "18446744073709551615", 19 },
                { "1.2.3-\xc3\xa9", 6 },
                { "1.2 - 1.4 !=", 10 },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Semver version = version_of("1.2.3");
                const char *reason = NULL;
                size_t offset = SIZE_MAX;

                if (semver_range_validate(cases[i].range, &reason, &offset) != -EINVAL)
                        fail_msg("'%s' is no range", cases[i].range);
                assert_non_null(reason);
                if (offset != cases[i].offset)
                        fail_msg("'%s': %zu (%s)", cases[i].range, offset, reason);
                assert_int_equal(semver_range_match(cases[i].range, &version), -EINVAL);
        }
}

static void range_beyond_its_limit_is_refused(void **state) {
        char range[SEMVER_RANGE_MAX + 2];
        size_t offset = 0;

        (void) state;

        memset(range, ' ', sizeof(range));
        range[0] = '1';
        range[SEMVER_RANGE_MAX] = '\0';
        assert_int_equal(semver_range_validate(range, NULL, NULL), 0);
        range[SEMVER_RANGE_MAX] = ' ';
        range[SEMVER_RANGE_MAX + 1] = '\0';
        assert_int_equal(semver_range_validate(range, NULL, &offset), -ENAMETOOLONG);
        assert_int_equal(offset, SEMVER_RANGE_MAX);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(tags_in_use_are_read_as_versions),
                cmocka_unit_test(other_tags_are_no_versions),
                cmocka_unit_test(versions_are_in_the_order_of_the_specification),
                cmocka_unit_test(spelling_and_build_make_no_difference),
                cmocka_unit_test(ranges_take_what_npm_takes),
                cmocka_unit_test(malformed_range_is_refused_where_it_is_wrong),
                cmocka_unit_test(range_beyond_its_limit_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
