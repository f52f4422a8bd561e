/* SPDX-License-Identifier: MIT */
/* No sentence twice in one reason. */
#include "webhookd/queue/reason.h"

#include "unit.h"

static void sentence_that_was_said_is_not_said_again(void **state) {
        static const struct {
                const char *reason, *tidy;
        } reasons[] = {
                { "", "" },
                { "no such image", "no such image" },
                { "PullFailed: manifest for a/b:v1 not found: manifest unknown: manifest unknown",
                  "PullFailed: manifest for a/b:v1 not found: manifest unknown" },
                { "shop-dev-7 did not come up: the port is taken; state created; the engine said: the port is taken",
                  "shop-dev-7 did not come up: the port is taken; state created" },
                { "x: the port is taken; the engine said: the port is taken; last lines: bye",
                  "x: the port is taken; last lines: bye" },
                { "connection refused: connection refused: connection refused; try later",
                  "connection refused; try later" },
                /* Words may come twice, and what is not the whole part. */
                { "error: error: eof", "error: error: eof" },
                { "the image is gone; the image is gone for good",
                  "the image is gone; the image is gone for good" },
                { "a: b; c: ", "a: b; c: " },
                { "http://a.example:5000/x: http://a.example:5000/x", "http://a.example:5000/x" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(reasons); i++) {
                char reason[256];

                (void) strcpy(reason, reasons[i].reason);
                reason_tidy(reason);
                assert_string_equal(reason, reasons[i].tidy);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(sentence_that_was_said_is_not_said_again) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
