/* SPDX-License-Identifier: MIT */
/*
 * Secrets in the words of others: a program prints the password that it cannot log in with, an engine quotes what it refuses, and
 * everybody on the machine may read why a deploy failed. Pure.
 */
#pragma once

#include <jansson.h>

#include "shared/macro.h"

#define SECRET_HIDDEN "(hidden)"
/* What is shorter stays: it would be found in words that have nothing to do with it. */
#define SECRET_MIN (sizeof(SECRET_HIDDEN) - 1)

/*
 * Puts SECRET_HIDDEN in the place of each of `secrets` in `text`: an object of name → string, of which every line counts that has SECRET_MIN
 * bytes; NULL: there are none.
 */
void secrets_hide(const json_t *secrets, char *text);

/* The same in the sentences of an error that an engine answered with. -ENOMEM. */
int secrets_hide_answer(const json_t *secrets, json_t *answer);
