/* SPDX-License-Identifier: MIT */
/* Which deploys of a delivery wait for which: those of a project that comes after another wait for all of the other one's. */
#pragma once

#include "webhookd/delivery/context.h"

/* Keeps in mind what a delivery has come to; there is room for it. */
void order_note(Handling *handling, const Match *match, const EnqueueResult *result);

/* When all pushes are handled: has the store remember who waits for whom. */
int order_deploys(const Handling *handling);
