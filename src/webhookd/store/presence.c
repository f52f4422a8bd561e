/* SPDX-License-Identifier: MIT */
/* The file and its log, looked at from outside: see presence.h. */
#include "webhookd/store/presence.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

/* What a database begins with, see "Database File Format" of sqlite. */
#define MAGIC "SQLite format 3"
/* And what its log begins with, but for the lowest bit of the last byte. */
#define LOG_MAGIC "\x37\x7f\x06\x82"

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
        if (lstat(presence->log_path, &st) < 0)
                return;
        if (presence->log_inode == 0) {
                presence->log_device = st.st_dev;
                presence->log_inode = st.st_ino;
        }
        /* sqlite itself cuts a log that is longer, when it begins it anew. */
        if (st.st_ino == presence->log_inode && st.st_size > presence->log_size)
                presence->log_size = st.st_size < STORE_LOG_KEPT ? st.st_size : STORE_LOG_KEPT;
}

/* Whether `path` is no name of that file any more. A folder that may not be looked into for now is no proof of anything. */
static bool is_elsewhere(const char *path, dev_t device, ino_t inode, off_t *ret_size) {
        struct stat st;

        *ret_size = INT64_MAX;
        if (lstat(path, &st) < 0)
                return errno == ENOENT || errno == ENOTDIR || errno == ELOOP;

        *ret_size = st.st_size;
        return st.st_dev != device || st.st_ino != inode;
}

/* Whether something else stands where the log had its beginning. sqlite locks nothing there that a close could undo. */
static bool log_is_overwritten(const Presence *presence) {
        char magic[sizeof(LOG_MAGIC) - 1];
        _cleanup_close_ int fd = -1;

        if (presence->log_size < (off_t) sizeof(magic))
                return false;

        fd = open(presence->log_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0 || pread(fd, magic, sizeof(magic), 0) != sizeof(magic))
                return false;

        magic[sizeof(magic) - 1] &= ~1;
        return memcmp(magic, LOG_MAGIC, sizeof(magic)) != 0;
}

/* Of the write-ahead log: NULL, or what was done to it, and the error. */
static const char *log_problem(const Presence *presence, int *ret_error) {
        off_t size;

        if (presence->log_inode == 0)
                return NULL;

        if (is_elsewhere(presence->log_path, presence->log_device, presence->log_inode, &size)) {
                *ret_error = -ENOENT;
                return "its log was removed, moved or replaced while it was used";
        }
        if (size < presence->log_size) {
                *ret_error = -EIO;
                return "its log was cut while it was used";
        }
        if (log_is_overwritten(presence)) {
                *ret_error = -EIO;
                return "its log was overwritten while it was used";
        }

        return NULL;
}

int presence_check(const Presence *presence, int fd, const char **ret_text) {
        char magic[sizeof(MAGIC)];
        int error = 0;
        struct stat st;
        off_t size;

        assert(presence);
        assert(ret_text);

        if (!presence->path || fstat(fd, &st) < 0)
                return 0;

        if (st.st_nlink == 0 || is_elsewhere(presence->path, st.st_dev, st.st_ino, &size)) {
                *ret_text = "its file was removed, moved or replaced while it was used";
                return -ENOENT;
        }
        *ret_text = log_problem(presence, &error);
        if (*ret_text)
                return error;
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
