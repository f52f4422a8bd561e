/* SPDX-License-Identifier: MIT */
/* What whoever wrote a key that has no business there may have meant. Pure. */
#pragma once

#include "deployerd/config/engine-keys.h"
#include "deployerd/config/json-pointer.h"

/* A longer key is no slip of the pen. */
#define HINT_KEY_MAX 48U

/*
 * Where container-create has a key of this name, in whatever case: its object ("/HostConfig", of several the one that is least
 * deep; a star is for names of one's own, "" the body itself) and the key as it is spelt there. False: nowhere.
 */
bool engine_hint_home(const char *key, char ret_pointer[static JSON_POINTER_SIZE], const char **ret_name);

/*
 * The key whose spelling is nearest to `key`, of `type` before all others: its object as above, and its name. False: none is
 * near.
 */
bool engine_hint_nearest(const EngineType *type, const char *key, char ret_pointer[static JSON_POINTER_SIZE],
                         const char **ret_name);
