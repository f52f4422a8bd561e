/* SPDX-License-Identifier: MIT */
/*
 * Private file: a new file that nobody else may read, and that appears whole or not at all. For verbs that write secrets. It never
 * replaces what is there, and never knows what is in it.
 */
#pragma once

#include "shared/macro.h"

typedef struct PrivateFile {
        int fd;          /* to be written; -1: there is none */
        char *path;      /* where it is to appear */
        char *temporary; /* its name until then; NULL: it has none */
} PrivateFile;

/* `_cleanup_(private_file_done) PrivateFile file = PRIVATE_FILE_NONE;` */
#define PRIVATE_FILE_NONE ((PrivateFile){ .fd = -1 })

/* Empty, and in the folder of `path`. -EEXIST: there is something of that name. */
int private_file_open(const char *path, PrivateFile *ret);

/* One that never appears, in the folder that TMPDIR= names, or in /var/tmp. */
int private_file_open_unnamed(PrivateFile *ret);

/* It is on the disk, and has its name. -EEXIST as above. */
int private_file_publish(PrivateFile *file);

/* Gives up what was not published. */
void private_file_done(PrivateFile *file);
