/* SPDX-License-Identifier: MIT */
/*
 * What every reader of foreign JSON needs beside jansson: strict decoding with limits and a position,
 * and lookups that answer a type mismatch like an absence.
 */
#pragma once

#include <jansson.h>

#include "shared/macro.h"

/* The deepest nesting that is accepted from outside. */
#define JSON_DEPTH_MAX 64U

typedef struct JsonError {
        char text[160]; /* what is wrong, one line, without a word of what is there */
        int line;       /* 1-based; 0 where no position is known */
        int column;     /* 1-based, in characters */
} JsonError;

static inline json_t *json_free(json_t *j) {
        json_decref(j);
        return NULL;
}

DEFINE_CLEANUP(json_t, json_free)

/*
 * Decodes exactly one JSON value of any type; refuses trailing bytes, duplicate keys, NUL inside strings and
 * nesting beyond JSON_DEPTH_MAX. `*ret` is a new reference. -EBADMSG with `*ret_error` filled; -ENOMEM.
 */
int json_decode(const char *bytes, size_t length, json_t **ret, JsonError *ret_error);

/* Walks `object` by the NULL-terminated list of keys. NULL when a step is missing or not an object. Borrowed. */
json_t *json_path(const json_t *object, ...) __attribute__((sentinel));

/* The string at `key`; NULL when `object` is no object, the key is missing or its value is no string. Borrowed. */
const char *json_get_string(const json_t *object, const char *key);

/* The integer at `key`, or `fallback`; a real with an integral value counts as an integer. */
int64_t json_get_int(const json_t *object, const char *key, int64_t fallback);

/* `j` as one line of text, keys in the order of their insertion; freshly allocated. */
int json_encode(const json_t *j, char **ret);
