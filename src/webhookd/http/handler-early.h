/* SPDX-License-Identifier: MIT */
/*
 * EarlyAnswer: what libh2o answers by itself, before a request is complete or its handler is asked: framing that is wrong, a
 * body that is too large. It gets the text that such an answer has here, and the connection's owner is told.
 */
#pragma once

#include "shared/macro.h"

struct st_h2o_pathconf_t;
struct st_h2o_req_t;

/* The connection of that request closes after its answer, though its client may still be sending. */
typedef void (*EarlyHook)(struct st_h2o_req_t *req, void *userdata);

/* Registers itself at `path`, which has no handler, and lives as long as that. */
void early_register(struct st_h2o_pathconf_t *path, EarlyHook hook, void *userdata);
