/* SPDX-License-Identifier: MIT */
/* Base64 (RFC 4648), in either of its alphabets, with or without padding. Pure. */
#pragma once

#include "shared/macro.h"

/* Freshly allocated, with a NUL behind it that is not counted. -EBADMSG: it is no base64; -ENOMEM. */
int base64_decode(const char *text, char **ret, size_t *ret_length);
