/* SPDX-License-Identifier: MIT */
/* The last lines a container wrote: see engine_container_logs(). */
#include <stdio.h>

#include "deployerd/engine-container.h"
#include "deployerd/log-frames.h"

static int on_logs_data(const char *bytes, size_t length, void *userdata) {
        log_frames_feed(userdata, bytes, length);
        return 0;
}

int engine_container_logs(Engine *engine, const Container *container, unsigned n, char **ret) {
        _cleanup_(http_response_done) HttpResponse response = { .status = 0 };
        _cleanup_free_ char *path = NULL;
        LogFrames frames = { .length = 0 };
        HttpRequest request;
        int r;

        assert(engine);
        assert(container);
        assert(ret);

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
        if (r < 0)
                return r;

        return log_frames_text(&frames, ret);
}
