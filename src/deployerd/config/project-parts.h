/* SPDX-License-Identifier: MIT */
/* What a project and each of its stages may say, in root's file. For the files project-*.c alone. */
#pragma once

#include "deployerd/config/project-reader.h"

/*
 * Checks the part `key` of the project or stage that stands at `pointer`, and keeps what it says where it `counts`: what is said
 * twice counts from the stage, which comes later. `unknown` is the sentence for what is no part. -EBADMSG and -EPERM,
 * explained; -ENOMEM.
 */
int project_part_read(ProjectReader *reader, const char *pointer, const char *key, json_t *value,
                      bool counts, const char *unknown);
