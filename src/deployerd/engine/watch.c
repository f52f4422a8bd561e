/* SPDX-License-Identifier: MIT */
/* Streams of events beside the calls: see http.h. */
#include "deployerd/engine/http-internal.h"
#include "deployerd/engine/json-lines.h"
#include "shared/time-util.h"

/* How long the answer's head is waited for. Without it the stream may yet come, or the next look only comes later. */
#define WATCH_OPEN_USEC (500 * USEC_PER_MSEC)
/* Whatever there is wakes it: this is only to be some number. */
#define FOLLOW_USEC (3600 * USEC_PER_SEC)

struct EngineHttpWatch {
        EngineHttp *http;
        CURL *easy;
        JsonLines *lines;
        size_t n_bytes;
        bool news;
        bool garbled; /* nothing can be told of what comes any more */
        bool ended;
};

static bool watch_is_open(const EngineHttpWatch *watch) {
        long status = 0;

        (void) curl_easy_getinfo(watch->easy, CURLINFO_RESPONSE_CODE, &status);
        return status == 200;
}

/* A refusal is no news, and neither is what never ends. What is no JSON is news of which nothing can be told. */
static size_t on_event(char *bytes, size_t size, size_t n, void *userdata) {
        EngineHttpWatch *watch = userdata;

        watch->n_bytes += size * n;
        if (!watch_is_open(watch) || watch->n_bytes > HTTP_BODY_MAX)
                return 0;

        watch->news = true;
        watch->garbled |= json_lines_feed(watch->lines, bytes, size * n) < 0;
        return size * n;
}

/* One whose transfer is not among the running ones. */
static EngineHttpWatch *watch_discard(EngineHttpWatch *watch) {
        if (!watch)
                return NULL;

        curl_easy_cleanup(watch->easy);
        json_lines_free(watch->lines);
        free(watch);
        return NULL;
}

DEFINE_CLEANUP(EngineHttpWatch, watch_discard)

static void watch_wait_until_open(EngineHttpWatch *watch) {
        uint64_t end = now_usec(CLOCK_MONOTONIC) + WATCH_OPEN_USEC, now;
        CURLcode code;
        int running;

        while (!watch->ended && !watch_is_open(watch) && (now = now_usec(CLOCK_MONOTONIC)) < end) {
                (void) curl_multi_perform(watch->http->multi, &running);
                (void) http_take_messages(watch->http, NULL, &code);
                if (!watch->ended && !watch_is_open(watch))
                        (void) http_poll(watch->http, false, end - now);
        }
}

int engine_http_watch(EngineHttp *http, const char *path, JsonOnLine on_line, void *userdata,
                      EngineHttpWatch **ret) {
        _cleanup_(watch_discardp) EngineHttpWatch *watch = NULL;
        int r;

        assert(http);
        assert(path && path[0] == '/');
        assert(ret);

        watch = calloc(1, sizeof(*watch));
        if (!watch)
                return -ENOMEM;

        r = json_lines_new(on_line, userdata, &watch->lines);
        if (r < 0)
                return r;

        watch->http = http;
        watch->easy = http_prepare(http, path);
        if (!watch->easy)
                return -ENOMEM;

        (void) curl_easy_setopt(watch->easy, CURLOPT_WRITEFUNCTION, on_event);
        (void) curl_easy_setopt(watch->easy, CURLOPT_WRITEDATA, watch);
        (void) curl_easy_setopt(watch->easy, CURLOPT_PRIVATE, &watch->ended);
        if (curl_multi_add_handle(http->multi, watch->easy) != CURLM_OK)
                watch->ended = true;

        watch_wait_until_open(watch);
        *ret = TAKE_PTR(watch);
        return 0;
}

EngineHttpWatch *engine_http_watch_free(EngineHttpWatch *watch) {
        if (!watch)
                return NULL;

        (void) curl_multi_remove_handle(watch->http->multi, watch->easy);
        return watch_discard(watch);
}

bool engine_http_watch_is_cut(EngineHttpWatch *watch) {
        CURLcode code;
        int running;

        if (!watch)
                return false;

        /* The end may have come and not have been read. */
        (void) curl_multi_perform(watch->http->multi, &running);
        (void) http_take_messages(watch->http, NULL, &code);
        return watch->ended && watch_is_open(watch) && watch->n_bytes <= HTTP_BODY_MAX;
}

bool engine_http_watch_tells(const EngineHttpWatch *watch) {
        return watch && !watch->ended && !watch->garbled && watch_is_open(watch);
}

int engine_http_follow(EngineHttp *http, EngineHttpWatch *watch) {
        CURLcode code;
        int running;

        assert(http);
        assert(watch);

        for (;;) {
                (void) curl_multi_perform(http->multi, &running);
                (void) http_take_messages(http, NULL, &code);
                if (!engine_http_watch_tells(watch))
                        return 0;

                if (http_poll(http, true, FOLLOW_USEC))
                        return http_fail(http, -EINTR, "the deployer is being stopped", NULL);
        }
}

int engine_http_wait(EngineHttp *http, EngineHttpWatch *watch, uint64_t usec) {
        uint64_t end = now_usec(CLOCK_MONOTONIC) + usec, now;
        CURLcode code;
        int running;

        assert(http);

        while ((now = now_usec(CLOCK_MONOTONIC)) < end) {
                (void) curl_multi_perform(http->multi, &running);
                (void) http_take_messages(http, NULL, &code);
                if (watch && watch->news) {
                        watch->news = false;
                        return 1;
                }

                if (http_poll(http, true, end - now > USEC_PER_SEC ? USEC_PER_SEC : end - now))
                        return http_fail(http, -EINTR, "the deployer is being stopped", NULL);
        }

        return 0;
}
