/* SPDX-License-Identifier: MIT */
/*
 * Call: what the methods of both daemons begin with. The first arguments of a method name what it is about; they are read
 * and checked, and then the authority is asked whether the caller may do that to it.
 */
#pragma once

#include "shared/bus/authority.h"

/* What a method is about, and which of its arguments say so. */
typedef enum CallScope {
        CALL_ALL,              /* none does: nothing in particular, or everything */
        CALL_HOOK,             /* "s": a hook */
        CALL_PROJECT,          /* "s": a project */
        CALL_STAGE,            /* "ss": a project, and a stage of it */
        CALL_PROJECT_OR_STAGE, /* "ss": the same, or the whole project where the stage is empty */
        CALL_ANY,              /* "ss": the same, or everything where both are empty */
} CallScope;

/* 0, or InvalidName in `error`. `stage` may be NULL. */
int call_check_names(const char *project, const char *stage, sd_bus_error *error);

/* The same of a hook, for a method that reads its name itself. */
int call_check_hook(const char *hook, sd_bus_error *error);

/*
 * Reads the names, checks them, and asks the authority. Returns what authority_check() does, or a negative errno with `error`
 * set for names that are none. `*ret_about` borrows from the message; its stage is "" where the method has none. It may
 * be NULL with CALL_ALL.
 */
int call_begin(Authority *authority, sd_bus_message *message, CallScope scope, PolkitDetails *ret_about,
               uid_t *ret_uid, sd_bus_error *error);
