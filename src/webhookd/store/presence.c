/* SPDX-License-Identifier: MIT */
/* The file and its log, looked at from outside: see presence.h. */
#include "webhookd/store/presence.h"

#include <stdio.h>
#include <sys/stat.h>

/* What a database begins with, see "Database File Format" of sqlite. */
#define MAGIC "SQLite format 3"

int presence_init(Presence *presence, const char *path, int fd, int64_t size) {
        _cleanup_free_ char *copy = NULL, *log = NULL;
        struct stat st;

        assert(presence && !presence->path);
        assert(path);

        copy = strdup(path);
        if (!copy || asprintf(&log, "%s-wal", path) < 0) {
                log = NULL;
                return -ENOMEM;
        }

        presence->path = TAKE_PTR(copy);
        presence->log_path = TAKE_PTR(log);
        /* What is behind the last page is nobody's, and may be cut off by sqlite. */
        if (fstat(fd, &st) >= 0)
                presence->size = st.st_size < (off_t) size ? st.st_size : (off_t) size;
        return 0;
}

void presence_done(Presence *presence) {
        assert(presence);

        free(presence->path);
        free(presence->log_path);
        *presence = (Presence){ 0 };
}

void presence_note(Presence *presence, int fd) {
        struct stat st;

        assert(presence);

        if (!presence->path)
                return;

        /* Never less: it may have been cut since the transaction began. */
        if (fstat(fd, &st) >= 0 && st.st_size > presence->size)
                presence->size = st.st_size;
        if (presence->log_inode == 0 && lstat(presence->log_path, &st) >= 0) {
                presence->log_device = st.st_dev;
                presence->log_inode = st.st_ino;
        }
}

/* A folder that may not be looked into for now is no proof of anything. */
static bool is_elsewhere(const char *path, dev_t device, ino_t inode) {
        struct stat st;

        if (lstat(path, &st) < 0)
                return errno == ENOENT || errno == ENOTDIR || errno == ELOOP;

        return st.st_dev != device || st.st_ino != inode;
}

int presence_check(const Presence *presence, int fd, const char **ret_text) {
        char magic[sizeof(MAGIC)];
        struct stat st;

        assert(presence);
        assert(ret_text);

        if (!presence->path || fstat(fd, &st) < 0)
                return 0;

        if (st.st_nlink == 0 || is_elsewhere(presence->path, st.st_dev, st.st_ino)) {
                *ret_text = "its file was removed, moved or replaced while it was used";
                return -ENOENT;
        }
        if (presence->log_inode != 0 &&
            is_elsewhere(presence->log_path, presence->log_device, presence->log_inode)) {
                *ret_text = "its log was removed, moved or replaced while it was used";
                return -ENOENT;
        }
        if (st.st_size < presence->size) {
                *ret_text = "its file was cut while it was used";
                return -EIO;
        }
        if (pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
            memcmp(magic, MAGIC, sizeof(magic)) != 0) {
                *ret_text = "its file was overwritten while it was used";
                return -EIO;
        }

        return 0;
}

bool presence_log_is_foreign(const Presence *presence) {
        struct stat st;

        assert(presence);

        return presence->log_inode != 0 && lstat(presence->log_path, &st) >= 0 &&
               (st.st_dev != presence->log_device || st.st_ino != presence->log_inode);
}
