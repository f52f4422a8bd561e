/* SPDX-License-Identifier: MIT */
/* How an engine answers a ping: see greeting.h. */
#include "deployerd/engine/greeting.h"

#include <stdio.h>

#include "shared/conf/parse.h"

int greeting_parse_api(const char *text, unsigned *ret_minor) {
        uint64_t minor;

        assert(text);
        assert(ret_minor);

        if (strncmp(text, "1.", 2) != 0 || parse_uint(text + 2, 9999, &minor) < 0)
                return -EINVAL;

        *ret_minor = (unsigned) minor;
        return 0;
}

/* What stands in a path: digits, dots, and what versions end with. */
static bool version_is_plain(const char *text) {
        return text[0] != '\0' && strspn(text, "0123456789.-+abcdefghijklmnopqrstuvwxyz") == strlen(text);
}

/* "Docker/20.10.24 (linux)" and "Libpod/4.3.1 (linux)" → the version; empty where it is no such line. */
static void copy_server_version(const char *server, char *ret, size_t size) {
        const char *slash = strchr(server, '/'), *start = slash ? slash + 1 : "";

        (void) snprintf(ret, size, "%.*s", (int) strcspn(start, " "), start);
}

int greeting_ask(Worker *worker, EngineHttp *http, Greeting *ret) {
        static const HttpRequest ping = {
                .method = "GET",
                .path = "/_ping",
                .timeout_usec = ENGINE_READ_USEC,
                .interruptible = true,
        };
        _cleanup_(http_response_done) HttpResponse response = { .status = 0 };
        char api[GREETING_VERSION_SIZE], server[GREETING_VERSION_SIZE];
        int r;

        assert(worker);
        assert(http);
        assert(ret);

        r = engine_http_call(http, &ping, &response);
        if (r < 0)
                return worker_fail(worker, r, "Cannot reach the container engine: %s",
                                   engine_http_error(http));
        if (response.status != 200)
                return worker_fail(worker, -EIO, "The container engine answers a ping with %i",
                                   response.status);

        engine_http_get_header(http, "Api-Version", api, sizeof(api));
        engine_http_get_header(http, "Libpod-Api-Version", ret->libpod, sizeof(ret->libpod));
        engine_http_get_header(http, "Server", server, sizeof(server));
        if (greeting_parse_api(api, &ret->newest) < 0)
                return worker_fail(worker, -EPROTONOSUPPORT,
                                   "What listens at the engine's socket names no version of the Engine API");
        if (!isempty(ret->libpod) && !version_is_plain(ret->libpod))
                return worker_fail(worker, -EPROTONOSUPPORT, "The engine's version is unreadable");

        copy_server_version(server, ret->version, sizeof(ret->version));
        return 0;
}
