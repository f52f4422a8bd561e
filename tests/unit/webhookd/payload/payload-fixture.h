/* SPDX-License-Identifier: MIT */
/*
 * Requests for the decoders. The bodies of all senders, with their heads, are the corpus of the fuzz
 * targets: lines "name: value" up to an empty one, then the body.
 */
#pragma once

#include <stdio.h>

#include "unit.h"
#include "webhookd/payload/payload.h"

#define FIXTURE_HEADERS_MAX 8U
#define FIXTURE_BODY_MAX    (2U * 1024U * 1024U)

static char fixture_aliyun[] = "aliyun=registry.cn-example.example.com",
            fixture_jfrog[] = "jfrog/bare-local=acme.jfrog.example.com",
            fixture_nexus[] = "nexus/images=images.example.com", fixture_zot[] = "zot=hub.example.com";
static _unused_ char *fixture_aliases[] = { fixture_aliyun, fixture_jfrog, fixture_nexus, fixture_zot,
                                            NULL };

static inline Bytes bytes(const char *text) {
        return (Bytes){ text, strlen(text) };
}

typedef struct Posted {
        char *text; /* owned, what the others point into */
        Header headers[FIXTURE_HEADERS_MAX];
        Request request;
} Posted;

static inline void posted_done(Posted *posted) {
        free(posted->text);
        posted->text = NULL;
}

/* Takes `text` apart; takes it over. */
static inline void posted_split(char *text, Posted *ret) {
        size_t n = 0;
        char *p = text;

        while (*p && *p != '\n') {
                char *end = strchr(p, '\n'), *colon = strchr(p, ':');

                assert_true(end && colon && colon < end && n < FIXTURE_HEADERS_MAX);
                *end = '\0';
                ret->headers[n].name = (Bytes){ p, (size_t) (colon - p) };
                ret->headers[n++].value = bytes(colon + 1 + strspn(colon + 1, " "));
                p = end + 1;
        }

        ret->text = text;
        ret->request = (Request){
                .method = bytes("POST"),
                .path = bytes("/"),
                .body = bytes(*p ? p + 1 : p),
                .headers = ret->headers,
                .n_headers = n,
                .remote = "192.0.2.7",
        };
}

/* NULL where there is no such file. */
static inline char *read_text(const char *path) {
        char *text = calloc(1, FIXTURE_BODY_MAX);
        FILE *file = fopen(path, "re");

        assert_non_null(text);
        if (!file) {
                free(text);
                return NULL;
        }

        assert_true(fread(text, 1, FIXTURE_BODY_MAX - 1, file) > 0);
        (void) fclose(file);
        return text;
}

/* "format/kind" of the corpus. */
static inline void posted_read(const char *name, Posted *ret) {
        const char *root = getenv("SOURCE_ROOT");
        char path[512], *text;

        (void) snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/payload-%s", root ? root : ".", name);
        text = read_text(path);
        if (!text)
                fail_msg("%s is missing", path);
        posted_split(text, ret);
}

/*
 * What is in a list: "+image" for each push, then "-reason" or "-reason(image)" for what was ignored, or
 * "-reason[host]" where that is what wants an alias.
 */
static inline void list_describe(const PushList *list, char *out, size_t size) {
        size_t n = 0;

        out[0] = '\0';
        for (size_t i = 0; i < list->n && n < size; i++) {
                _cleanup_free_ char *image = NULL;

                assert_int_equal(image_ref_format(list->items[i].ref, &image), 0);
                n += (size_t) snprintf(out + n, size - n, "%s+%s", n > 0 ? " " : "", image);
        }
        for (size_t i = 0; i < list->n_ignored && n < size; i++) {
                const Ignored *ignored = &list->ignored[i];
                const char *open = ignored->host ? "[" : isempty(ignored->image) ? "" : "(";
                const char *close = ignored->host ? "]" : open[0] ? ")" : "";

                n += (size_t) snprintf(out + n, size - n, "%s-%s%s%s%s", n > 0 ? " " : "",
                                       ignore_reason_to_string(ignored->reason), open,
                                       ignored->host ? ignored->host : ignored->image, close);
        }
}

/* Decodes and describes: "400 text", "415", or what is in the list. `*ret_provider` may be NULL. */
static inline void request_describe(const Request *request, char *const *aliases, char *out, size_t size,
                                    const char **ret_provider) {
        PushList list = { .n = 0 };
        PayloadVerdict verdict;
        JsonError error;

        assert_int_equal(payload_decode(request, aliases, &list, &verdict, &error), 0);
        if (ret_provider)
                *ret_provider = verdict == PAYLOAD_OK ? list.provider : "";
        switch (verdict) {
        case PAYLOAD_OK:
                list_describe(&list, out, size);
                push_list_done(&list);
                break;

        case PAYLOAD_MALFORMED:
                (void) snprintf(out, size, "400 %s", error.text);
                break;

        case PAYLOAD_UNSUPPORTED_MEDIA_TYPE:
        case PAYLOAD_UNSUPPORTED_ENCODING:
                (void) snprintf(out, size, "415");
                break;
        }
}

/* The body alone, without a head. */
static inline void body_describe(const char *body, char *const *aliases, char *out, size_t size) {
        const Request request = { .method = bytes("POST"), .body = bytes(body) };

        request_describe(&request, aliases, out, size, NULL);
}

#define assert_body(body, expected)                                                   \
        do {                                                                          \
                char described_[4096];                                                \
                                                                                      \
                body_describe(body, fixture_aliases, described_, sizeof(described_)); \
                assert_string_equal(described_, expected);                            \
        } while (false)
