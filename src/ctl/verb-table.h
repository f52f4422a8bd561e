/* SPDX-License-Identifier: MIT */
/* The table of verbs. For run.c and help.c, which are the only ones to know it. */
#pragma once

#include "ctl/verb.h"

/* One by one, in the order of the help; NULL behind the last. */
const Verb *verb_at(size_t index);

/* Whether its name is of two words, and this is the first. */
bool verb_is_of_group(const Verb *verb, const char *word);

/* The verb that these words begin with, and how many of them are its name. NULL: no such verb. */
const Verb *verb_find(char *const *words, size_t n_words, size_t *ret_n_used);

/* Whether verbs of two words begin with this one. */
bool verbs_have_group(const char *word);
