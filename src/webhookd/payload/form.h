/* SPDX-License-Identifier: MIT */
/* Bodies of forms: application/x-www-form-urlencoded. Pure. */
#pragma once

#include "webhookd/request.h"

#define FORM_MEDIA_TYPE "application/x-www-form-urlencoded"

/*
 * The value of the first field of that name, decoded, freshly allocated and with a NUL behind it, which does
 * not count. What is no proper escape stands for itself. -ENOENT, -ENOMEM.
 */
int form_field(Bytes body, const char *name, char **ret, size_t *ret_length);
