/* SPDX-License-Identifier: MIT */
/* Pulling: POST /images/create, and what its stream means. See engine_image_pull(). */
#include <stdio.h>

#include "deployerd/engine/images.h"
#include "deployerd/engine/pull-progress.h"
#include "deployerd/engine/pull-stream.h"
#include "deployerd/engine/registry-auth.h"
#include "deployerd/engine/registry-error.h"
#include "deployerd/engine/trouble.h"
#include "deployerd/text.h"
#include "shared/json.h"
#include "shared/protocol.h"
#include "shared/time-util.h"
#include "shared/utf8.h"

/*
 * A percentage is told no more often than this, and only when it is another: 101 times at most. Words are told, while there
 * is none, no more often than this.
 */
#define PULL_PERCENT_USEC (500 * USEC_PER_MSEC)
#define PULL_WORDS_USEC   (5 * USEC_PER_SEC)

typedef struct Pull {
        Worker *worker;
        PullStream *stream;
        PullProgress *progress;
        uint64_t due_at; /* monotonic: nothing is told before */
        bool counts;     /* there are layers to count */
        int percent;     /* the latest that was told; -1: none */
        bool broken;     /* by the stream, not by the transport */
} Pull;

static void tell_percent(Pull *pull, uint64_t now) {
        int percent = pull_progress_percent(pull->progress);
        char detail[16];

        if (percent == pull->percent)
                return;

        pull->percent = percent;
        pull->due_at = now + PULL_PERCENT_USEC;
        (void) snprintf(detail, sizeof(detail), "%i%%", percent);
        worker_progress(pull->worker, PHASE_PULLING, detail);
}

static void tell_words(Pull *pull, uint64_t now, const PullStatus *status) {
        char detail[256];

        pull->due_at = now + PULL_WORDS_USEC;
        (void) snprintf(detail, sizeof(detail), "%.64s%s%.*s", status->id, isempty(status->id) ? "" : ": ",
                        utf8_cut(status->status, 160), status->status);
        text_clean(detail);
        worker_progress(pull->worker, PHASE_PULLING, detail);
}

static void on_status(const PullStatus *status, void *userdata) {
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        Pull *pull = userdata;

        /* Layers are named one after the other: of the first few, a percentage would promise too much. */
        if (pull_progress_take(pull->progress, status)) {
                pull->counts = true;
                pull->due_at = now + PULL_PERCENT_USEC;
        }
        if (now < pull->due_at)
                return;

        if (pull->counts)
                tell_percent(pull, now);
        else
                tell_words(pull, now, status);
}

static int pull_check(Pull *pull, int r) {
        if (r != -EBADMSG)
                return r;

        pull->broken = true;
        return worker_fail(pull->worker, -EIO, "Cannot pull: the engine's stream makes no sense: %s",
                           pull_stream_problem(pull->stream));
}

static int on_data(const char *bytes, size_t length, void *userdata) {
        Pull *pull = userdata;

        return pull_check(pull, pull_stream_feed(pull->stream, bytes, length));
}

static int pull_path(const Engine *engine, const ImageRef *ref, char **ret) {
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

static int pull_fail(const Pull *pull, const ImageRef *ref, int error, const char *failure) {
        return worker_fail(pull->worker, error, "Cannot pull %s/%s: %s", ref->domain, ref->path, failure);
}

/* What is no stream, since it was clear before it began. 404 is what the registry does not have or does not show. */
static int pull_refused(const Pull *pull, const ImageRef *ref, const HttpResponse *response) {
        _cleanup_(json_freep) json_t *json = NULL;
        const char *failure;
        JsonError error;

        if (json_decode(response->body, response->length, &json, &error) == -ENOMEM)
                return -ENOMEM;

        failure = engine_message(json, "no reason given");
        if (trouble_is_of_age(response->status, failure))
                return pull_fail(pull, ref, -EIO, failure);

        return pull_fail(pull, ref, response->status == 404 ? -ENOPKG : registry_error_classify(failure),
                         failure);
}

static int pull_finish(Pull *pull, const ImageRef *ref) {
        const char *failure;
        int r;

        r = pull_check(pull, pull_stream_finish(pull->stream));
        if (r < 0)
                return r;

        failure = pull_stream_failure(pull->stream);
        return failure ? pull_fail(pull, ref, registry_error_classify(failure), failure) : 0;
}

int engine_image_pull(Engine *engine, const ImageRef *ref, uint64_t timeout_usec) {
        _cleanup_(http_response_done) HttpResponse response = { .status = 0 };
        _cleanup_(pull_progress_freep) PullProgress *progress = NULL;
        _cleanup_(pull_stream_freep) PullStream *stream = NULL;
        _cleanup_(registry_auth_erasep) char *auth = NULL;
        _cleanup_free_ char *path = NULL;
        HttpRequest request;
        uint64_t begun_at;
        Pull pull;
        int r;

        assert(engine);
        assert(ref && (ref->digest || ref->tag));

        r = pull_progress_new(engine_quirks(engine)->unpacks_layers, &progress);
        if (r < 0)
                return r;

        r = pull_stream_new(on_status, &pull, &stream);
        if (r < 0)
                return r;

        pull = (Pull){
                .worker = engine_worker(engine),
                .stream = stream,
                .progress = progress,
                .due_at = now_usec(CLOCK_MONOTONIC) + PULL_WORDS_USEC,
                .percent = -1,
        };
        r = pull_path(engine, ref, &path);
        if (r >= 0)
                r = registry_auth_header(engine_worker(engine), engine_registries(engine), ref, &auth);
        if (r < 0)
                return r;

        request = (HttpRequest){
                .method = "POST",
                .path = path,
                .header = auth,
                .timeout_usec = timeout_usec,
                .silence_usec = ENGINE_SILENCE_USEC,
                .interruptible = true,
                .on_data = on_data,
                .userdata = &pull,
        };
        begun_at = now_usec(CLOCK_MONOTONIC);
        r = engine_http_call(engine_http(engine), &request, &response);
        if (r < 0 && pull.broken)
                return r;
        if (r == -EIO && timeout_usec > 0 && now_usec(CLOCK_MONOTONIC) - begun_at >= timeout_usec)
                return pull_fail(&pull, ref, -ETIME, "it took longer than root's file allows it to");
        if (r < 0)
                return pull_fail(&pull, ref, r, engine_http_error(engine_http(engine)));

        return response.status == 200 ? pull_finish(&pull, ref) : pull_refused(&pull, ref, &response);
}
