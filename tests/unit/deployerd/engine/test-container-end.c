/* SPDX-License-Identifier: MIT */
#include "deployerd/engine/container-end.h"

#include "shared/json.h"
#include "unit.h"

static void expect_words(ContainerEnd end, const char *expected) {
        char words[CONTAINER_END_SIZE];

        container_end_describe(&end, words);
        assert_string_equal(words, expected);
}

static void end_is_told_in_words(void **state) {
        (void) state;

        expect_words((ContainerEnd){ .known = true, .code = 0 }, "exited with status 0");
        expect_words((ContainerEnd){ .known = true, .code = 3 }, "exited with status 3");
        expect_words((ContainerEnd){ .known = true, .code = 128 }, "exited with status 128");
        expect_words((ContainerEnd){ .known = true, .code = 255 }, "exited with status 255");
        expect_words((ContainerEnd){ .known = true, .code = -1 }, "exited with status -1");
        expect_words((ContainerEnd){ .known = true, .code = INT64_MAX },
                     "exited with status 9223372036854775807");
        expect_words((ContainerEnd){ .known = true, .code = 139 }, "was killed by SIGSEGV");
        expect_words((ContainerEnd){ .known = true, .code = 143 }, "was killed by SIGTERM");
        expect_words((ContainerEnd){ .known = true, .code = 137, .out_of_memory = true },
                     "was killed by SIGKILL (out of memory)");
        expect_words((ContainerEnd){ .known = true, .code = 1, .out_of_memory = true },
                     "exited with status 1 (out of memory)");
        expect_words((ContainerEnd){ .known = false }, "ended");
}

static ContainerEnd after_events(const char *const *texts) {
        ContainerEnd end = { .known = false };

        for (; *texts; texts++) {
                _cleanup_(json_freep) json_t *event = NULL;
                JsonError error;

                assert_int_equal(json_decode(*texts, strlen(*texts), &event, &error), 0);
                container_end_note(&end, event);
        }

        return end;
}

static void end_is_heard_from_the_events_of_both_engines(void **state) {
        static const char start
                        [] = "{\"Type\":\"container\",\"Action\":\"start\"}",
                   docker[] = "{\"Action\":\"die\",\"Actor\":{\"Attributes\":{\"exitCode\":\"137\"}}}",
                   podman[] = "{\"Action\":\"died\",\"Actor\":{\"Attributes\":{\"containerExitCode\":\"3\"}}}",
                   oom[] = "{\"Action\":\"oom\"}";
        ContainerEnd end;

        (void) state;

        end = after_events((const char *const[]){ start, oom, docker, start, NULL });
        assert_true(end.known && end.out_of_memory);
        assert_int_equal(end.code, 137);
        end = after_events((const char *const[]){ start, podman, NULL });
        assert_true(end.known && !end.out_of_memory);
        assert_int_equal(end.code, 3);
        end = after_events((const char *const[]){ start, docker, podman, NULL });
        assert_int_equal(end.code, 3);
}

static void end_is_not_heard_from_events_that_do_not_tell_it(void **state) {
        static const char *const texts[] = {
                "{}",
                "[]",
                "7",
                "{\"Action\":\"die\"}",
                "{\"Action\":7,\"Actor\":{\"Attributes\":{\"exitCode\":\"1\"}}}",
                "{\"Action\":\"die\",\"Actor\":{\"Attributes\":{\"exitCode\":\"\"}}}",
                "{\"Action\":\"die\",\"Actor\":{\"Attributes\":{\"exitCode\":\"one\"}}}",
                "{\"Action\":\"die\",\"Actor\":{\"Attributes\":{\"exitCode\":1}}}",
                "{\"Action\":\"die\",\"Actor\":[{\"exitCode\":\"1\"}]}",
                "{\"Action\":\"stop\",\"Actor\":{\"Attributes\":{\"exitCode\":\"1\"}}}",
                NULL,
        };
        ContainerEnd end = after_events(texts);

        (void) state;

        assert_false(end.known);
        assert_false(end.out_of_memory);
}

static void end_is_read_only_where_the_container_does_not_run(void **state) {
        Container container = { .status = "running", .running = true };
        ContainerEnd end = { .known = true, .code = 3 };

        (void) state;

        container_end_read(&end, &container);
        assert_int_equal(end.code, 3);

        /* Docker calls one that it is about to start again running. */
        container.status = "restarting";
        container.exit_code = 137;
        container_end_read(&end, &container);
        assert_int_equal(end.code, 137);
        assert_false(container_end_is_explained(&end));

        container.status = "exited";
        container.running = false;
        container.oom_killed = true;
        container_end_read(&end, &container);
        assert_true(end.out_of_memory);
        assert_true(container_end_is_explained(&end));
}

static void end_takes_what_was_found_out_elsewhere(void **state) {
        ContainerEnd end = { .known = true, .code = 137 };

        (void) state;

        container_end_add(&end, &(ContainerEnd){ .out_of_memory = true });
        assert_true(end.known && end.out_of_memory);
        assert_int_equal(end.code, 137);
        container_end_add(&end, &(ContainerEnd){ .known = true, .code = 1 });
        assert_true(end.out_of_memory);
        assert_int_equal(end.code, 1);
}

static void end_is_by_a_signal_where_the_status_says_so(void **state) {
        const ContainerEnd killed = { .known = true, .code = 137 },
                           unknown = { .known = false, .code = 137 };

        (void) state;

        assert_true(container_end_is_by(&killed, 9));
        assert_false(container_end_is_by(&killed, 15));
        assert_false(container_end_is_by(&unknown, 9));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(end_is_told_in_words),
                cmocka_unit_test(end_is_heard_from_the_events_of_both_engines),
                cmocka_unit_test(end_is_not_heard_from_events_that_do_not_tell_it),
                cmocka_unit_test(end_is_read_only_where_the_container_does_not_run),
                cmocka_unit_test(end_is_by_a_signal_where_the_status_says_so),
                cmocka_unit_test(end_takes_what_was_found_out_elsewhere),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
