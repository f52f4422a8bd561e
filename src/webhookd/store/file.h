/* SPDX-License-Identifier: MIT */
/* The file of the database. For the files of the store alone. */
#pragma once

#include "webhookd/store/store.h"

/* Creates the file with mode 0600 where there is none, and locks it. -EBUSY, -EROFS, -EIO, … */
int store_file_open(const char *path, int *ret_fd);
