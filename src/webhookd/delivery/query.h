/* SPDX-License-Identifier: MIT */
/*
 * Query: what stands behind the question mark of a request's path, as parameters with an "&" between two. Nothing of it is
 * decoded: what is asked for here has no character that a URL would need to encode. Pure.
 */
#pragma once

#include "webhookd/request.h"

/* What follows the question mark; empty where there is none. */
Bytes query_of(Bytes path);

/* Takes the next parameter off the query. False where there is none. */
bool query_next(Bytes *query, Bytes *ret);

/* Whether the parameter is of that key, with its value, which is empty where there is no "=". */
bool query_is(Bytes parameter, const char *key, Bytes *ret_value);
