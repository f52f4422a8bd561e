/* SPDX-License-Identifier: MIT */
/* The last lines a container wrote: see engine_container_logs(). */
#include <stdio.h>

#include "deployerd/engine/containers.h"
#include "deployerd/engine/log-frames.h"

/*
 * Both engines read from the journal what the container's end has overtaken: its last lines can be on their way when the
 * end is known already. So one that has ended is asked until it says the same twice, first after LOGS_PAUSE_USEC, then
 * each time after twice as long: 1.5 s where it wrote nothing.
 */
#define LOGS_MORE_LOOKS 4U
#define LOGS_PAUSE_USEC (100 * USEC_PER_MSEC)

static int on_logs_data(const char *bytes, size_t length, void *userdata) {
        log_frames_feed(userdata, bytes, length);
        return 0;
}

/* One look: 1; 0 where the engine has nothing to show, as with a log driver that only writes. */
static int logs_read(Engine *engine, const Container *container, unsigned n, char **ret) {
        _cleanup_(http_response_done) HttpResponse response = { .status = 0 };
        _cleanup_free_ char *path = NULL;
        LogFrames frames = { .length = 0 };
        HttpRequest request;
        int r;

        frames.tty = container->tty;
        if (asprintf(&path, "%s/containers/%s/logs?stdout=1&stderr=1&tail=%u", engine_prefix(engine),
                     container->id, n) < 0) {
                path = NULL;
                return -ENOMEM;
        }

        request = (HttpRequest){
                .method = "GET",
                .path = path,
                .timeout_usec = 5 * USEC_PER_SEC,
                .on_data = on_logs_data,
                .userdata = &frames,
        };
        r = engine_http_call(engine_http(engine), &request, &response);
        if (r >= 0)
                r = log_frames_text(&frames, ret);
        return r < 0 ? r : response.status == 200;
}

/* Whether it ran to its end, so that there may be lines that are not found yet. */
static bool has_ended(const Container *container) {
        return container->started_at > 0 && (!container->running || container->restarts > 0);
}

int engine_container_logs(Engine *engine, const Container *container, unsigned n, char **ret) {
        _cleanup_free_ char *text = NULL;
        uint64_t pause = LOGS_PAUSE_USEC;
        int r;

        assert(engine);
        assert(container);
        assert(ret);

        r = logs_read(engine, container, n, &text);
        if (r < 0)
                return r;

        for (unsigned i = 0; r > 0 && i < LOGS_MORE_LOOKS && has_ended(container); i++) {
                _cleanup_free_ char *before = TAKE_PTR(text);

                r = engine_http_wait(engine_http(engine), NULL, pause);
                if (r >= 0)
                        r = logs_read(engine, container, n, &text);
                if (r < 0)
                        text = TAKE_PTR(before);
                else if (!isempty(text) && streq(text, before))
                        break;
                pause *= 2;
        }

        *ret = TAKE_PTR(text);
        return 0;
}
