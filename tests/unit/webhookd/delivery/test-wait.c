/* SPDX-License-Identifier: MIT */
/* How long a query asks for, and what is none. */
#include "webhookd/delivery/wait.h"

#include <inttypes.h>

#include "unit.h"
#include "webhookd/delivery/query.h"

static Bytes bytes(const char *text) {
        return (Bytes){ text, strlen(text) };
}

static void wait_is_read_from_the_query(void **state) {
        static const struct {
                const char *path;
                uint64_t seconds;
        } cases[] = {
                { "/x", 0 },
                { "/x?", 0 },
                { "/wait=5", 0 },
                { "/x?wait=0", 0 },
                { "/x?wait=1", 1 },
                { "/x?wait=900", 900 },
                { "/x?wait=050", 50 },
                { "/x?tag=v1&wait=50", 50 },
                { "/x?wait=50&tag=v1", 50 },
                { "/x?&wait=50&", 50 },
                { "/x?await=9&waiting=9&wai=9&%77ait=9&WAIT=9", 0 },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *problem = NULL;
                uint64_t usec = 1;

                assert_int_equal(wait_read(bytes(cases[i].path), &usec, &problem), 0);
                if (usec != cases[i].seconds * USEC_PER_SEC)
                        fail_msg("%s is read as %" PRIu64, cases[i].path, usec);
        }
}

static void wait_that_is_none_is_refused_and_says_why(void **state) {
        static const struct {
                const char *path, *problem;
        } cases[] = {
                { "/x?wait", "0 to 900" },
                { "/x?wait=", "0 to 900" },
                { "/x?wait=abc", "0 to 900" },
                { "/x?wait=-1", "0 to 900" },
                { "/x?wait=+1", "0 to 900" },
                { "/x?wait=901", "0 to 900" },
                { "/x?wait=1000", "0 to 900" },
                { "/x?wait=0005", "0 to 900" },
                { "/x?wait=5s", "0 to 900" },
                { "/x?wait=%35", "0 to 900" },
                { "/x?wait= 5", "0 to 900" },
                { "/x?wait=1.5", "0 to 900" },
                { "/x?wait=5&wait=5", "more than one" },
                { "/x?wait=5&tag=v1&wait", "more than one" },
                { "/x?wait=18446744073709551621", "0 to 900" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *problem = "";
                uint64_t usec = 1;

                assert_int_equal(wait_read(bytes(cases[i].path), &usec, &problem), -EINVAL);
                assert_int_equal(usec, 1);
                if (!strstr(problem, cases[i].problem))
                        fail_msg("%s: %s", cases[i].path, problem);
        }
}

static void query_of_nothing_but_a_wait_says_nothing_else(void **state) {
        (void) state;

        assert_true(wait_is_all(bytes("")));
        assert_true(wait_is_all(bytes("wait=5")));
        assert_true(wait_is_all(bytes("wait=5&wait=abc")));
        assert_false(wait_is_all(bytes("wait=5&tag=v1")));
        assert_false(wait_is_all(bytes("x")));
        assert_false(wait_is_all(bytes("&")));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(wait_is_read_from_the_query),
                cmocka_unit_test(wait_that_is_none_is_refused_and_says_why),
                cmocka_unit_test(query_of_nothing_but_a_wait_says_nothing_else),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
