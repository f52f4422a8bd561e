/* SPDX-License-Identifier: MIT */
/*
 * The file of the store: made with mode 0600 whatever the umask is, and locked for one process at a time.
 * The lock is flock(2)'s: it comes at once or not at all, and knows nothing of the record locks that sqlite
 * takes on the same file. Those are gone when *any* descriptor of the file is closed, so ours outlives
 * sqlite's.
 *
 * A first store is made under another name, and has its own once it is whole. So there is never an empty file where a store
 * belongs, unless something has emptied it: that is damage, and no first start.
 */
#include "webhookd/store/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "webhookd/store/statement.h"

#define OPEN_FLAGS (O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK)

static const char *const companions[] = { "-wal", "-shm", "-journal" };

/*
 * Whose it is matters to whoever has to mend it. Users other than our own may have no number here: see PrivateUsers=. `what` is
 * the file at `path`, and its beginning of a sentence.
 */
static int file_fail_permission(Store *store, const char *path, const char *what) {
        char text[128];
        struct stat st;

        if (stat(path, &st) < 0)
                return store_fail_text(store, -EACCES, "its folder does not belong to the daemon's user");

        (void) snprintf(text, sizeof(text), "the daemon may not write %s belongs to %s user, with mode %04o",
                        what, st.st_uid == geteuid() ? "the right" : "another", st.st_mode & 07777);
        return store_fail_text(store, -EACCES, text);
}

static int file_fail(Store *store, const char *path, int error) {
        switch (error) {
        case EACCES:
        case EPERM:
                return file_fail_permission(store, path, "it: it");
        case EROFS:
                return store_fail_text(store, -EROFS, "its file system cannot be written");
        case EDQUOT:
        case ENOSPC:
                return store_fail_text(store, -ENOSPC, "there is no space left for it");
        case EISDIR:
                return store_fail_text(store, -EISDIR, "it is a directory");
        case ELOOP:
                return store_fail_text(store, -ELOOP, "it is a symbolic link");
        default:
                return store_fail_text(store, -error, strerror(error));
        }
}

static int file_make_private(Store *store, const char *path, int fd) {
        struct stat st;

        if (fstat(fd, &st) < 0)
                return file_fail(store, path, errno);

        /* Never a device, a FIFO or a directory. */
        if (!S_ISREG(st.st_mode))
                return store_fail_text(store, -EIO, "it is no regular file");

        if ((st.st_mode & 07777) != 0600 && fchmod(fd, 0600) < 0)
                return file_fail(store, path, errno);

        return 0;
}

static int file_open(Store *store, const char *path, int flags, int *ret) {
        _cleanup_close_ int fd = -EBADF;
        int r;

        fd = open(path, OPEN_FLAGS | flags, 0600);
        if (fd < 0)
                return file_fail(store, path, errno);

        r = file_make_private(store, path, fd);
        if (r < 0)
                return r;

        if (flock(fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? -EBUSY : file_fail(store, path, errno);

        *ret = TAKE_FD(fd);
        return 0;
}

/* Of a log that it cannot open sqlite says no more than that. */
static int file_check_log(Store *store, const char *path) {
        _cleanup_free_ char *log = NULL;
        _cleanup_close_ int fd = -EBADF;

        if (asprintf(&log, "%s-wal", path) < 0) {
                log = NULL;
                return -ENOMEM;
        }

        fd = open(log, OPEN_FLAGS);
        return fd < 0 && (errno == EACCES || errno == EPERM)
                               ? file_fail_permission(store, log, "its log, which")
                               : 0;
}

int store_file_open(Store *store, const char *path) {
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        int r;

        assert(store && store->fd < 0);
        assert(path);

        r = file_open(store, path, 0, &fd);
        if (r < 0)
                return r;

        if (fstat(fd, &st) < 0)
                return file_fail(store, path, errno);
        if (st.st_size == 0)
                return store_fail_text(store, -EIO, "it is empty, which a store never is");

        r = file_check_log(store, path);
        if (r < 0)
                return r;

        store->fd = TAKE_FD(fd);
        return 0;
}

/* Whether the name still is the file's: whoever had the lock before may have given it another one. */
static bool file_has_name(int fd, const char *path) {
        struct stat ours, named;

        return fstat(fd, &ours) >= 0 && lstat(path, &named) >= 0 && ours.st_dev == named.st_dev &&
               ours.st_ino == named.st_ino;
}

static void unlink_companions(const char *path) {
        for (size_t i = 0; i < ELEMENTSOF(companions); i++) {
                _cleanup_free_ char *companion = NULL;

                if (asprintf(&companion, "%s%s", path, companions[i]) < 0)
                        companion = NULL;
                else
                        (void) unlink(companion);
        }
}

int store_file_draft(Store *store, const char *path, char **ret) {
        _cleanup_free_ char *draft = NULL;
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        int r;

        assert(store && store->fd < 0);
        assert(path);
        assert(ret);

        if (asprintf(&draft, "%s.new", path) < 0) {
                draft = NULL;
                return -ENOMEM;
        }

        r = file_open(store, draft, O_CREAT, &fd);
        if (r < 0)
                return r;
        if (!file_has_name(fd, draft))
                return -EBUSY;
        /* As long as the draft is ours and has its name, nobody else can make a store. */
        if (lstat(path, &st) >= 0) {
                (void) unlink(draft);
                return -EBUSY;
        }

        /* What a first start that was cut off has left. */
        unlink_companions(draft);
        if (ftruncate(fd, 0) < 0)
                return file_fail(store, draft, errno);

        store->fd = TAKE_FD(fd);
        *ret = TAKE_PTR(draft);
        return 0;
}

static int folder_sync(Store *store, const char *path) {
        _cleanup_free_ char *folder = strdup(path);
        _cleanup_close_ int fd = -EBADF;
        char *slash;

        if (!folder)
                return -ENOMEM;

        slash = strrchr(folder, '/');
        if (slash)
                *slash = '\0';
        fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 || fsync(fd) < 0)
                return file_fail(store, path, errno);

        return 0;
}

int store_file_publish(Store *store, const char *draft, const char *path) {
        assert(store);
        assert(draft);
        assert(path);

        /* The log of a store that somebody took away would be read as the new one's. */
        unlink_companions(path);
        if (renameat2(AT_FDCWD, draft, AT_FDCWD, path, RENAME_NOREPLACE) < 0)
                return errno == EEXIST ? -EBUSY : file_fail(store, path, errno);

        return folder_sync(store, path);
}

void store_file_discard(const char *draft) {
        assert(draft);

        unlink_companions(draft);
        (void) unlink(draft);
}
