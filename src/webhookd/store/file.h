/* SPDX-License-Identifier: MIT */
/* The file of the database. For the files of the store alone. */
#pragma once

#include "webhookd/store/store.h"

/*
 * Opens the file that is there, makes it private, and locks it until the store is freed. -ENOENT: there is none; -EBUSY, -EACCES, -EROFS,
 * -EISDIR, -ELOOP, -EIO, … with a text that says what it is instead.
 */
int store_file_open(Store *store, const char *path);

/*
 * For a first start: an empty file beside `path`, opened and locked as above. Its name goes to `ret`. Another process that does the
 * same is -EBUSY.
 */
int store_file_draft(Store *store, const char *path, char **ret);

/* Gives the draft its name, where there is still nothing of that name, and has the folder remember it. */
int store_file_publish(Store *store, const char *draft, const char *path);

/* Removes the draft, and what sqlite may have left beside it. */
void store_file_discard(const char *draft);
