/* SPDX-License-Identifier: MIT */
/*
 * Place: at which socket the engine is asked, and whether who answers there is the one that is meant. For engine.c, which does the
 * asking, and for whoever looks for other engines.
 */
#pragma once

#include "deployerd/engine-note.h"
#include "deployerd/worker/worker.h"

/* As long as an address of a socket can be. */
#define ENGINE_SOCKET_SIZE sizeof(((EngineNote *) 0)->socket)

typedef struct Place {
        const char *socket; /* `configured`, static text, or in `note` */
        bool is_noted;      /* nobody named it now: it is where the deploys are */
        EngineNote note;
} Place;

/*
 * Root's word (`configured`, or NULL); else where the deploys are; else the first usual socket that answers. Not to be copied.
 * -ECONNREFUSED: there is none; -EIO: what was noted cannot be read; both explained.
 */
int place_find(Worker *worker, const char *configured, Place *ret);

/*
 * What it means that an engine of that name answers there, or that asking failed with `r`: `r`, or -ECONNREFUSED with the names
 * of both where it is another one, or another one listens elsewhere.
 */
int place_check(Worker *worker, const Place *place, const char *name, int r);

/*
 * The n-th usual socket, static, whose engine runs and is not the one that place_find() finds: 1; 0: there are no more. None is
 * started by that but Podman's service, which answers and ends. -EIO as there.
 */
int place_find_other(Worker *worker, const char *configured, unsigned n, const char **ret_socket);

/* Notes that the deploys are there: 1; 0: that is no news. */
int place_remember(const char *name, const char *socket);
