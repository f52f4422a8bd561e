/* SPDX-License-Identifier: MIT */
#include "shared/tag/glob.h"

#include <stdio.h>
#include <time.h>

#include "shared/time-util.h"
#include "unit.h"

typedef struct Case {
        const char *pattern;
        const char *text;
        int match;
} Case;

static const Case cases[] = {
        { "", "", 1 },
        { "", "a", 0 },
        { "v1", "v1", 1 },
        { "v1", "v12", 0 },
        { "v12", "v1", 0 },
        { "V1", "v1", 0 },
        { "*", "", 1 },
        { "*", "v1.2.3", 1 },
        { "*", "a/b", 0 },
        { "**", "abc", 1 },
        { "*/*", "a/b", 1 },
        { "*/*", "a/b/c", 0 },
        { "v*", "v", 1 },
        { "v*", "v1/2", 0 },
        { "*-rc", "v1-rc", 1 },
        { "*-rc", "-rc", 1 },
        { "*-rc", "v1-rc2", 0 },
        { "*-rc", "v-rc-rc", 1 },
        { "v*.*", "v1.2", 1 },
        { "v*.*", "v12", 0 },
        { "a*b*c", "a-b-b-c", 1 },
        { "a*b*c", "a-c-b", 0 },
        { "?", "a", 1 },
        { "?", "", 0 },
        { "?", "/", 0 },
        { "v?", "v10", 0 },
        { "*?", "a", 1 },
        { "?*", "", 0 },
        /* Sets. */
        { "[abc]", "b", 1 },
        { "[abc]", "d", 0 },
        { "[a-c]x", "cx", 1 },
        { "[c-a]", "b", 0 },
        { "[a-ce-g]", "d", 0 },
        { "[a-ce-g]", "f", 1 },
        { "[^a-c]", "d", 1 },
        { "[^a-c]", "b", 0 },
        { "[^a]", "", 0 },
        { "[^a]", "/", 1 },
        { "[a^]", "^", 1 },
        { "[!a]", "!", 1 },
        { "[!a]", "b", 0 },
        { "[*]", "*", 1 },
        { "[*]", "a", 0 },
        { "[?]x*", "?xyz", 1 },
        { "[[]", "[", 1 },
        { "[\\]]", "]", 1 },
        { "[\\]a]", "a", 1 },
        { "[\\-x]", "-", 1 },
        { "[x\\-]", "-", 1 },
        { "[\\a-\\c]", "b", 1 },
        { "v[0-9]*", "v1.2", 1 },
        { "v[0-9]*", "vx", 0 },
        { "*[0-9]", "release-7", 1 },
        { "[a-z]*[0-9]x", "ab12x", 1 },
        { "]", "]", 1 },
        { "a]*", "a]b", 1 },
        { "a-z", "a-z", 1 },
        { "{a,b}", "a", 0 },
        { "{a,b}", "{a,b}", 1 },
        /* Escapes. */
        { "\\*", "*", 1 },
        { "\\*", "a", 0 },
        { "\\?", "?", 1 },
        { "\\[a]", "[a]", 1 },
        { "\\\\", "\\", 1 },
        { "\\a", "a", 1 },
        { "a\\*b*", "a*bc", 1 },
        /* UTF-8: one `?`, and one member of a set, is one character. */
        { "?", "\xC3\xA4", 1 },
        { "??", "\xC3\xA4", 0 },
        { "\xC3\xA4*", "\xC3\xA4x", 1 },
        { "[\xC3\xA4]", "\xC3\xA4", 1 },
        { "[\xC3\xA4]", "\xC3\xB6", 0 },
        { "[\xCE\xB1-\xCF\x89]", "\xCE\xB2", 1 },
        { "[^a]", "\xF0\x9F\x8D\xB5", 1 },
        { "\\\xC3\xA4", "\xC3\xA4", 1 },
        /* What is not UTF-8: one byte is one character, U+FFFD for sets, itself for what is written as it is. */
        { "?", "\xFF", 1 },
        { "?", "\xC3", 1 },
        { "??", "\xC3\x28", 1 },
        { "\xFF", "\xFF", 1 },
        { "\xFF", "\xFE", 0 },
        { "\xFF", "\xEF\xBF\xBD", 0 },
        { "[\xEF\xBF\xBD]", "\xFF", 1 },
        { "[\xEF\xBF\xBD]", "\xED\xA0\x80", 0 },
        { "???", "\xED\xA0\x80", 1 },
        { "??", "\xC0\xAF", 1 },
        { "????", "\xF4\x90\x80\x80", 1 },
        /* A star takes bytes, so that what follows may begin inside a character: as in Go. */
        { "*\xA4", "\xC3\xA4", 1 },
        { "*??", "\xE6\x97\xA5", 1 },
        /* The last star alone is moved, and does not cross a slash: as in Go. */
        { "*[^a]*y", "x/y", 0 },
};

static const char *const malformed[] = {
        "[",     "[]",     "[^",       "[^]",         "[a",
        "[a-",   "[a-]",   "[-a]",     "[-]",         "[a-b-c]",
        "[]a]",  "[^]a]",  "[\\",      "[\\]",        "\\",
        "a\\",   "*[",     "v*[a-]",   "[a]b[",       "[a\\",
        "[a-\\", "[\xFF]", "[a-\xFF]", "[\xC3]",      "[\xED\xA0\x80]",
        "[x",    "[x-y",   "[^x-y-]",  "[[a-z]-9]x[", "a[b-]c",
};

static void pattern_matches_as_in_go(void **state) {
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (glob_match(cases[i].pattern, cases[i].text) != cases[i].match)
                        fail_msg("'%s' over '%s' is not %i", cases[i].pattern, cases[i].text,
                                 cases[i].match);
}

static void malformed_pattern_is_an_error_whatever_the_text(void **state) {
        static const char *const texts[] = { "", "a", "zzz", "a/b" };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(malformed); i++) {
                const char *reason = NULL;
                size_t offset = SIZE_MAX;

                if (glob_validate(malformed[i], &reason, &offset) != -EINVAL)
                        fail_msg("'%s' is not refused", malformed[i]);
                assert_false(isempty(reason));
                assert_true(offset <= strlen(malformed[i]));
                for (size_t j = 0; j < ELEMENTSOF(texts); j++)
                        assert_int_equal(glob_match(malformed[i], texts[j]), -EINVAL);
        }
}

static void error_tells_where_the_pattern_is_wrong(void **state) {
        const char *reason = NULL;
        size_t offset = 0;

        (void) state;

        assert_int_equal(glob_validate("v1[a-]", &reason, &offset), -EINVAL);
        assert_int_equal(offset, 5);
        assert_int_equal(glob_validate("v[^\xFF]", &reason, &offset), -EINVAL);
        assert_int_equal(offset, 3);
        assert_int_equal(glob_validate("abc\\", &reason, &offset), -EINVAL);
        assert_int_equal(offset, 4);
}

static void pattern_has_at_most_255_bytes(void **state) {
        char pattern[300] = "", text[300] = "";

        (void) state;

        memset(pattern, 'a', 255);
        memset(text, 'a', 255);
        assert_int_equal(glob_validate(pattern, NULL, NULL), 0);
        assert_int_equal(glob_match(pattern, text), 1);
        pattern[255] = '*';
        assert_int_equal(glob_validate(pattern, NULL, NULL), -ENAMETOOLONG);
        assert_int_equal(glob_match(pattern, text), -ENAMETOOLONG);
        assert_false(glob_covers("*", pattern));
}

static void time_is_bounded_by_the_product_of_the_lengths(void **state) {
        static char text[20001];
        char pattern[256] = "";
        uint64_t begin = now_usec(CLOCK_PROCESS_CPUTIME_ID);

        (void) state;

        /* a*a*a*…b over aaaa…: with naive backtracking not in this life. */
        for (size_t i = 0; i < 254; i += 2)
                memcpy(pattern + i, "a*", 2);
        pattern[254] = 'b';
        memset(text, 'a', sizeof(text) - 1);
        assert_int_equal(glob_match(pattern, text), 0);

        memset(pattern, 0, sizeof(pattern));
        memcpy(pattern, "*[", 2);
        memset(pattern + 2, 'x', 250);
        memcpy(pattern + 252, "]b", 2);
        assert_int_equal(glob_match(pattern, text), 0);
        assert_true(now_usec(CLOCK_PROCESS_CPUTIME_ID) - begin < 10 * USEC_PER_SEC);
}

typedef struct Cover {
        const char *wide;
        const char *narrow;
        bool covers;
} Cover;

static const Cover covers[] = {
        { "*", "*", true },
        { "*", "v*", true },
        { "*", "v1.2", true },
        { "*", "[^x]?", true },
        { "v*", "v1.*", true },
        { "v*", "v", true },
        { "v*", "*", false },
        { "v1.*", "v*", false },
        { "v1", "v1", true },
        { "v\\1", "v[1]", true },
        { "v1", "v2", false },
        { "v?", "v[0-9]", true },
        { "v[0-9]", "v?", false },
        { "[a-z]*", "[c-f]*x", true },
        { "[^0-9]*", "v*", true },
        { "[^0-9]*", "1*", false },
        { "*-rc", "v*-rc", true },
        { "*-rc", "v*", false },
        { "*-rc*", "v*-rc.1", true },
        { "?*", "*", true },
        { "*?", "?*", true },
        { "?*?", "*", false },
        { "*?*", "x", true },
        { "**", "*", true },
        { "**", "*x*", true },
        { "[A-Za-z0-9_.-]*", "v*", true },
        { "[A-Za-z0-9_.\\-]*", "*", true },
        { "[^/]*", "*", true },
        { "", "v1", false },
        { "v1", "", false },
        { "*", "[", false },
        { "[", "*", false },
};

static void cover_of_common_patterns_is_known(void **state) {
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(covers); i++) {
                /* "[A-Za-z0-9_.-]" is malformed in Go's dialect: the dash wants a backslash. */
                bool wanted = covers[i].covers && glob_validate(covers[i].wide, NULL, NULL) == 0;

                if (glob_covers(covers[i].wide, covers[i].narrow) != wanted)
                        fail_msg("'%s' over '%s' is not %i", covers[i].wide, covers[i].narrow, wanted);
        }
}

/* The `number`th word over `alphabet`, up to `max` letters long; false when there are no more. */
static bool word_make(const char *alphabet, size_t max, size_t number, char *ret) {
        size_t n = strlen(alphabet), length = 0;

        for (size_t words = 1; number >= words; words *= n, length++)
                number -= words;
        if (length > max)
                return false;

        for (size_t i = 0; i < length; i++, number /= n)
                ret[i] = alphabet[number % n];
        ret[length] = '\0';
        return true;
}

#define WORDS_MAX 400U

/* Which of the texts a pattern takes, for all patterns; then each pair against what glob_covers() says. */
static void cover_is_never_claimed_wrongly(void **state) {
        static const char *const pieces[] = { "a", "b", "*", "?", "[ab]", "[^a]", "\\b", "[^/]" };
        static char patterns[5000][40];
        static bool takes[5000][WORDS_MAX];
        size_t n_patterns = 0, n_texts = 0, n_true = 0, n_missed = 0;
        char text[8] = "", word[8] = "";

        (void) state;

        for (size_t i = 0; word_make("01234567", 4, i, word); i++) {
                patterns[n_patterns][0] = '\0';
                for (const char *p = word; *p; p++)
                        (void) strcat(patterns[n_patterns], pieces[*p - '0']);
                n_patterns++;
        }
        assert_true(n_patterns < ELEMENTSOF(patterns));

        for (size_t i = 1; word_make("abc", 5, i, text); i++, n_texts++)
                for (size_t p = 0; p < n_patterns; p++)
                        takes[p][n_texts] = glob_match(patterns[p], text) > 0;
        assert_true(n_texts < WORDS_MAX);

        /* All pairs would be 22 million: a fixed stride over them, coprime to their number. */
        for (size_t i = 0, pair = 1; i < 200000; i++, pair = (pair + 6700417) % (n_patterns * n_patterns)) {
                size_t w = pair / n_patterns, n = pair % n_patterns;
                bool claimed = glob_covers(patterns[w], patterns[n]), holds = true;

                for (size_t t = 0; t < n_texts && holds; t++)
                        holds = takes[w][t] || !takes[n][t];
                if (claimed && !holds)
                        fail_msg("'%s' is said to cover '%s'", patterns[w], patterns[n]);
                n_true += claimed;
                n_missed += holds && !claimed;
        }

        /* The proof is worth something: it finds most of what holds on these words. */
        assert_true(n_true > 1000);
        if (n_missed > n_true)
                fail_msg("%zu proved, %zu missed", n_true, n_missed);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(pattern_matches_as_in_go),
                cmocka_unit_test(malformed_pattern_is_an_error_whatever_the_text),
                cmocka_unit_test(error_tells_where_the_pattern_is_wrong),
                cmocka_unit_test(pattern_has_at_most_255_bytes),
                cmocka_unit_test(time_is_bounded_by_the_product_of_the_lengths),
                cmocka_unit_test(cover_of_common_patterns_is_known),
                cmocka_unit_test(cover_is_never_claimed_wrongly),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
