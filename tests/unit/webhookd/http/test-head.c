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

static size_t end_of(const char *text, size_t looked) {
        return head_end((Bytes){ text, strlen(text) }, &looked);
}

static void head_ends_where_the_library_has_it_end(void **state) {
        (void) state;

        assert_int_equal(end_of("GET / HTTP/1.1\r\nHost: x\r\n\r\nbody\r\n\r\n", 0), 27);
        assert_int_equal(end_of("GET / HTTP/1.1\nHost: x\n\nbody", 0), 24);
        assert_int_equal(end_of("GET / HTTP/1.1\r\nHost: x\n\r\n", 0), 26);
        assert_int_equal(end_of("GET / HTTP/1.1\r\nHost: x\r\n", 0), 0);
        assert_int_equal(end_of("", 0), 0);
}

static void head_is_found_however_it_is_cut(void **state) {
        static const char text[] = "POST /x HTTP/1.1\r\nHost: x\r\n\r\n{}\n\n";
        const size_t end = strlen("POST /x HTTP/1.1\r\nHost: x\r\n\r\n");

        (void) state;

        for (size_t first = 0; first < end; first++) {
                size_t looked = 0;

                assert_int_equal(head_end((Bytes){ text, first }, &looked), 0);
                assert_int_equal(looked, first);
                for (size_t second = end; second < sizeof(text); second++) {
                        size_t before = first;

                        assert_int_equal(head_end((Bytes){ text, second }, &before), end);
                }
        }
}

static Request request_of(const char *head, Header headers[HEAD_HEADERS_MAX]) {
        Request request;

        head_read((Bytes){ head, strlen(head) }, headers, &request);
        return request;
}

static void head_tells_method_path_and_last_forwarded_address(void **state) {
        Header headers[HEAD_HEADERS_MAX];
        Request request = request_of("PUT /a?b=c HTTP/1.1\r\nX-Forwarded-For: one\r\nHost: x\r\n"
                                     "x-forwarded-for: two, three\r\nContent-Length: 12\r\n\r\n",
                                     headers);

        (void) state;

        assert_true(bytes_equal(request.method, "PUT"));
        assert_true(bytes_equal(request.path, "/a?b=c"));
        assert_true(bytes_equal(request_header(&request, "x-forwarded-for")->value, " two, three"));
        assert_true(head_announces_more(&request, 11));
        assert_false(head_announces_more(&request, 12));
        assert_int_equal(request.body.length, 0);
}

static void head_without_words_asks_for_nothing(void **state) {
        static const char *const heads[] = { "", "\r\n\r\n", "GET\r\n\r\n", "\n\n" };
        Header headers[HEAD_HEADERS_MAX];

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(heads); i++) {
                Request request = request_of(heads[i], headers);

                assert_int_equal(request.path.length, 0);
                assert_null(request_header(&request, "x-forwarded-for"));
                assert_false(head_announces_more(&request, 0));
        }
}

static void length_beyond_all_numbers_is_more(void **state) {
        Header headers[HEAD_HEADERS_MAX];
        Request request = request_of("PUT / HTTP/1.1\r\nContent-Length: 99999999999999999999999999\r\n\r\n",
                                     headers);

        (void) state;

        assert_true(head_announces_more(&request, SIZE_MAX / 16));
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
                cmocka_unit_test(head_ends_where_the_library_has_it_end),
                cmocka_unit_test(head_is_found_however_it_is_cut),
                cmocka_unit_test(head_tells_method_path_and_last_forwarded_address),
                cmocka_unit_test(head_without_words_asks_for_nothing),
                cmocka_unit_test(length_beyond_all_numbers_is_more),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
