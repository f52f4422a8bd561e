/* SPDX-License-Identifier: MIT */
#include "deployerd/engine/pull-stream.h"

#include "deployerd/engine/json-lines.h"

#include <stdio.h>

#include "unit.h"

typedef struct Seen {
        unsigned n;
        int64_t current, total;
        char last[128];
} Seen;

static void on_status(const PullStatus *status, void *userdata) {
        Seen *seen = userdata;

        seen->n++;
        seen->current = status->current;
        seen->total = status->total;
        (void) snprintf(seen->last, sizeof(seen->last), "%s/%s", status->id, status->status);
}

static PullStream *begin(Seen *seen) {
        PullStream *stream = NULL;

        *seen = (Seen){ .n = 0 };
        assert_int_equal(pull_stream_new(on_status, seen, &stream), 0);
        return stream;
}

static int feed(PullStream *stream, const char *text) {
        return pull_stream_feed(stream, text, strlen(text));
}

static const char whole[] = "{\"status\":\"Pulling from a\",\"id\":\"v1\"}\r\n"
                            "\r\n"
                            "{\"status\":\"Extracting\",\"progressDetail\":{},\"id\":\"c4f6\"}\r\n"
                            "{\"errorDetail\":{\"message\":\"first\"},\"error\":\"first, in short\"}\n"
                            "{\"error\":\"second\"}";

static void stream_is_the_same_however_it_is_cut(void **state) {
        (void) state;

        for (size_t size = 1; size < sizeof(whole); size++) {
                _cleanup_(pull_stream_freep) PullStream *stream = NULL;
                Seen seen;

                stream = begin(&seen);
                for (size_t i = 0; i < sizeof(whole) - 1; i += size) {
                        size_t left = sizeof(whole) - 1 - i;

                        assert_int_equal(pull_stream_feed(stream, whole + i, left < size ? left : size), 0);
                }
                assert_string_equal(pull_stream_failure(stream), "first");
                assert_int_equal(pull_stream_finish(stream), 0);
                assert_int_equal(seen.n, 2);
                assert_string_equal(seen.last, "c4f6/Extracting");
                assert_string_equal(pull_stream_failure(stream), "second");
        }
}

static void stream_without_a_failure_has_none(void **state) {
        _cleanup_(pull_stream_freep) PullStream *stream = NULL;
        Seen seen;

        (void) state;

        stream = begin(&seen);
        assert_int_equal(feed(stream, "{\"error\":\"\",\"status\":\"ok\"}\n[1]\n\"x\"\n{\"error\":7}\n"), 0);
        assert_int_equal(pull_stream_finish(stream), 0);
        assert_null(pull_stream_failure(stream));
        assert_string_equal(seen.last, "/ok");
}

static void expect_bytes(const char *detail, int64_t current, int64_t total) {
        _cleanup_(pull_stream_freep) PullStream *stream = NULL;
        char line[256];
        Seen seen;

        stream = begin(&seen);
        (void) snprintf(line, sizeof(line), "{\"status\":\"Downloading\",\"progressDetail\":%s}\n", detail);
        assert_int_equal(feed(stream, line), 0);
        assert_int_equal(seen.n, 1);
        assert_true(seen.current == current && seen.total == total);
}

static void stream_tells_bytes_where_they_are_numbers(void **state) {
        (void) state;

        expect_bytes("{\"current\":5,\"total\":7}", 5, 7);
        expect_bytes("{\"current\":5}", 5, 0);
        expect_bytes("{\"current\":-5,\"total\":-9223372036854775808}", 0, 0);
        expect_bytes("{\"current\":9223372036854775807,\"total\":9223372036854775807}", INT64_MAX,
                     INT64_MAX);
        expect_bytes("{\"current\":0.5,\"total\":1e300}", 0, 0);
        expect_bytes("{\"current\":\"5\",\"total\":[7]}", 0, 0);
        expect_bytes("[5,7]", 0, 0);
        expect_bytes("{}", 0, 0);
}

static void stream_that_is_no_json_stays_broken(void **state) {
        _cleanup_(pull_stream_freep) PullStream *stream = NULL;
        Seen seen;

        (void) state;

        stream = begin(&seen);
        assert_int_equal(feed(stream, "{\"status\":\"ok\"}\n<html>\n{\"status\":\"ok\"}\n"), -EBADMSG);
        assert_int_equal(seen.n, 1);
        assert_non_null(strstr(pull_stream_problem(stream), "no JSON"));
        assert_int_equal(feed(stream, "{\"status\":\"ok\"}\n"), -EBADMSG);
        assert_int_equal(pull_stream_finish(stream), -EBADMSG);
}

static void stream_that_ends_within_a_line_is_broken(void **state) {
        _cleanup_(pull_stream_freep) PullStream *stream = NULL;
        Seen seen;

        (void) state;

        stream = begin(&seen);
        assert_int_equal(feed(stream, "{\"status\":\"o"), 0);
        assert_int_equal(pull_stream_finish(stream), -EBADMSG);
}

static void stream_bounds_its_lines(void **state) {
        _cleanup_(pull_stream_freep) PullStream *stream = NULL;
        char block[1024];
        Seen seen;
        int r = 0;

        (void) state;

        stream = begin(&seen);
        memset(block, ' ', sizeof(block));
        for (unsigned i = 0; i < JSON_LINE_MAX / sizeof(block); i++)
                assert_int_equal(pull_stream_feed(stream, block, sizeof(block)), 0);
        r = pull_stream_feed(stream, block, 1);
        assert_int_equal(r, -EBADMSG);
        assert_string_equal(pull_stream_problem(stream), "a line is too long");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(stream_is_the_same_however_it_is_cut),
                cmocka_unit_test(stream_without_a_failure_has_none),
                cmocka_unit_test(stream_tells_bytes_where_they_are_numbers),
                cmocka_unit_test(stream_that_is_no_json_stays_broken),
                cmocka_unit_test(stream_that_ends_within_a_line_is_broken),
                cmocka_unit_test(stream_bounds_its_lines),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
