/* SPDX-License-Identifier: MIT */
/*
 * A backup: what is in the database at one moment, log included, as a database of its own. sqlite copies it to a file beside the
 * store, which has no name any more when it is read again. So neither is it ever in memory as a whole, nor does a backup
 * that is cut off leave anything behind that outlives the next one.
 */
#include "webhookd/store/upkeep.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>

#include "webhookd/store/check.h"
#include "webhookd/store/statement.h"

#define BLOCK_SIZE (16U * 1024U)

/* Nobody waits for this file to be on the disk, and nobody undoes half of it. */
static const char copy_settings[] = "PRAGMA journal_mode = OFF;"
                                    "PRAGMA synchronous = OFF;"
                                    "PRAGMA locking_mode = EXCLUSIVE;";

static int store_check_size(Store *store) {
        int64_t size = 0;
        int r;

        r = store_get_size(store, &size);
        if (r < 0)
                return r;

        return size > BACKUP_BYTES_MAX
                               ? store_fail_text(store, -EFBIG,
                                                 "the store is too large for a backup while it is used")
                               : 0;
}

/* All pages at once, so that nothing is written in between. */
static int copy_pages(Store *store, sqlite3 *copy) {
        sqlite3_backup *backup;
        int code;

        errno = 0;
        code = sqlite3_exec(copy, copy_settings, NULL, NULL, NULL);
        if (code != SQLITE_OK)
                return store_fail_of(store, copy, code);

        backup = sqlite3_backup_init(copy, "main", store->db, "main");
        if (!backup)
                return store_fail_of(store, copy, sqlite3_extended_errcode(copy));

        errno = 0;
        (void) sqlite3_backup_step(backup, -1);
        code = sqlite3_backup_finish(backup);
        return code == SQLITE_OK ? 0 : store_fail_of(store, copy, code);
}

static int copy_to(Store *store, const char *path) {
        sqlite3 *copy = NULL;
        int r, code;

        code = sqlite3_open_v2(path, &copy,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                                               SQLITE_OPEN_EXRESCODE,
                               NULL);
        if (code == SQLITE_OK)
                r = copy_pages(store, copy);
        else
                r = copy ? store_fail_of(store, copy, code) : -ENOMEM;

        (void) sqlite3_close(copy);
        return r;
}

static int fail_to_write(Store *store, int error) {
        char text[96];

        (void) snprintf(text, sizeof(text), "it cannot be written: %s", strerror(error));
        return store_fail_text(store, -error, text);
}

/* At that place, wherever the descriptor is. */
static int write_all(int fd, const char *bytes, size_t n, uint64_t at) {
        while (n > 0) {
                ssize_t written = pwrite(fd, bytes, n, (off_t) at);

                if (written < 0 && errno != EINTR)
                        return -errno;
                if (written > 0) {
                        bytes += written;
                        at += (size_t) written;
                        n -= (size_t) written;
                }
        }

        return 0;
}

static int hand_over(Store *store, int from, int to, uint64_t *ret_bytes) {
        char block[BLOCK_SIZE];
        uint64_t total = 0;
        ssize_t n;
        int r = 0;

        while (r >= 0 && (n = read(from, block, sizeof(block))) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                r = n < 0 ? -errno : write_all(to, block, (size_t) n, total);
                total += n > 0 ? (uint64_t) n : 0;
        }

        explicit_bzero(block, sizeof(block));
        if (r < 0)
                return fail_to_write(store, -r);

        *ret_bytes = total;
        return 0;
}

int store_backup(Store *store, int fd, uint64_t *ret_bytes) {
        _cleanup_close_ int copy = -EBADF;
        _cleanup_free_ char *path = NULL;
        int r;

        assert(store);
        assert(fd >= 0);
        assert(ret_bytes);

        r = store_check_size(store);
        if (r < 0)
                return r;

        if (asprintf(&path, "%s.backup", strempty(sqlite3_db_filename(store->db, "main"))) < 0) {
                path = NULL;
                return -ENOMEM;
        }

        /* One that was cut off. */
        (void) unlink(path);
        copy = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (copy < 0)
                return fail_to_write(store, errno);

        r = copy_to(store, path);
        (void) unlink(path);
        return r < 0 ? r : hand_over(store, copy, fd, ret_bytes);
}
