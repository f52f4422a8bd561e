/* SPDX-License-Identifier: MIT */
/*
 * Engine: the container engine, once its version and its peculiarities are known. Lives in a child process only: its calls
 * block. Images and containers have files of their own (images.h, containers.h).
 *
 * The room engine/ is Docker and Podman, seen through the API that both have: no other room knows which of them answers, or
 * speaks HTTP to them. deploy/ and job/ come here, in a child; bus/ only for what a child reported of the engine (info.h). It
 * never decides what is to run, and knows no label, project or stage.
 *
 * Errors are those of shared/bus/errors.h; worker_error() has the sentence. What an engine refuses (4xx) is
 * -EBADE, what it fails at (5xx, a broken answer) -EIO, or -ENOSPC where its disk is full, its absence -ECONNREFUSED, the end of this process -EINTR.
 */
#pragma once

#include <jansson.h>

#include "deployerd/engine/http.h"
#include "deployerd/worker/worker.h"

/* The newest version of the Engine API that is spoken, and the oldest; the first number of both is 1. */
#define ENGINE_API_MINOR_MAX 55U
#define ENGINE_API_MINOR_MIN 41U

/* Bytes that are quoted of an engine's own words. */
#define ENGINE_WORDS_MAX 1024U

typedef struct Engine Engine;

/* All in which Docker and Podman differ, as far as it matters here; the one place where that is said. */
typedef struct EngineQuirks {
        const char *name;
        /* What survives a reboot: Docker restarts itself what ran; Podman's restart service takes only "always". */
        const char *restart_policy;
        /* GET /distribution/{name}/json asks the registry for a digest. */
        bool has_distribution;
        /* An image's HEALTHCHECK is told by the engine's own API only. */
        bool health_in_libpod;
        /* A pull unpacks a layer after it was fetched, and tells of both. */
        bool unpacks_layers;
        /* The log driver copies labels into the journal. */
        bool log_labels;
        /* A container is created in several networks, whatever the version of the API. */
        bool creates_in_networks;
        /* To start a container starts those whose namespaces it shares. */
        bool starts_owners;
} EngineQuirks;

typedef struct EngineAnswer {
        int status;
        json_t *json; /* NULL where there was no body, or a body that is no JSON with a status of 400 and above */
} EngineAnswer;

/*
 * Finds the engine's socket (`socket_path`, or NULL for the one that was remembered, or else for the first of the usual ones that
 * is there), asks for the version, and reports it. Where another engine answers than was remembered, that is -ECONNREFUSED,
 * with both names. -ECONNREFUSED; -EPROTONOSUPPORT: too old, or of no known kind; -EPFNOSUPPORT: too new; -EIO, -EINTR, -ENOMEM.
 */
int engine_open(Worker *worker, const char *socket_path, Engine **ret);
/* An engine that deploys are not in: nothing of it is reported, and nothing is to be changed there. Errors as above. */
int engine_open_other(Worker *worker, const char *socket, Engine **ret);
Engine *engine_free(Engine *engine);
DEFINE_CLEANUP(Engine, engine_free)

/* From now on this is the engine that is asked where `socket_path` names none, and the parent is told if it was not. Errors of files. */
int engine_remember(Engine *engine);

/* Where root keeps logins to registries; `path` is borrowed as long as the engine lives. NULL at first. */
void engine_set_registries(Engine *engine, const char *path);

/*
 * What is kept out of the engine's sentences, and by engine_hide_secrets() out of a text (secrets.h); `secrets` is borrowed as long as
 * the engine lives. NULL at first.
 */
void engine_set_secrets(Engine *engine, const json_t *secrets);
void engine_hide_secrets(const Engine *engine, char *text);
const char *engine_registries(const Engine *engine);

const EngineQuirks *engine_quirks(const Engine *engine);
/* Where it is asked: "/run/docker.sock". */
const char *engine_socket(const Engine *engine);
Worker *engine_worker(const Engine *engine);
EngineHttp *engine_http(const Engine *engine);
/* The second number of the version of its API that is spoken: 41 for 1.41. */
unsigned engine_api_minor(const Engine *engine);
/* "/v1.41", and for the engine's own API (where health_in_libpod) "/v4.3.1/libpod". */
const char *engine_prefix(const Engine *engine);
const char *engine_libpod_prefix(const Engine *engine);

typedef struct EngineRequest {
        const char *method;
        const char *path;      /* below the version's prefix, escaped */
        const json_t *body;    /* or NULL */
        const char *header;    /* a line "Name: value" beside the usual ones, or NULL */
        const int *accepted;   /* statuses from 300 on that are no failure; zero-terminated, or NULL */
        const char *what;      /* "create the container": for the sentence about a failure */
        uint64_t timeout_usec; /* 0: ENGINE_READ_USEC for GET, else ENGINE_CHANGE_USEC */
} EngineRequest;

/*
 * 0 for a status below 300 or an accepted one, with `*ret` to be released; else the errors above. Where `ret` is NULL, what
 * is said of a success is not looked at.
 */
int engine_call(Engine *engine, const EngineRequest *request, EngineAnswer *ret);
void engine_answer_done(EngineAnswer *answer);

/* GET on a full path, prefix included, for an answer that has to be there. 1; 0 for 404; errors. */
int engine_get(Engine *engine, const char *full_path, const char *what, json_t **ret);

/* From now on reads are no more broken off when the process is to end: what was begun is to be undone. */
void engine_set_finishing(Engine *engine);

/* The engine's own words for a failure: `message` or `cause` of a JSON object, else `fallback`. Borrowed. */
const char *engine_message(const json_t *json, const char *fallback);
