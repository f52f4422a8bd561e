/* SPDX-License-Identifier: MIT */
#include "webhookd/http/head.h"

#include <stdio.h>

#include "unit.h"

static bool strict(const char *text) {
        return head_is_strict((Bytes){ text, strlen(text) });
}

static void head_of_an_ordinary_request_is_strict(void **state) {
        (void) state;

        assert_true(strict("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"));
        assert_true(strict("POST /x HTTP/1.1\r\nhost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
        assert_true(strict("GET / HTTP/1.0\r\n\r\n"));
        assert_true(strict("GET / HTTP/1.1\r\nHost:\r\nX-Empty:\r\n\r\n"));
}

static void head_with_two_lengths_is_refused(void **state) {
        (void) state;

        assert_false(strict(
                        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}"));
        assert_false(strict(
                        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"));
        assert_false(strict(
                        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: a\r\ntransfer-encoding: b\r\n\r\n"));
}

static void head_without_one_host_is_refused(void **state) {
        (void) state;

        assert_false(strict("GET / HTTP/1.1\r\nAccept: x\r\n\r\n"));
        assert_false(strict("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"));
        assert_false(strict("GET / HTTP/1.0\r\nHost: a\r\nHOST: b\r\n\r\n"));
}

static void head_of_another_version_than_1_0_and_1_1_is_refused(void **state) {
        static const char *const versions[] = { "HTTP/1.9",  "HTTP/2.0", "HTTP/0.9",  "HTTP/1.10",
                                                "HTTP/11.1", "http/1.1", "HTTP/1.1 ", "HTTP/1",
                                                "",          "xHTTP/1.1" };
        char text[128];

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(versions); i++) {
                (void) snprintf(text, sizeof(text), "GET / %s\r\nHost: h\r\n\r\n", versions[i]);
                assert_false(strict(text));
        }
        assert_false(strict("GET /\r\nHost: h\r\n\r\n"));
}

static void head_of_http_1_0_has_no_chunks(void **state) {
        (void) state;

        assert_false(strict("POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
        assert_true(strict("POST / HTTP/1.0\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"));
}

static void head_with_bare_line_feeds_is_refused(void **state) {
        (void) state;

        assert_false(strict("GET / HTTP/1.1\nHost: a\n\n"));
        assert_false(strict("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"));
        assert_false(strict("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"));
        assert_false(strict("GET / HTTP/1.1\r\nHost: a\r\n\n"));
}

static void head_with_folded_or_spaced_names_is_refused(void **state) {
        (void) state;

        assert_false(strict("GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n"));
        assert_false(strict("GET / HTTP/1.1\r\nHost : a\r\n\r\n"));
        assert_false(strict("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n"));
        assert_false(strict("GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n"));
}

static void head_that_ends_early_is_refused(void **state) {
        static const char text[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

        (void) state;

        for (size_t length = 0; length + 1 < sizeof(text) - 1; length++)
                assert_false(head_is_strict((Bytes){ text, length }));
        assert_false(head_is_strict((Bytes){ NULL, 0 }));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(head_of_an_ordinary_request_is_strict),
                cmocka_unit_test(head_with_two_lengths_is_refused),
                cmocka_unit_test(head_without_one_host_is_refused),
                cmocka_unit_test(head_of_another_version_than_1_0_and_1_1_is_refused),
                cmocka_unit_test(head_of_http_1_0_has_no_chunks),
                cmocka_unit_test(head_with_bare_line_feeds_is_refused),
                cmocka_unit_test(head_with_folded_or_spaced_names_is_refused),
                cmocka_unit_test(head_that_ends_early_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
