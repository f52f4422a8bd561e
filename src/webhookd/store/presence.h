/* SPDX-License-Identifier: MIT */
/*
 * Presence: whether the file that is written still is the store that the next start finds. sqlite writes to what it has opened,
 * also when that was removed, moved or cut, and says nothing. For the files of the store alone.
 */
#pragma once

#include "shared/macro.h"

/* Bytes that sqlite keeps of a longer log when it begins it anew. */
#define STORE_LOG_KEPT 4194304

typedef struct Presence {
        char *path, *log_path; /* NULL: there is no file, and nothing is looked at */
        off_t size;            /* of the file, which only grows */
        off_t log_size;        /* what is not cut of the log any more: STORE_LOG_KEPT at most */
        dev_t log_device;      /* of the write-ahead log, which sqlite keeps as long as it runs */
        ino_t log_inode;       /* 0: there was none yet */
} Presence;

/* Of the file at `path`, whose pages take `size` bytes, some of them still in the log perhaps. -ENOMEM. */
int presence_init(Presence *presence, const char *path, int fd, int64_t size);
void presence_done(Presence *presence);

/* After each commit, where sqlite moves pages from the log to the file. */
void presence_note(Presence *presence, int fd);

/*
 * Before each transaction; takes some µs. 0, or an error with a text: -ENOENT where the file or its log is not at its place, and
 * whole as far as is known; -EIO where it is spoilt.
 */
int presence_check(const Presence *presence, int fd, const char **ret_text);

/* Whether another file has the name of the log. */
bool presence_log_is_foreign(const Presence *presence);
