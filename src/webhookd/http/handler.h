/* SPDX-License-Identifier: MIT */
/* Handler: converts h2o's requests to Requests, and Answers to h2o's responses. Nothing is decided here. */
#pragma once

#include "webhookd/delivery/delivery.h"
#include "webhookd/turn.h"
#include "webhookd/waiters.h"

struct st_h2o_pathconf_t;

/* Registers itself at `path`, and lives as long as that. Borrows the rest. */
void handler_register(struct st_h2o_pathconf_t *path, Delivery *delivery, Turn *turn, Waiters *waiters);
