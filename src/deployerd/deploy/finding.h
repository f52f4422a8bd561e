/* SPDX-License-Identifier: MIT */
/* What is found out about a container that did not do what it should: told in a sentence, and in the journal, without secrets. */
#pragma once

#include "deployerd/engine/containers.h"

/*
 * Adds `words` ("; state ") and what was said to `text` of at most `size` bytes, of which as much as fits is left of the end of `said`,
 * `max` bytes at most; and to the journal.
 */
void finding_add(Engine *engine, char *text, size_t size, const char *words, const char *said, size_t max);
/* Adds the last lines of its output, where it has any. */
void finding_add_lines(Engine *engine, const Container *container, char *text, size_t size);
