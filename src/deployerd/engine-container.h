/* SPDX-License-Identifier: MIT */
/*
 * Containers, as the engine knows them. Errors are those of engine.h; the names and ids that go in are the engine's own
 * or made of checked names.
 */
#pragma once

#include "deployerd/engine.h"

/* The most containers that are looked at in one list. */
#define CONTAINERS_MAX 1024U
/* "127.0.0.1:65535", or the longest textual IPv6 address in brackets with a port. */
#define ENDPOINT_SIZE 64U

/* What inspecting tells. All strings are borrowed from `json`. */
typedef struct Container {
        json_t *json;
        const char *id;
        const char *name;   /* without the engine's leading slash */
        const char *status; /* "running", "exited", … */
        const char *health; /* "healthy", "unhealthy", "starting", "none" */
        const json_t *labels;
        bool running;
        bool oom_killed;
        bool tty;
        int64_t exit_code;
        int64_t restarts;
        uint64_t started_at; /* µs since the epoch, 0 where it never started */
} Container;

void container_done(Container *container);

/* 1; 0: there is none of that name or id. */
int engine_container_inspect(Engine *engine, const char *name, Container *ret);

/* A label's value, or NULL. Borrowed. */
const char *container_label(const Container *container, const char *key);

/* Where its first published port of tcp listens ("127.0.0.1:49153"); empty where nothing is published. */
void container_endpoint(const Container *container, char ret[static ENDPOINT_SIZE]);

/*
 * The ids of all containers, running or not, that carry every label ("key" or "key=value"; NULL-terminated). The
 * array is NULL-terminated and the caller's (strv_free()).
 */
int engine_container_list(Engine *engine, const char *const *labels, char ***ret_ids);

/* -EEXIST: the name is taken. */
int engine_container_create(Engine *engine, const char *name, const json_t *body, char **ret_id);
/* -EREMOTEIO: the engine answers that it cannot be started. */
int engine_container_start(Engine *engine, const char *id);
/* -EEXIST: the name is taken. */
int engine_container_rename(Engine *engine, const char *id, const char *name);
/* Asks it to end, kills it after the grace; 0 also where it does not run or is gone. */
int engine_container_stop(Engine *engine, const char *id, uint64_t grace_usec);
/* With its anonymous volumes, by force; 0 also where it is gone. */
int engine_container_remove(Engine *engine, const char *id);

/* The last `n` lines of its output on one line each, separated by " | ", cleaned; empty where there are none. */
int engine_container_logs(Engine *engine, const Container *container, unsigned n, char **ret);

/* Tells of all events of a container of this name or id, from now on. */
int engine_container_watch(Engine *engine, const char *id, EngineHttpWatch **ret);
