/* SPDX-License-Identifier: MIT */
/* Opening and closing of the store, and its transactions: see store.h. */
#include "webhookd/store/store.h"

#include <sqlite3.h>

#include "webhookd/store/store-internal.h"

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

bool store_in_transaction(const Store *store) {
        return sqlite3_get_autocommit(store->db) == 0;
}

bool store_is_open(const Store *store) {
        assert(store);

        return store->turn && store_in_transaction(store);
}

static int transaction_begin(Store *store) {
        static const char sql[] = "BEGIN IMMEDIATE";

        return store_write(store, sql, NO_VALUES);
}

/* Leaves no transaction behind, whatever it returns. */
static int transaction_rollback(Store *store) {
        static const char sql[] = "ROLLBACK";

        return store_in_transaction(store) ? store_write(store, sql, NO_VALUES) : 0;
}

static int transaction_commit(Store *store) {
        static const char sql[] = "COMMIT";
        int r;

        r = store_write(store, sql, NO_VALUES);
        if (r < 0)
                (void) transaction_rollback(store);

        return r;
}

int store_begin(Store *store) {
        int r;

        assert(store);

        if (store_is_open(store))
                return 0;

        /*
         * Requests of this turn were answered for, and are gone. Those that follow go on, since they are
         * told of it together with the others: by the commit, which cannot succeed any more.
         */
        store->lost = store->turn;
        r = transaction_begin(store);
        if (r < 0)
                return r;

        store->turn = true;
        return 0;
}

int store_commit(Store *store) {
        bool lost;

        assert(store);

        if (!store->turn)
                return store_fail_text(store, -EIO, "no transaction is open");

        lost = store->lost || !store_in_transaction(store);
        store->turn = store->lost = false;
        if (!lost)
                return transaction_commit(store);

        (void) transaction_rollback(store);
        return store_fail_text(store, -EIO, "an earlier fault rolled this transaction back");
}

int store_rollback(Store *store) {
        assert(store);

        store->turn = store->lost = false;
        return transaction_rollback(store);
}

int store_mark(Store *store) {
        static const char sql[] = "SAVEPOINT mark";

        assert(store);

        if (!store_is_open(store))
                return store_fail_text(store, -EIO, "no transaction is open");

        return store_write(store, sql, NO_VALUES);
}

int store_keep(Store *store) {
        static const char sql[] = "RELEASE mark";

        assert(store);

        if (!store_is_open(store))
                return store_fail_text(store, -EIO, "no transaction is open");

        return store_write(store, sql, NO_VALUES);
}

int store_undo(Store *store) {
        static const char undo[] = "ROLLBACK TO mark", forget[] = "RELEASE mark";
        int r;

        assert(store);

        if (!store_is_open(store))
                return store_fail_text(store, -EIO, "no transaction is open");

        r = store_write(store, undo, NO_VALUES);
        if (r < 0)
                return r;

        return store_write(store, forget, NO_VALUES);
}

int step_begin(Step *step, Store *store) {
        static const char sql[] = "SAVEPOINT step";
        int r;

        assert(step);
        assert(store);

        step->nested = store_in_transaction(store);
        r = step->nested ? store_write(store, sql, NO_VALUES) : transaction_begin(store);
        if (r < 0)
                return r;

        step->store = store;
        return 0;
}

int step_end(Step *step) {
        static const char sql[] = "RELEASE step";
        int r;

        assert(step && step->store);

        r = step->nested ? store_write(step->store, sql, NO_VALUES) : transaction_commit(step->store);
        if (r < 0)
                return r;

        step->store = NULL;
        return 0;
}

void step_undo(Step *step) {
        static const char undo[] = "ROLLBACK TO step", forget[] = "RELEASE step";

        assert(step);

        /* After some faults sqlite has undone everything itself. */
        if (!step->store || !store_in_transaction(step->store))
                return;

        if (!step->nested)
                (void) transaction_rollback(step->store);
        else if (store_write(step->store, undo, NO_VALUES) >= 0)
                (void) store_write(step->store, forget, NO_VALUES);
}

int store_probe(Store *store) {
        /* Writes the first page as it is. An UPDATE to the same value would write nothing. */
        static const char sql[] = "PRAGMA user_version = 3";

        static_assert(STORE_SCHEMA_VERSION == 3, "the probe sets the version that is");
        assert(store);

        return store_write(store, sql, NO_VALUES);
}
