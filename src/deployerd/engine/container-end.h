/* SPDX-License-Identifier: MIT */
/* ContainerEnd: how the process of a container ended, by what inspecting it and the engine's events tell. Pure. */
#pragma once

#include "deployerd/engine/container.h"

/* "was killed by SIGKILL (out of memory)", or the longest status. */
#define CONTAINER_END_SIZE 64U

typedef struct ContainerEnd {
        bool known;
        bool out_of_memory;
        int64_t code; /* of the latest end; the engine adds 128 to a signal */
} ContainerEnd;

/* Notes what one event of a container tells of its end; other events are passed over. */
void container_end_note(ContainerEnd *end, const json_t *event);

/*
 * Notes what inspecting tells: of a container that has ended, or is between two starts. Of one that runs again an engine
 * has forgotten how it ended, and only the events tell.
 */
void container_end_read(ContainerEnd *end, const Container *container);

/* Adds what was found out elsewhere about the same end. */
void container_end_add(ContainerEnd *end, const ContainerEnd *more);

/* Whether nothing more is to be expected: why a process was killed can become known after the end itself. */
bool container_end_is_explained(const ContainerEnd *end);

/* Whether it is known that this signal ended it, as far as an engine tells that from a status. */
bool container_end_is_by(const ContainerEnd *end, int signal_number);

/* "exited with status 3", "was killed by SIGSEGV"; "ended" where nothing is known. */
void container_end_describe(const ContainerEnd *end, char ret[static CONTAINER_END_SIZE]);
