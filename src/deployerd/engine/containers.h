/* SPDX-License-Identifier: MIT */
/*
 * Containers, as the engine knows them. Errors are those of engine.h; the names and ids that go in are the engine's own
 * or made of checked names.
 */
#pragma once

#include "deployerd/engine/container.h"
#include "deployerd/engine/engine.h"

/* The longest that is waited for a container to end, whatever it says. */
#define STOP_SEC_MAX (60 * 60)

/* 1; 0: there is none of that name or id. */
int engine_container_inspect(Engine *engine, const char *name, Container *ret);

/*
 * -EEXIST: the name is taken. With `once` an engine that fails at it in words that nobody knows has refused it (-EBADE), and
 * is not taken to be in trouble (-EIO): so where another attempt costs more than the one that it may save.
 */
int engine_container_create(Engine *engine, const char *name, const json_t *body, bool once, char **ret_id);
/* -EREMOTEIO: the engine answers that it cannot be started. `once` as above. */
int engine_container_start(Engine *engine, const char *id, bool once);
/* -EEXIST: the name is taken. `once` as above. */
int engine_container_rename(Engine *engine, const char *id, const char *name, bool once);
/*
 * Asks it to end, and kills it after the time that it says itself (STOP_SEC_MAX at most), or after `grace_usec` where it says
 * none; 0 also where it does not run or is gone.
 */
int engine_container_stop(Engine *engine, const Container *container, uint64_t grace_usec);
/* The time in between, in µs: whole seconds. */
uint64_t engine_container_grace(const Container *container, uint64_t grace_usec);
/* By force, and none of its volumes; 0 also where it is gone. */
int engine_container_remove(Engine *engine, const char *id);

/*
 * The last `n` lines of its output, joined by " | ", cleaned; empty where there are none. Of a container that has
 * ended, lines that the engine does not find yet are waited for, as long as the process is not to end.
 */
int engine_container_logs(Engine *engine, const Container *container, unsigned n, char **ret);
