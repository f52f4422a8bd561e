/* SPDX-License-Identifier: MIT */
/*
 * LogFrames: the end of the output of a container, out of what the Engine API sends. Without a terminal it comes in frames:
 * one byte of which stream, three of nothing, four of length (big-endian), then the bytes; with one it comes as it is. Pure.
 */
#pragma once

#include "shared/macro.h"

/* What is kept of the text, before its lines are joined. */
#define LOG_TEXT_MAX 2048U

#define LOG_FRAME_HEADER_SIZE 8U

/* Begins as zeroes but for `tty`; there is nothing to free. */
typedef struct LogFrames {
        bool tty;
        unsigned char header[LOG_FRAME_HEADER_SIZE];
        size_t n_header;
        size_t left; /* of the frame whose header that is */
        /* Has room for twice as much as is kept, so that not every byte has to be moved for the next one. */
        char text[2 * LOG_TEXT_MAX];
        size_t length;
} LogFrames;

/* Takes bytes as they come, however many. */
void log_frames_feed(LogFrames *frames, const char *bytes, size_t length);

/*
 * The last lines that fit, joined to one by " | ", cleaned; empty lines are left out. A frame that is cut ends with the bytes.
 * Freshly allocated; -ENOMEM is the only error.
 */
int log_frames_text(const LogFrames *frames, char **ret);
