/* SPDX-License-Identifier: MIT */
/*
 * EarlyAnswer: what libh2o answers by itself, before a request is complete or its handler is asked: framing that is wrong, a
 * body that is too large. It gets the text that such an answer has here, and its connection is told.
 */
#pragma once

#include "shared/macro.h"

struct st_h2o_pathconf_t;

/* Registers itself at `path`, which has no handler, and lives as long as that. */
void early_register(struct st_h2o_pathconf_t *path);
