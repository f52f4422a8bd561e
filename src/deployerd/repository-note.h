/* SPDX-License-Identifier: MIT */
/*
 * RepositoryNote: which repository a project has run last, also once no container of it is left. One file a project,
 * "repositories/<project>", below the unit's StateDirectory=. For deploy/ alone. It never asks the engine.
 */
#pragma once

#include "shared/macro.h"

/* "domain/path", freshly allocated: 1; 0: nothing is known of it; -EINVAL: no name; -EBADMSG: no note; and of files. */
int repository_note_read(const char *project, char **ret);

/* Notes it, in place of another one. Without a StateDirectory= it does nothing. Errors as above. */
int repository_note_write(const char *project, const char *repository);

/* From now on nothing is known of it. */
void repository_note_forget(const char *project);
