/* SPDX-License-Identifier: MIT */
/*
 * State: small files below the unit's StateDirectory=, which outlive the daemon and a reboot. What stands in them is for those who
 * write them to know. It never asks the engine.
 */
#pragma once

#include "shared/macro.h"

/* A folder in it (NULL: itself), made where `make`. -ENOENT: there is none, or the unit has no StateDirectory=; and of files. */
int state_open(const char *folder, bool make);

/* The file has that text, at once or not at all. Errors of files. */
int state_write(int folder, const char *name, const char *text);

/* Its bytes and a NUL. -ENOENT: there is no such file; -E2BIG: it is longer than that; and of files. */
int state_read(int folder, const char *name, char *ret, size_t size);
