/* SPDX-License-Identifier: MIT */
/* Calls about containers: see containers.h. Their output is read in logs.c. */
#include "deployerd/engine/containers.h"

#include <inttypes.h>
#include <stdio.h>

#include "deployerd/engine/start-error.h"
#include "deployerd/engine/trouble.h"
#include "shared/conf/conf.h"
#include "shared/json.h"
#include "shared/utf8.h"

/* "/containers/<name><suffix>" below `prefix`. */
static int container_path(const char *prefix, const char *name, const char *suffix, char **ret) {
        _cleanup_free_ char *escaped = url_escape(name, "");

        if (!escaped || asprintf(ret, "%s/containers/%s%s", prefix, escaped, suffix) < 0) {
                *ret = NULL;
                return -ENOMEM;
        }

        return 0;
}

int engine_container_inspect(Engine *engine, const char *name, Container *ret) {
        _cleanup_(json_freep) json_t *json = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        assert(engine);
        assert(name);
        assert(ret);

        r = container_path(engine_prefix(engine), name, "/json", &path);
        if (r < 0)
                return r;

        r = engine_get(engine, path, "inspect the container", &json);
        if (r <= 0)
                return r;

        r = container_read(json, ret);
        if (r < 0)
                return worker_fail(engine_worker(engine), -EIO,
                                   "Cannot inspect the container: the engine's answer lacks what is needed");

        json = NULL;
        return 1;
}

/* A clash is 409 with Docker; Podman answers so to a rename, and 500 to a create: the sentence decides. */
static bool is_name_clash(const EngineAnswer *answer) {
        const char *message = engine_message(answer->json, "");

        return (answer->status == 409 || answer->status == 500) && strcasestr(message, "name") &&
               strcasestr(message, "in use");
}

/* What an answer that was accepted only to look for a clash means after all; `error` is its errno where it is none. */
static int judge_clash(Engine *engine, const EngineAnswer *answer, int error, const char *what,
                       const char *name) {
        const char *message = engine_message(answer->json, "no reason given");

        if (answer->status < 300)
                return 0;

        if (is_name_clash(answer))
                return worker_fail(engine_worker(engine), -EEXIST,
                                   "Cannot %s: the name %s is in use by another container", what, name);

        return worker_fail(engine_worker(engine), error, "Cannot %s: the engine answers %i: %.*s", what,
                           answer->status, utf8_cut(message, ENGINE_WORDS_MAX), message);
}

/* The image was here a moment ago: its absence is worth another attempt. What else is missing was named by root. */
static int classify_create(const EngineAnswer *answer, bool once) {
        const char *message = engine_message(answer->json, "");
        int r;

        if (answer->status == 404)
                return strcasestr(message, "image") ? -EIO : -EBADE;
        if (answer->status < 500 || answer->status == 501)
                return -EBADE;

        r = start_error_classify(answer->status, message, once);
        return r == -EREMOTEIO ? -EBADE : r;
}

int engine_container_create(Engine *engine, const char *name, const json_t *body, bool once, char **ret_id) {
        _cleanup_(engine_answer_done) EngineAnswer answer = { .status = 0 };
        _cleanup_free_ char *escaped = NULL, *path = NULL;
        static const int told[] = { 404, 409, 500, 501, 0 };
        const char *id;
        int r;

        assert(engine);
        assert(name && body);
        assert(ret_id);

        escaped = url_escape(name, "");
        if (!escaped || asprintf(&path, "/containers/create?name=%s", escaped) < 0) {
                path = NULL;
                return -ENOMEM;
        }

        r = engine_call(engine,
                        &(EngineRequest){
                                        .method = "POST",
                                        .path = path,
                                        .body = body,
                                        .accepted = told,
                                        .what = "create the container",
                        },
                        &answer);
        if (r >= 0)
                r = judge_clash(engine, &answer, classify_create(&answer, once), "create the container",
                                name);
        if (r < 0)
                return r;

        id = json_get_string(answer.json, "Id");
        if (isempty(id))
                return worker_fail(engine_worker(engine), -EIO,
                                   "Cannot create the container: the engine's answer has no id");

        *ret_id = strdup(id);
        return *ret_id ? 0 : -ENOMEM;
}

/* `request` lacks its path: "/containers/<id><suffix>". */
static int container_call(Engine *engine, const char *id, const char *suffix, EngineRequest request,
                          EngineAnswer *ret) {
        _cleanup_free_ char *path = NULL;
        int r;

        assert(engine);
        assert(id);

        r = container_path("", id, suffix, &path);
        if (r < 0)
                return r;

        request.path = path;
        return engine_call(engine, &request, ret);
}

int engine_container_start(Engine *engine, const char *id, bool once) {
        /*
         * What cannot be started is 400 or 404 with Docker where it sees that it is the image's fault, else mostly 500. By 502, 503 and
         * 504 an engine, or what stands before it, says itself that this passes.
         */
        static const int told[] = { 304, 400, 403, 404, 409, 500, 501, 0 };
        _cleanup_(engine_answer_done) EngineAnswer answer = { .status = 0 };
        const char *message;
        int r;

        r = container_call(
                        engine, id, "/start",
                        (EngineRequest){ .method = "POST", .accepted = told, .what = "start the container" },
                        &answer);
        if (r < 0 || answer.status < 400)
                return r;

        message = engine_message(answer.json, "no reason given");
        return worker_fail(engine_worker(engine), start_error_classify(answer.status, message, once),
                           "the engine cannot start it: %.*s", utf8_cut(message, ENGINE_WORDS_MAX), message);
}

static int classify_rename(const EngineAnswer *answer, bool once) {
        const char *message = engine_message(answer->json, "");

        if (answer->status < 500 || (once && trouble_of(message) == TROUBLE_NONE))
                return -EBADE;

        return trouble_errno(message);
}

int engine_container_rename(Engine *engine, const char *id, const char *name, bool once) {
        _cleanup_(engine_answer_done) EngineAnswer answer = { .status = 0 };
        _cleanup_free_ char *escaped = NULL, *suffix = NULL;
        static const int told[] = { 409, 500, 0 };
        int r;

        assert(name);

        escaped = url_escape(name, "");
        if (!escaped || asprintf(&suffix, "/rename?name=%s", escaped) < 0) {
                suffix = NULL;
                return -ENOMEM;
        }

        r = container_call(engine, id, suffix,
                           (EngineRequest){ .method = "POST",
                                            .accepted = told,
                                            .what = "rename the container" },
                           &answer);
        return r < 0 ? r
                     : judge_clash(engine, &answer, classify_rename(&answer, once), "rename the container",
                                   name);
}

static uint64_t stop_seconds(const Container *container, uint64_t grace_usec) {
        if (container->stop_sec == STOP_UNSAID)
                return (grace_usec + USEC_PER_SEC - 1) / USEC_PER_SEC;

        return container->stop_sec < 0 || container->stop_sec > STOP_SEC_MAX
                               ? STOP_SEC_MAX
                               : (uint64_t) container->stop_sec;
}

uint64_t engine_container_grace(const Container *container, uint64_t grace_usec) {
        assert(container);

        return stop_seconds(container, grace_usec) * USEC_PER_SEC;
}

int engine_container_stop(Engine *engine, const Container *container, uint64_t grace_usec) {
        static const int stopped[] = { 304, 404, 0 };
        uint64_t seconds;
        char suffix[48];

        assert(container);

        seconds = stop_seconds(container, grace_usec);
        (void) snprintf(suffix, sizeof(suffix), "/stop?t=%" PRIu64, seconds);
        return container_call(engine, container->id, suffix,
                              (EngineRequest){
                                              .method = "POST",
                                              .accepted = stopped,
                                              .what = "stop the container",
                                              .timeout_usec = seconds * USEC_PER_SEC + ENGINE_CHANGE_USEC,
                              },
                              NULL);
}

int engine_container_remove(Engine *engine, const char *id) {
        /* 409 comes when another request removes it already. */
        static const int gone[] = { 404, 409, 0 };

        return container_call(engine, id, "?force=1",
                              (EngineRequest){ .method = "DELETE",
                                               .accepted = gone,
                                               .what = "remove the container" },
                              NULL);
}
