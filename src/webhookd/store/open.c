/* SPDX-License-Identifier: MIT */
/* Opening and closing of the store: see store.h. */
#include "webhookd/store/store.h"

#include <sqlite3.h>

#include "webhookd/store/file.h"
#include "webhookd/store/schema.h"
#include "webhookd/store/statement.h"

/* Nobody else has the file (file.c); this is for a stranger's glance at it with another program. */
#define BUSY_TIMEOUT_MSEC 1000
/* No text or row of ours comes near. */
#define LENGTH_MAX (1024 * 1024)

static int store_open_file(Store *store, const char *path) {
        bool in_memory = streq(path, ":memory:");
        int r, code;

        if (!in_memory) {
                r = store_file_open(path, &store->fd);
                if (r < 0)
                        return r;
        }

        errno = 0;
        code = sqlite3_open_v2(path, &store->db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                                               SQLITE_OPEN_EXRESCODE | (in_memory ? SQLITE_OPEN_MEMORY : 0),
                               NULL);
        if (code != SQLITE_OK)
                return store->db ? store_fail(store, code) : -ENOMEM;

        (void) sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MSEC);
        (void) sqlite3_limit(store->db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
        (void) sqlite3_limit(store->db, SQLITE_LIMIT_ATTACHED, 0);
        return 0;
}

int store_open(const char *path, Store **ret) {
        _cleanup_(store_freep) Store *store = NULL;
        int r;

        assert(path);
        assert(ret);

        store = calloc(1, sizeof(*store));
        if (!store)
                return -ENOMEM;

        store->fd = -EBADF;
        r = store_open_file(store, path);
        if (r < 0)
                return r;

        r = store_configure(store);
        if (r < 0)
                return r;

        r = store_migrate(store);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(store);
        return 0;
}

Store *store_free(Store *store) {
        if (!store)
                return NULL;

        store_finalize_statements(store);
        /* Rolls back what is open. A checkpoint that fails here leaves the log for the next start. */
        (void) sqlite3_close(store->db);
        if (store->fd >= 0)
                (void) close(store->fd);
        explicit_bzero(store->error, sizeof(store->error));
        free(store);
        return NULL;
}

const char *store_error(const Store *store) {
        assert(store);

        return store->error;
}

int store_probe(Store *store) {
        /* Writes the first page as it is. An UPDATE to the same value would write nothing. */
        static const char sql[] = "PRAGMA user_version = 9";

        static_assert(STORE_SCHEMA_VERSION == 9, "the probe sets the version that is");
        assert(store);

        return store_write(store, sql, NO_VALUES);
}
