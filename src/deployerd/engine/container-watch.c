/* SPDX-License-Identifier: MIT */
/* Following one container by its events: see container-watch.h. */
#include "deployerd/engine/container-watch.h"

#include <stdio.h>

#include "deployerd/engine/http.h"
#include "shared/json.h"

/* It was asked to start, and each check of its health is some process that is started in it. */
static bool is_news(const char *action) {
        return !streq(action, "start") && !streq(action, "init") && !streq(action, "attach") &&
               strncmp(action, "exec", strlen("exec")) != 0;
}

static void on_event(const json_t *event, void *userdata) {
        ContainerWatch *watch = userdata;

        container_end_note(&watch->end, event);
        watch->news |= is_news(strempty(json_get_string(event, "Action")));
}

/* {"container": ["<id>"]}, escaped for a query. */
static int events_path(Engine *engine, const char *id, char **ret) {
        _cleanup_(json_freep) json_t *filters = json_pack("{s:[s]}", "container", id);
        _cleanup_free_ char *text = NULL, *escaped = NULL;
        int r;

        if (!filters)
                return -ENOMEM;

        r = json_encode(filters, &text);
        if (r < 0)
                return r;

        escaped = url_escape(text, "");
        if (!escaped || asprintf(ret, "%s/events?filters=%s", engine_prefix(engine), escaped) < 0) {
                *ret = NULL;
                return -ENOMEM;
        }

        return 0;
}

int engine_container_watch(Engine *engine, const char *id, ContainerWatch *ret) {
        _cleanup_free_ char *path = NULL;
        int r;

        assert(engine);
        assert(id);
        assert(ret);

        r = events_path(engine, id, &path);
        if (r < 0)
                return r;

        return engine_http_watch(engine_http(engine), path, on_event, ret, &ret->events);
}

bool container_watch_tells(const ContainerWatch *watch) {
        return watch && engine_http_watch_tells(watch->events);
}

bool container_watch_take_news(ContainerWatch *watch) {
        bool news = watch && watch->news;

        if (news)
                watch->news = false;

        return news;
}

void container_watch_done(ContainerWatch *watch) {
        assert(watch);

        watch->events = engine_http_watch_free(watch->events);
}
