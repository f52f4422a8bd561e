/* SPDX-License-Identifier: MIT */
/*
 * State: small files below the unit's StateDirectory=, which outlive the daemon and a reboot. For the notes beside
 * it, which know what stands in them. It never asks the engine.
 */
#pragma once

#include "shared/name.h"

/* Two names, a dot, and a NUL. */
#define STATE_STAGE_SIZE (2 * NAME_MAX_LENGTH + 2)

/* A folder in it (NULL: itself), made where `make`. -ENOENT: there is none, or the unit has no StateDirectory=; and of files. */
int state_open(const char *folder, bool make);

/* The file has that text, at once or not at all. Errors of files. */
int state_write(int folder, const char *name, const char *text);

/* Its bytes and a NUL. -ENOENT: there is no such file; -E2BIG: it is longer than that; and of files. */
int state_read(int folder, const char *name, char *ret, size_t size);

/* The name of the file that a stage has in a folder, "<project>.<stage>". -EINVAL: they are no names. */
int state_stage_name(const char *project, const char *stage, char ret[static STATE_STAGE_SIZE]);

/* `name` is one file of the folder; a negative errno ends the list with it. */
typedef int (*StateOnName)(int folder, const char *name, void *userdata);

/* All files of a folder, hidden ones too, in no order; none where there is no folder. 0, and errors of files and of `on_name`. */
int state_list(const char *folder, StateOnName on_name, void *userdata);
