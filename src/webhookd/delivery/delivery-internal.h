/* SPDX-License-Identifier: MIT */
/* The Delivery, for what tries it: a request whose hook is known already. */
#pragma once

#include "webhookd/delivery/delivery.h"

/* A request that has the hook's secret. `now` is CLOCK_REALTIME in µs. */
void delivery_handle_known(Delivery *delivery, const Hook *hook, const Request *request, uint64_t now,
                           Answer *ret);
