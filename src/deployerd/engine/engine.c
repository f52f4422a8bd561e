/* SPDX-License-Identifier: MIT */
/* Which engine it is, and how it is called: see engine.h. */
#include "deployerd/engine/engine.h"

#include <inttypes.h>
#include <stdio.h>

#include "deployerd/engine/greeting.h"
#include "deployerd/engine/place.h"
#include "deployerd/engine/secrets.h"
#include "deployerd/engine/trouble.h"
#include "deployerd/worker/report.h"
#include "shared/json.h"
#include "shared/utf8.h"

static const EngineQuirks docker = {
        .name = "docker",
        .restart_policy = "unless-stopped",
        .has_distribution = true,
        .unpacks_layers = true,
        .log_labels = true,
};

static const EngineQuirks podman = {
        .name = "podman",
        .restart_policy = "always",
        .health_in_libpod = true,
        .creates_in_networks = true,
        .starts_owners = true,
};

struct Engine {
        Worker *worker;
        EngineHttp *http;
        const EngineQuirks *quirks;
        const char *registries;
        const json_t *secrets;
        char socket[ENGINE_SOCKET_SIZE];
        bool finishing;
        bool is_other; /* deploys are not in it */
        unsigned api_minor;
        Greeting greeting;
        char prefix[16];
        char libpod_prefix[GREETING_VERSION_SIZE + 16];
};

static int engine_fail_http(Engine *engine, int error, const char *what) {
        return worker_fail(engine->worker, error, "Cannot %s: %s", what, engine_http_error(engine->http));
}

static int engine_choose_version(Engine *engine, unsigned newest, unsigned oldest) {
        unsigned minor = newest < ENGINE_API_MINOR_MAX ? newest : ENGINE_API_MINOR_MAX;

        if (minor < ENGINE_API_MINOR_MIN)
                return worker_fail(engine->worker, -EPROTONOSUPPORT,
                                   "The engine speaks version 1.%u of its API, at least 1.%u is needed",
                                   newest, ENGINE_API_MINOR_MIN);
        if (minor < oldest)
                return worker_fail(
                                engine->worker, -EPFNOSUPPORT,
                                "The engine speaks no version of its API below 1.%u, 1.%u is the newest known",
                                oldest, minor);

        engine->api_minor = minor;
        (void) snprintf(engine->prefix, sizeof(engine->prefix), "/v1.%u", minor);
        return 0;
}

/* One whose versions are all unknown is told as well: somebody is there. */
static int engine_tell(Engine *engine) {
        const char *api = isempty(engine->prefix) ? "" : engine->prefix + strlen("/v");

        if (engine->is_other)
                return 0;

        return worker_report(engine->worker,
                             json_pack("{s:s, s:s, s:s, s:s, s:s}", REPORT_KEY, REPORT_ENGINE, "name",
                                       engine->quirks->name, "version", engine->greeting.version, "api", api,
                                       "socket", engine->socket));
}

/* What the ping does not tell. Either engine starts programs to find that out, Podman for a second, and dpkg eight times. */
static int engine_ask_version(Engine *engine, unsigned *ret_oldest) {
        _cleanup_(json_freep) json_t *version = NULL;
        int r;

        r = engine_get(engine, "/version", "ask for the engine's version", &version);
        if (r == 0)
                r = worker_fail(engine->worker, -EPROTONOSUPPORT, "The engine does not tell its version");
        if (r < 0)
                return r;

        (void) snprintf(engine->greeting.version, sizeof(engine->greeting.version), "%s",
                        strempty(json_get_string(version, "Version")));
        /* Podman tells of its compatible API a range that its ping does not confirm: the ping is right. */
        if (engine->quirks == &docker)
                (void) greeting_parse_api(strempty(json_get_string(version, "MinAPIVersion")), ret_oldest);
        return 0;
}

static int engine_negotiate(Engine *engine) {
        unsigned oldest = 0;
        int r, told;

        r = greeting_ask(engine->worker, engine->http, &engine->greeting);
        if (r < 0)
                return r;

        engine->quirks = isempty(engine->greeting.libpod) ? &docker : &podman;
        (void) snprintf(engine->libpod_prefix, sizeof(engine->libpod_prefix), "/v%s/libpod",
                        engine->greeting.libpod);

        /* The oldest is above what is known here only where the newest is. */
        if (engine->greeting.newest > ENGINE_API_MINOR_MAX || isempty(engine->greeting.version)) {
                r = engine_ask_version(engine, &oldest);
                if (r < 0)
                        return r;
        }

        r = engine_choose_version(engine, engine->greeting.newest, oldest);
        told = engine_tell(engine);
        return r < 0 ? r : told;
}

int engine_remember(Engine *engine) {
        int r;

        assert(engine);

        r = place_remember(engine->quirks->name, engine->socket);
        if (r <= 0)
                return r;

        return worker_report(engine->worker, json_pack("{s:s, s:s, s:s}", REPORT_KEY, REPORT_PLACE, "name",
                                                       engine->quirks->name, "socket", engine->socket));
}

/* Whoever answers there is asked who it is. */
static int engine_connect(Engine *engine, const char *socket) {
        int r;

        (void) snprintf(engine->socket, sizeof(engine->socket), "%s", socket);
        r = engine_http_new(socket, worker_cancel_fd(engine->worker), &engine->http);
        return r < 0 ? r : engine_negotiate(engine);
}

int engine_open(Worker *worker, const char *socket_path, Engine **ret) {
        _cleanup_(engine_freep) Engine *engine = NULL;
        Place place;
        int r;

        assert(worker);
        assert(ret);

        engine = calloc(1, sizeof(*engine));
        if (!engine)
                return -ENOMEM;

        engine->worker = worker;
        r = place_find(worker, socket_path, &place);
        if (r >= 0) {
                r = engine_connect(engine, place.socket);
                r = place_check(worker, &place, r < 0 ? "" : engine->quirks->name, r);
        }
        if (r == -ECONNREFUSED)
                (void) worker_report(worker, json_pack("{s:s, s:s, s:s, s:s}", REPORT_KEY, REPORT_ENGINE,
                                                       "name", "", "version", "", "api", ""));
        if (r < 0)
                return r;

        *ret = TAKE_PTR(engine);
        return 0;
}

int engine_open_other(Worker *worker, const char *socket, Engine **ret) {
        _cleanup_(engine_freep) Engine *engine = NULL;
        int r;

        assert(worker);
        assert(socket);
        assert(ret);

        engine = calloc(1, sizeof(*engine));
        if (!engine)
                return -ENOMEM;

        engine->worker = worker;
        engine->is_other = true;
        r = engine_connect(engine, socket);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(engine);
        return 0;
}

void engine_set_registries(Engine *engine, const char *path) {
        assert(engine);

        engine->registries = path;
}

const char *engine_registries(const Engine *engine) {
        assert(engine);

        return engine->registries;
}

void engine_set_secrets(Engine *engine, const json_t *secrets) {
        assert(engine);

        engine->secrets = secrets;
}

void engine_hide_secrets(const Engine *engine, char *text) {
        assert(engine);

        secrets_hide(engine->secrets, text);
}

Engine *engine_free(Engine *engine) {
        if (!engine)
                return NULL;

        engine_http_free(engine->http);
        free(engine);
        return NULL;
}

const EngineQuirks *engine_quirks(const Engine *engine) {
        assert(engine);

        return engine->quirks;
}

const char *engine_socket(const Engine *engine) {
        assert(engine);

        return engine->socket;
}

Worker *engine_worker(const Engine *engine) {
        assert(engine);

        return engine->worker;
}

EngineHttp *engine_http(const Engine *engine) {
        assert(engine);

        return engine->http;
}

unsigned engine_api_minor(const Engine *engine) {
        assert(engine);

        return engine->api_minor;
}

const char *engine_prefix(const Engine *engine) {
        assert(engine);

        return engine->prefix;
}

const char *engine_libpod_prefix(const Engine *engine) {
        assert(engine);

        return engine->libpod_prefix;
}

void engine_set_finishing(Engine *engine) {
        assert(engine);

        engine->finishing = true;
}

const char *engine_message(const json_t *json, const char *fallback) {
        const char *message = json_get_string(json, "message");

        if (isempty(message))
                message = json_get_string(json, "cause");

        return isempty(message) ? fallback : message;
}

void engine_answer_done(EngineAnswer *answer) {
        assert(answer);

        json_decref(answer->json);
        *answer = (EngineAnswer){ .status = 0 };
}

/* White space alone says as little as nothing does: Podman ends answers without a body by a newline. */
static bool is_blank(const HttpResponse *response) {
        return strspn(response->body, " \t\r\n") == response->length;
}

/* Every answer that is to be read is JSON; errors need not be. */
static int engine_decode(Engine *engine, const HttpResponse *response, const char *what, json_t **ret) {
        json_t *json = NULL;
        JsonError error;
        int r;

        if (is_blank(response)) {
                *ret = NULL;
                return 0;
        }

        r = json_decode(response->body, response->length, &json, &error);
        if (r == -ENOMEM)
                return r;
        if (r < 0 && response->status < 400)
                return worker_fail(engine->worker, -EIO, "Cannot %s: the engine's answer is no JSON: %s",
                                   what, error.text);

        *ret = json;
        return 0;
}

static bool is_accepted(int status, const int *accepted) {
        if (status >= 200 && status < 300)
                return true;

        for (; accepted && *accepted != 0; accepted++)
                if (status == *accepted)
                        return true;

        return false;
}

/* By 501 an engine says that it never will. One that was replaced meanwhile is asked in its own version the next time. */
static int refusal_errno(int status, const char *message) {
        if (trouble_is_of_age(status, message))
                return -EIO;

        return status < 500 || status == 501 ? -EBADE : trouble_errno(message);
}

static int engine_exchange(Engine *engine, const HttpRequest *request, const int *accepted, const char *what,
                           EngineAnswer *ret) {
        _cleanup_(http_response_done) HttpResponse response = { .status = 0 };
        _cleanup_(engine_answer_done) EngineAnswer answer = { .status = 0 };
        const char *message;
        int r;

        r = engine_http_call(engine->http, request, &response);
        if (r < 0)
                return engine_fail_http(engine, r, what);

        answer.status = response.status;
        /* Podman says "OK" in plain text where there is nothing to say. */
        if (ret || response.status >= 300) {
                r = engine_decode(engine, &response, what, &answer.json);
                if (r >= 0 && response.status >= 400)
                        r = secrets_hide_answer(engine->secrets, answer.json);
                if (r < 0)
                        return r;
        }

        message = engine_message(answer.json, "no reason given");
        if (!is_accepted(response.status, accepted) || trouble_is_of_age(response.status, message))
                return worker_fail(engine->worker, refusal_errno(response.status, message),
                                   "Cannot %s: the engine answers %i: %.*s", what, response.status,
                                   utf8_cut(message, ENGINE_WORDS_MAX), message);

        if (ret) {
                *ret = answer;
                answer.json = NULL;
        }
        return 0;
}

int engine_call(Engine *engine, const EngineRequest *request, EngineAnswer *ret) {
        _cleanup_free_ char *full = NULL, *text = NULL;
        HttpRequest http;
        bool reads;
        int r;

        assert(engine);
        assert(request && request->method && request->path && request->what);

        if (asprintf(&full, "%s%s", engine->prefix, request->path) < 0) {
                full = NULL;
                return -ENOMEM;
        }

        if (request->body) {
                r = json_encode(request->body, &text);
                if (r < 0)
                        return r;
        }

        reads = streq(request->method, "GET");
        http = (HttpRequest){
                .method = request->method,
                .path = full,
                .body = text,
                .header = request->header,
                .timeout_usec = request->timeout_usec > 0 ? request->timeout_usec
                                : reads                   ? ENGINE_READ_USEC
                                                          : ENGINE_CHANGE_USEC,
                .interruptible = reads && !engine->finishing,
        };
        return engine_exchange(engine, &http, request->accepted, request->what, ret);
}

int engine_get(Engine *engine, const char *full_path, const char *what, json_t **ret) {
        static const int missing[] = { 404, 0 };
        _cleanup_(engine_answer_done) EngineAnswer answer = { .status = 0 };
        HttpRequest request;
        int r;

        assert(engine);
        assert(full_path && what);
        assert(ret);

        request = (HttpRequest){
                .method = "GET",
                .path = full_path,
                .timeout_usec = ENGINE_READ_USEC,
                .interruptible = !engine->finishing,
        };
        r = engine_exchange(engine, &request, missing, what, &answer);
        if (r < 0)
                return r;
        if (answer.status == 404)
                return 0;
        if (!answer.json)
                return worker_fail(engine->worker, -EIO, "Cannot %s: the engine's answer is empty", what);

        *ret = TAKE_PTR(answer.json);
        return 1;
}
