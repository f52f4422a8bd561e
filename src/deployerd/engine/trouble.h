/* SPDX-License-Identifier: MIT */
/*
 * What an engine says of trouble of its own: it comes as a sentence, whatever was asked of it. Sentences of registries and
 * about containers have files of their own (registry-error.h, start-error.h), which ask here first. Pure.
 */
#pragma once

#include "shared/macro.h"

typedef enum Trouble {
        TROUBLE_NONE,      /* the sentence names none that is known */
        TROUBLE_DISK_FULL, /* no attempt helps before somebody makes room */
        TROUBLE_PASSING,   /* what the engine lacks at the moment */
} Trouble;

Trouble trouble_of(const char *message);

/* The errno for a request that an engine fails at: -ENOSPC where its disk is full, else -EIO. */
int trouble_errno(const char *message);

/*
 * Whether an engine refuses the very version of its API that it is called in: it was replaced by one of another age since it was asked
 * for its versions, and whoever asks anew is served.
 */
bool trouble_is_of_age(int status, const char *message);
