/* SPDX-License-Identifier: MIT */
/*
 * What a merge patch over the container-create body may say. The engine is Go, whose decoder takes a key in any case: a key
 * that is one of the engine's but for its case would pass every check here and still count there, so it is
 * refused. Pure.
 */
#pragma once

#include <jansson.h>

#include "shared/macro.h"

/* Bytes of a JSON pointer (RFC 6901) that is shown; a longer one is cut. */
#define JSON_POINTER_SIZE 256U

/*
 * Checks the patch that stands at `pointer` in its file. NULL; or what is wrong (static text), with the place in
 * `ret_pointer`.
 */
const char *project_container_problem(const json_t *patch, const char *pointer,
                                      char ret_pointer[static JSON_POINTER_SIZE]);

/* "<pointer>/<key>", escaped by RFC 6901 and made fit for a journal. `ret` may be `pointer`. */
void json_pointer_append(const char *pointer, const char *key, char ret[static JSON_POINTER_SIZE]);
