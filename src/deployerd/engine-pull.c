/* SPDX-License-Identifier: MIT */
/*
 * Pulling: POST /images/create answers 200 before anything is known, and then tells in a stream of JSON objects, one a
 * line, how it goes. A failure is one of these objects, so the status says nothing.
 */
#include <inttypes.h>
#include <stdio.h>

#include "deployerd/engine-image.h"
#include "deployerd/registry-error.h"
#include "shared/json.h"
#include "shared/protocol.h"
#include "shared/time-util.h"

/* A line of the stream is a status of a layer; a longer one is none that is waited for. */
#define PULL_LINE_MAX (64U * 1024U)
/* Progress is reported no more often than this. */
#define PULL_PROGRESS_USEC (5 * USEC_PER_SEC)

typedef struct Pull {
        Worker *worker;
        char line[PULL_LINE_MAX];
        size_t n_line;
        bool overlong;
        bool failed;
        char error[1024]; /* what the stream told as an error */
        int broken;       /* the errno of a stream that makes no sense, explained */
        uint64_t reported_at;
} Pull;

/* "<layer>: Downloading [=>  ]": the layer and what happens to it are enough. */
static void pull_report(Pull *pull, const json_t *line) {
        const char *status = json_get_string(line, "status"), *id = json_get_string(line, "id");
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        char detail[256];

        if (isempty(status) || now - pull->reported_at < PULL_PROGRESS_USEC)
                return;

        pull->reported_at = now;
        (void) snprintf(detail, sizeof(detail), "%.64s%s%.160s", strempty(id), isempty(id) ? "" : ": ",
                        status);
        text_clean(detail);
        worker_progress(pull->worker, PHASE_PULLING, detail);
}

static int pull_take_line(Pull *pull) {
        _cleanup_(json_freep) json_t *line = NULL;
        const char *error;
        JsonError problem;
        int r;

        if (pull->n_line == 0 || strspn(pull->line, " \t\r") == pull->n_line)
                return 0;

        r = json_decode(pull->line, pull->n_line, &line, &problem);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return worker_fail(pull->worker, -EIO, "Cannot pull: the engine's stream is no JSON: %s",
                                   problem.text);

        error = json_string_value(json_path(line, "errorDetail", "message", NULL));
        if (isempty(error))
                error = json_get_string(line, "error");
        if (!isempty(error)) {
                pull->failed = true;
                (void) snprintf(pull->error, sizeof(pull->error), "%s", error);
        } else
                pull_report(pull, line);

        return 0;
}

static int on_pull_data(const char *bytes, size_t length, void *userdata) {
        Pull *pull = userdata;

        for (size_t i = 0; i < length; i++) {
                if (bytes[i] != '\n') {
                        if (pull->n_line < PULL_LINE_MAX - 1)
                                pull->line[pull->n_line++] = bytes[i];
                        else
                                pull->overlong = true;
                        continue;
                }

                pull->line[pull->n_line] = '\0';
                if (pull->overlong)
                        pull->broken = worker_fail(pull->worker, -EIO,
                                                   "Cannot pull: a line of the engine's stream is too long");
                else
                        pull->broken = pull_take_line(pull);
                if (pull->broken < 0)
                        return pull->broken;
                pull->n_line = 0;
        }

        return 0;
}

static int pull_path(Engine *engine, const ImageRef *ref, char **ret) {
        _cleanup_free_ char *repository = NULL, *name = NULL, *tag = NULL;
        int r;

        r = image_ref_repository(ref, &repository);
        if (r < 0)
                return r;

        /* The parameter "tag" takes a digest too. */
        name = url_escape(repository, "");
        tag = url_escape(ref->digest ? ref->digest : ref->tag, "");
        if (!name || !tag)
                return -ENOMEM;

        if (asprintf(ret, "%s/images/create?fromImage=%s&tag=%s", engine_prefix(engine), name, tag) < 0) {
                *ret = NULL;
                return -ENOMEM;
        }

        return 0;
}

/* What was said before the status, in a body that is no stream. */
static void pull_read_refusal(Pull *pull, const HttpResponse *response) {
        _cleanup_(json_freep) json_t *json = NULL;
        JsonError problem;

        (void) json_decode(response->body, response->length, &json, &problem);
        (void) snprintf(pull->error, sizeof(pull->error), "%s", engine_message(json, "no reason given"));
        pull->failed = true;
}

static int pull_judge(Pull *pull, const ImageRef *ref, int status) {
        int r;

        if (!pull->failed)
                return 0;

        /* 404 is the engine's word for what the registry does not have or does not show. */
        r = status == 404 ? -ENOPKG : registry_error_classify(pull->error);
        return worker_fail(pull->worker, r, "Cannot pull %s/%s: %s", ref->domain, ref->path, pull->error);
}

int engine_image_pull(Engine *engine, const ImageRef *ref) {
        _cleanup_(http_response_done) HttpResponse response = { .status = 0 };
        _cleanup_free_ char *path = NULL;
        _cleanup_free_ Pull *pull = NULL;
        HttpRequest request;
        int r;

        assert(engine);
        assert(ref && (ref->digest || ref->tag));

        pull = calloc(1, sizeof(*pull));
        if (!pull)
                return -ENOMEM;

        pull->worker = engine_worker(engine);
        r = pull_path(engine, ref, &path);
        if (r < 0)
                return r;

        request = (HttpRequest){
                .method = "POST",
                .path = path,
                .silence_usec = ENGINE_SILENCE_USEC,
                .interruptible = true,
                .on_data = on_pull_data,
                .userdata = pull,
        };
        r = engine_http_call(engine_http(engine), &request, &response);
        if (r < 0 && pull->broken < 0)
                return r;
        if (r < 0)
                return worker_fail(pull->worker, r, "Cannot pull: %s",
                                   engine_http_error(engine_http(engine)));

        if (response.status != 200)
                pull_read_refusal(pull, &response);
        else {
                pull->line[pull->n_line] = '\0';
                r = pull_take_line(pull);
                if (r < 0)
                        return r;
        }

        return pull_judge(pull, ref, response.status);
}
