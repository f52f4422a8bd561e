/* SPDX-License-Identifier: MIT */
/* A stream of events: see events.h. */
#include "deployerd/engine/events.h"

#include <stdio.h>

#include "deployerd/engine/http.h"
#include "shared/json.h"

/*
 * What starts, ends, is signalled or is removed, and what its health check says; not that of each process in it, of which every check of its
 * health is one. Podman tells an end as "die", and finds it by "died"; by the name of a label it finds nothing, so that all
 * containers are followed.
 */
static const char *const actions[] = { "start",         "kill",    "oom",    "die", "died",
                                       "health_status", "destroy", "remove", NULL };

static int filters_make(char **ret) {
        _cleanup_(json_freep) json_t *filters = NULL, *events = json_array();
        _cleanup_free_ char *text = NULL;
        int r;

        for (size_t i = 0; actions[i]; i++)
                if (json_array_append_new(events, json_string(actions[i])) < 0)
                        return -ENOMEM;

        filters = json_pack("{s:[s], s:O}", "type", "container", "event", events);
        if (!filters)
                return -ENOMEM;

        r = json_encode(filters, &text);
        if (r < 0)
                return r;

        *ret = url_escape(text, "");
        return *ret ? 0 : -ENOMEM;
}

int engine_follow_events(Engine *engine, void (*on_open)(void *userdata), JsonOnLine on_event,
                         void *userdata) {
        _cleanup_(engine_http_watch_freep) EngineHttpWatch *watch = NULL;
        _cleanup_free_ char *filters = NULL, *path = NULL;
        EngineHttp *http;
        int r;

        assert(engine);
        assert(on_open);
        assert(on_event);

        r = filters_make(&filters);
        if (r < 0)
                return r;
        if (asprintf(&path, "%s/events?filters=%s", engine_prefix(engine), filters) < 0) {
                path = NULL;
                return -ENOMEM;
        }

        http = engine_http(engine);
        r = engine_http_watch(http, path, on_event, userdata, &watch);
        if (r < 0)
                return r;
        if (!engine_http_watch_tells(watch))
                return worker_fail(engine_worker(engine), -EIO, "the engine tells no events");

        on_open(userdata);
        r = engine_http_follow(http, watch);
        return r < 0 ? worker_fail(engine_worker(engine), r, "The deployer is being stopped") : 0;
}
