/* SPDX-License-Identifier: MIT */
/* The connection to sqlite: opened with the limits that hold for all that is done, and closed. */
#include "webhookd/store/connect.h"

#include <sqlite3.h>

#include "webhookd/store/statement.h"

/* Nobody else has the file (file.c); this is for a stranger's glance at it with another program. */
#define BUSY_TIMEOUT_MSEC 1000
/* No text or row of ours comes near. */
#define LENGTH_MAX (1024 * 1024)

/*
 * One thread uses sqlite here, and nobody asks how much memory it has: without its mutexes and counters a delivery costs an eighth less.
 * Only before the first connection of the process can it be told so; later it says no, and has been told.
 */
static void sqlite_settle(void) {
        (void) sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
        (void) sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int store_connect(Store *store, const char *path) {
        int code;

        assert(store && !store->db);
        assert(path);

        sqlite_settle();
        errno = 0;
        code = sqlite3_open_v2(path, &store->db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                                               SQLITE_OPEN_EXRESCODE |
                                               (streq(path, ":memory:") ? SQLITE_OPEN_MEMORY : 0),
                               NULL);
        if (code != SQLITE_OK)
                return store->db ? store_fail(store, code) : -ENOMEM;

        (void) sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MSEC);
        (void) sqlite3_limit(store->db, SQLITE_LIMIT_LENGTH, LENGTH_MAX);
        (void) sqlite3_limit(store->db, SQLITE_LIMIT_ATTACHED, 0);
        return 0;
}

int store_harden(Store *store) {
        static const struct {
                int option, value;
        } options[] = {
                { SQLITE_DBCONFIG_DEFENSIVE, 1 },      { SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
                { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 }, { SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
                { SQLITE_DBCONFIG_ENABLE_VIEW, 0 },    { SQLITE_DBCONFIG_DQS_DDL, 0 },
                { SQLITE_DBCONFIG_DQS_DML, 0 },        { SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0 },
        };

        assert(store);

        for (size_t i = 0; i < ELEMENTSOF(options); i++) {
                int code = sqlite3_db_config(store->db, options[i].option, options[i].value, NULL);

                if (code != SQLITE_OK)
                        return store_fail(store, code);
        }

        return 0;
}

void store_disconnect(Store *store) {
        assert(store);

        store_finalize_statements(store);
        /* Nor is the log of another store that was put there meanwhile removed. */
        if (store->db && (store->fault == -EIO || presence_log_is_foreign(&store->presence)))
                (void) sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);

        /* Rolls back what is open. A checkpoint that fails here leaves the log for the next start. */
        (void) sqlite3_close(store->db);
        store->db = NULL;
}
