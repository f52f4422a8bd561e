/* SPDX-License-Identifier: MIT */
/*
 * What a merge patch over the container-create body may say: keys of the engine's, each in its place, of its type, and in the
 * version of the API that is spoken. The engine is Go, whose decoder takes a key in any case, and keeps silent about what it
 * does not know: whatever is not as it should be is refused here, before the engine makes something else of it. Pure.
 */
#pragma once

#include <jansson.h>

#include "deployerd/config/json-pointer.h"

/* Bytes of "place: what is wrong". */
#define CONTAINER_PROBLEM_SIZE 640U

typedef struct ContainerRules {
        unsigned api_minor; /* the version of the API that is spoken is 1.<this>; 0: none in particular */
        const json_t *unchecked; /* an array of keys such as "HostConfig.NewThing" that are passed on; NULL: none */
} ContainerRules;

/* Checks the patch that stands at `pointer` in its file. 0, or -EBADMSG with `ret_problem` filled. */
int project_container_check(const json_t *patch, const char *pointer, const ContainerRules *rules,
                            char ret_problem[static CONTAINER_PROBLEM_SIZE]);

/*
 * For a key that stands at `pointer` outside of any patch: where in the patch beside it, whose name is "container", it
 * belongs. False: it is none of the engine's, and nothing is written.
 */
bool project_container_claims(const char *pointer, const char *key,
                              char ret_problem[static CONTAINER_PROBLEM_SIZE]);
