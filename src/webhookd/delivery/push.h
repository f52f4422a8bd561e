/* SPDX-License-Identifier: MIT */
/* Push: everything that comes of one. */
#pragma once

#include "webhookd/delivery/context.h"

/* Queues it, or tells why nothing comes of it. Negative errno where the store cannot be used. */
int handle_push(Handling *handling, const Push *push);
