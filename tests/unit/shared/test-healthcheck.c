/* SPDX-License-Identifier: MIT */
#include "shared/healthcheck.h"

#include "shared/protocol.h"
#include "unit.h"

static void healthchecks_are_told_from_commands_and_typing_errors(void **state) {
        static const char *const good[] = { "",     "image",  "tcp",
                                            "none", "http:/", "http:/healthz?full=1&x=%20" };
        static const char *const bad[] = { "images",       "TCP",       "http:",
                                           "http:healthz", "http://\n", "http:/a b",
                                           "http:/\x7f",   "https:/",   "http:/\xc3\xa4",
                                           " tcp",         "None",      "curl -f http://localhost/" };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                assert_true(healthcheck_is_valid(good[i]));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_false(healthcheck_is_valid(bad[i]));
}

static void healthcheck_path_is_bounded(void **state) {
        char text[sizeof(HEALTHCHECK_HTTP_PREFIX) + HEALTHCHECK_MAX + 1] = HEALTHCHECK_HTTP_PREFIX;
        size_t n = strlen(text);

        (void) state;

        memset(text + n, '/', HEALTHCHECK_MAX + 1);
        text[n + HEALTHCHECK_MAX + 1] = '\0';
        assert_false(healthcheck_is_valid(text));
        text[n + HEALTHCHECK_MAX] = '\0';
        assert_true(healthcheck_is_valid(text));
}

static void healthcheck_that_is_named_overrules_the_image_s(void **state) {
        (void) state;

        assert_true(healthcheck_overrules_image("http:/"));
        assert_true(healthcheck_overrules_image("tcp"));
        assert_true(healthcheck_overrules_image("none"));
        assert_false(healthcheck_overrules_image("image"));
        assert_false(healthcheck_overrules_image(""));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(healthchecks_are_told_from_commands_and_typing_errors),
                cmocka_unit_test(healthcheck_path_is_bounded),
                cmocka_unit_test(healthcheck_that_is_named_overrules_the_image_s),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
