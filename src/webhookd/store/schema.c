/* SPDX-License-Identifier: MIT */
/*
 * Whose file it is, and the way to the schema of today. `PRAGMA user_version` is the number of migrations that a file has seen; each
 * runs in a transaction of its own together with the new number, forward only.
 */
#include <sqlite3.h>

#include "webhookd/store/check.h"
#include "webhookd/store/connect.h"
#include "webhookd/store/migrations.h"
#include "webhookd/store/schema.h"
#include "webhookd/store/settings.h"
#include "webhookd/store/statement.h"
#include "webhookd/store/transaction.h"

/* Bound no statement, and take no part in the cache: these are for the connection, and run once. */
static const char connection_settings[] =
                /* The index of the write-ahead log is then in our memory and not in a shared mapping. */
                "PRAGMA locking_mode = EXCLUSIVE;"
                "PRAGMA synchronous = FULL;"
                "PRAGMA foreign_keys = ON;"
                "PRAGMA trusted_schema = OFF;"
                "PRAGMA cell_size_check = ON;"
                "PRAGMA secure_delete = ON;"
                "PRAGMA temp_store = MEMORY;"
                "PRAGMA mmap_size = 0;"
                "PRAGMA wal_autocheckpoint = 1000;" /* pages: 4 MiB */
                "PRAGMA journal_size_limit = " STRINGIFY(STORE_LOG_KEPT) ";";

/* Whose file it is: 1 for ours, 0 for an empty one. */
static int store_identify(Store *store, int64_t *ret_version) {
        static const char id_sql[] = "PRAGMA application_id", version_sql[] = "PRAGMA user_version",
                          tables_sql[] = "SELECT count(*) FROM sqlite_schema";
        int64_t id = 0, version = 0, tables = 0;
        int r;

        r = store_read_number(store, tables_sql, NO_VALUES, &tables);
        if (r >= 0)
                r = store_read_number(store, id_sql, NO_VALUES, &id);
        if (r >= 0)
                r = store_read_number(store, version_sql, NO_VALUES, &version);
        if (r < 0)
                return r;

        *ret_version = version;
        if (id == 0 && version == 0 && tables == 0)
                return 0;
        if (id != STORE_APPLICATION_ID || version < 1)
                return store_fail_text(store, -EIO, "the database belongs to another program");
        if (version > STORE_SCHEMA_VERSION)
                return store_fail_text(store, -EPROTONOSUPPORT, "a newer version of tinyforge wrote it");

        return 1;
}

static int store_use_log(Store *store) {
        static const char sql[] = "PRAGMA journal_mode = WAL";
        _cleanup_free_ char *mode = NULL;
        int r;

        r = store_read_text(store, sql, NO_VALUES, &mode);
        if (r < 0)
                return r;
        if (!mode || (!streq(mode, "wal") && !streq(mode, "memory")))
                return store_fail_text(store, -EIO, "no write-ahead log is possible");

        return 0;
}

int store_configure(Store *store) {
        int64_t version;
        int r;

        assert(store);

        r = store_harden(store);
        if (r < 0)
                return r;

        r = store_execute(store, connection_settings);
        if (r < 0)
                return r;

        /* Nothing is written to a file before it is known to be ours. */
        r = store_identify(store, &version);
        if (r < 0)
                return r;
        if (r == 0 && !store->is_new)
                return store_fail_text(store, -EIO, "it has no tables, which a store always has");

        r = store_use_log(store);
        if (r < 0)
                return r;

        return store_check_at_start(store);
}

/* Whether a statement may change the text of the schema. */
static int schema_set_writable(Store *store, bool writable) {
        int code = sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, writable ? 0 : 1, NULL);

        return code == SQLITE_OK ? 0 : store_fail(store, code);
}

static int store_migrate_one(Store *store, const char *migration) {
        _cleanup_(step_undo) Step step = { 0 };
        int r, locked;

        r = step_begin(&step, store);
        if (r >= 0)
                r = schema_set_writable(store, true);
        if (r < 0)
                return r;

        r = store_execute(store, migration);
        locked = schema_set_writable(store, false);
        if (r >= 0)
                r = locked;
        return r < 0 ? r : step_end(&step);
}

static int store_migrate_from(Store *store, int64_t version) {
        for (; version < STORE_SCHEMA_VERSION; version++) {
                int r = store_migrate_one(store, store_migration((unsigned) version));

                if (r < 0)
                        return r;
        }

        return 0;
}

int store_make(Store *store) {
        int r;

        assert(store);

        r = store_migrate_from(store, 0);
        return r < 0 ? r : store_make_settings(store);
}

int store_migrate(Store *store) {
        char uuid[UUID_TEXT_SIZE];
        int64_t version;
        int r;

        assert(store);

        r = store_identify(store, &version);
        if (r < 0)
                return r;
        r = store_migrate_from(store, version);
        return r < 0 ? r : store_get_uuid(store, uuid);
}
