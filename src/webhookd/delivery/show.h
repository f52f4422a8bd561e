/* SPDX-License-Identifier: MIT */
/* A deploy, shown to who has the secret of a hook that it may be shown through: an image that the hook takes. */
#pragma once

#include "webhookd/delivery/context.h"

/*
 * Answers a request for that deploy, which has the hook's secret. What there is not and what the hook may not see are the 404 of
 * any other path. `now` is CLOCK_REALTIME in µs.
 */
void delivery_show(Delivery *delivery, const Hook *hook, const Request *request, uint64_t id, uint64_t now,
                   Answer *ret);
