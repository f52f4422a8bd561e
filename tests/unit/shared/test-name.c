/* SPDX-License-Identifier: MIT */
#include "shared/name.h"

#include "unit.h"

static void name_of_63_characters_is_the_longest(void **state) {
        char name[NAME_MAX_LENGTH + 2];

        (void) state;

        memset(name, 'a', sizeof(name));
        name[NAME_MAX_LENGTH] = '\0';
        assert_true(name_is_valid(name));
        name[NAME_MAX_LENGTH] = 'a';
        name[NAME_MAX_LENGTH + 1] = '\0';
        assert_false(name_is_valid(name));
}

static void name_refuses_what_is_outside_its_alphabet(void **state) {
        static const char *const bad[] = { "", "-a", "_a", "A", "a b", "a/b", "a.b", "ä", "a\n" };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_false(name_is_valid(bad[i]));
        assert_false(name_is_valid(NULL));
        assert_true(name_is_valid("a"));
        assert_true(name_is_valid("0-a_b"));
}

static void name_made_is_always_valid(void **state) {
        static const struct {
                const char *text;
                unsigned attempt;
                const char *expected;
        } cases[] = {
                { "app", 0, "app" },         { "My.App", 0, "my-app" }, { "__x", 0, "x" },
                { "--", 0, "project" },      { "", 2, "project-3" },    { "app", 1, "app-2" },
                { "a__b..c", 0, "a__b--c" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *name = NULL;

                assert_int_equal(name_make(cases[i].text, cases[i].attempt, &name), 0);
                assert_string_equal(name, cases[i].expected);
                assert_true(name_is_valid(name));
        }
}

static void name_made_of_long_text_keeps_room_for_its_number(void **state) {
        _cleanup_free_ char *name = NULL;
        char text[200];

        (void) state;

        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        assert_int_equal(name_make(text, 41, &name), 0);
        assert_int_equal(strlen(name), NAME_MAX_LENGTH);
        assert_string_equal(name + NAME_MAX_LENGTH - 3, "-42");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(name_of_63_characters_is_the_longest),
                cmocka_unit_test(name_refuses_what_is_outside_its_alphabet),
                cmocka_unit_test(name_made_is_always_valid),
                cmocka_unit_test(name_made_of_long_text_keeps_room_for_its_number),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
