/* SPDX-License-Identifier: MIT */
/* Which word is meant by one that is none. */
#include "ctl/nearest.h"

#include "unit.h"

static void slip_finds_its_word_and_another_word_none(void **state) {
        static const char *const words[] = { "status", "stages", "deploys", "deploy", "rollback", "logs" };
        static const struct {
                const char *typed, *meant;
        } slips[] = {
                { "stauts", "status" },
                { "deplyo", "deploy" },
                { "deplyos", "deploys" },
                { "rolback", "rollback" },
                { "rollbacks", "rollback" },
                { "lgos", "logs" },
                { "nonsense", NULL },
                { "ls", NULL },
                { "", NULL },
                { "deploy", "deploy" },
                { "a-word-that-is-longer-than-anybody-would-ever-type-by-mistake", NULL },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(slips); i++) {
                Nearest nearest = { .word = slips[i].typed };

                for (size_t j = 0; j < ELEMENTSOF(words); j++)
                        nearest_try(&nearest, words[j]);
                assert_string_equal(strempty(nearest.found), strempty(slips[i].meant));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = { cmocka_unit_test(slip_finds_its_word_and_another_word_none) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
