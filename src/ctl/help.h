/* SPDX-License-Identifier: MIT */
/* The help that is made of the table of verbs, for run.c. It runs no verb. */
#pragma once

#include <stdio.h>

#include "ctl/verb-table.h"

/* Of all verbs, or of those of a group (NULL: all). */
void help_all(const char *group, FILE *file);
/* Of one. */
void help_verb(const Verb *verb, FILE *file);
