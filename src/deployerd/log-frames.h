/* SPDX-License-Identifier: MIT */
/*
 * The output of a container as the Engine API sends it. Without a terminal it comes in frames: one byte of which stream,
 * three of nothing, four of length (big-endian), then the bytes; with one it comes as it is. Pure.
 */
#pragma once

#include "shared/macro.h"

/* What is kept of the text, before its lines are joined. */
#define LOG_TEXT_MAX 2048U

/*
 * The last lines that fit, joined to one by " | ", cleaned; empty lines are left out. `bytes` is overwritten; a
 * frame that is cut ends with the bytes. Freshly allocated; -ENOMEM is the only error.
 */
int log_frames_text(char *bytes, size_t length, bool tty, char **ret);
