/* SPDX-License-Identifier: MIT */
/* What is done with the store as a whole while it is used, and by few: a backup, and a look at all of it. Errors as in store.h. */
#pragma once

#include "webhookd/store/store.h"

/* A backup holds up everything else: some ms for each MiB. */
#define BACKUP_BYTES_MAX (512 * 1024 * 1024)

/*
 * Writes all that is committed to `fd`, a file that is empty, from its beginning, as a database of its own; makes a file beside the
 * store for that.
 * -EFBIG: there is more than BACKUP_BYTES_MAX. Also negative errno of the file system that `fd` is on.
 */
int store_backup(Store *store, int fd, uint64_t *ret_bytes);

/* Looks at the whole of a database that was too large for that when it was opened, unless it takes more than a second. */
int store_check_late(Store *store);
