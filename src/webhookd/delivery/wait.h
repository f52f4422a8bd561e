/* SPDX-License-Identifier: MIT */
/*
 * Wait: `?wait=SECONDS`, by which a sender asks for its answer to be held back until its deploys are through, or that time is
 * over. Pure.
 */
#pragma once

#include "webhookd/request.h"

/* The longest that is granted. */
#define WAIT_MAX_SEC 900U

/*
 * How long the query of that path asks for, µs; 0: it does not, or for no time at all. -EINVAL with what is wrong in `*ret_problem`,
 * static text.
 */
int wait_read(Bytes path, uint64_t *ret, const char **ret_problem);

/* Whether the query says nothing else. */
bool wait_is_all(Bytes query);
