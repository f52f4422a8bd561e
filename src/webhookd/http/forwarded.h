/* SPDX-License-Identifier: MIT */
/* Forwarded: the address of a client, as a proxy in front tells it. Pure. */
#pragma once

#include "webhookd/request.h"

/* The longest forwarded address that is believed to be one. */
#define FORWARDED_MAX 64U

/*
 * The last address of X-Forwarded-For, which is the one that the proxy saw, in `buffer`; NULL where there is none, or none that
 * may be told to the journal.
 */
const char *forwarded_remote(const Request *request, char buffer[static FORWARDED_MAX + 1]);
