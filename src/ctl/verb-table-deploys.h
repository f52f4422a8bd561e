/* SPDX-License-Identifier: MIT */
/* Of the table of verbs those that make a deploy, follow one, or list them. For verb-table.c alone. */
#pragma once

#include "ctl/verb.h"

extern const Verb deploy_verbs[];
extern const size_t n_deploy_verbs;
