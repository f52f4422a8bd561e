/* SPDX-License-Identifier: MIT */
/*
 * VolumeNote: which anonymous volumes a stage has had, also once no container of it is left. One file a stage,
 * "volumes/<project>.<stage>", below the unit's StateDirectory=: a JSON object of path → name. For deploy/ alone. It never asks the
 * engine.
 */
#pragma once

#include <jansson.h>

#include "shared/macro.h"

/* An object, empty where nothing is noted. -EBADMSG: the note is damaged; -ENOMEM, and of files. */
int volume_note_read(const char *project, const char *stage, json_t **ret);

/* Notes these, in place of what was noted. Without a StateDirectory= it does nothing. -EINVAL: no names; and of files. */
int volume_note_write(const char *project, const char *stage, const json_t *volumes);

/* What is noted of all stages of the project: an array of names. -EBADMSG: a note is damaged; -ENOMEM, and of files. */
int volume_note_list(const char *project, json_t **ret);
