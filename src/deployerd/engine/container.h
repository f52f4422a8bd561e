/* SPDX-License-Identifier: MIT */
/* Container: what the engine tells when it is asked to inspect one. Pure. */
#pragma once

#include <jansson.h>

#include "deployerd/engine/published.h"
#include "shared/macro.h"

/* A numeric IPv4 or IPv6 address. */
#define CONTAINER_ADDRESS_SIZE 46U

/* Of `stop_sec`: no container says this. */
#define STOP_UNSAID INT64_MIN

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
        int64_t stop_sec; /* how long it may take to end once it was asked to; STOP_UNSAID: it does not say, negative: for ever */
} Container;

/* -EBADMSG: no id, name or state. Takes the reference to `json`, on success only. */
int container_read(json_t *json, Container *ret);
void container_done(Container *container);
/* Notes that it has another name since. -ENOMEM. */
int container_set_name(Container *container, const char *name);

/* A label's value, or NULL. Borrowed. */
const char *container_label(const Container *container, const char *key);

/*
 * Where its `port` of tcp is published ("127.0.0.1:49153"); where that one is not (0: there is none), its first of tcp, else of another
 * protocol, which is then told behind it ("127.0.0.1:49153/udp"). Empty where nothing is published.
 */
void container_endpoint(const Container *container, uint16_t port, char ret[static ENDPOINT_SIZE]);
/* Everything that it publishes, as published_list(); nothing where it does not run. */
int container_published(const Container *container, Published **ret, size_t *ret_n);

/*
 * Where the host reaches it without any published port: its address on its first network that gave it one (IPv4 before
 * IPv6), the host's own where it shares the host's network. False: it has none, as with no network or another's.
 */
bool container_address(const Container *container, char ret[static CONTAINER_ADDRESS_SIZE]);

/* Whether it was told to check its own health: by its image, or by its configuration, which may also take that away. */
bool container_has_healthcheck(const Container *container, bool image_has);
