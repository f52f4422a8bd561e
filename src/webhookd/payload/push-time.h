/* SPDX-License-Identifier: MIT */
/*
 * The time of a push, as senders write it: RFC 3339 with a zone ("2024-01-02T03:04:05.678Z"), or seconds since the epoch. In
 * µs since the epoch; 0 where there is none, or nothing that tells an order: without a zone, before 1970. Pure.
 */
#pragma once

#include <jansson.h>

#include "webhookd/request.h"

uint64_t push_time_read(Bytes text);

/* At `key` of `object`, which may be anything: a text or a number. */
uint64_t push_time_at(const json_t *object, const char *key);
