/* SPDX-License-Identifier: MIT */
/* Settings of the store: its own UUID, and the secret of the main hook with its generation. */
#include <sqlite3.h>
#include <stdio.h>

#include "webhookd/store/settings.h"
#include "webhookd/store/statement.h"
#include "webhookd/store/transaction.h"

#define UUID_KEY       "uuid"
#define SECRET_KEY     "secret"
#define GENERATION_KEY "secret-generation"

/* A text of exactly one UUID's length: 1, or 0 where the setting is not there. */
static int setting_get_uuid(Store *store, const char *key, char ret[static UUID_TEXT_SIZE]) {
        static const char sql[] = "SELECT value FROM settings WHERE key = ?1";
        _cleanup_(statement_releasep) sqlite3_stmt *statement = NULL;
        const char *text;
        int r;

        r = store_query(store, sql, VALUES(value_text(key)), &statement);
        if (r < 0)
                return r;

        r = store_step(store, statement);
        if (r <= 0)
                return r;

        text = (const char *) sqlite3_column_text(statement, 0);
        if (!text || strlen(text) != UUID_TEXT_SIZE - 1)
                return store_fail_damage(store, "a setting is damaged");

        memcpy(ret, text, UUID_TEXT_SIZE);
        return 1;
}

static int setting_put(Store *store, const char *key, const char *value) {
        static const char sql[] = "INSERT INTO settings(key, value) VALUES(?1, ?2) "
                                  "ON CONFLICT(key) DO UPDATE SET value = excluded.value";

        return store_write(store, sql, VALUES(value_text(key), value_text(value)));
}

int store_get_uuid(Store *store, char ret[static UUID_TEXT_SIZE]) {
        int r;

        assert(store);
        assert(ret);

        r = setting_get_uuid(store, UUID_KEY, ret);
        if (r < 0)
                return r;

        return r > 0 ? 0 : store_fail_damage(store, "the store has no UUID");
}

/* 0 before the first secret. */
static int generation_get(Store *store, uint64_t *ret) {
        static const char sql[] =
                        "SELECT CAST(value AS INTEGER) FROM settings WHERE key = '" GENERATION_KEY "'";
        int64_t generation = 0;
        int r;

        r = store_read_number(store, sql, NO_VALUES, &generation);
        if (r < 0)
                return r;
        if (generation < (r > 0) || generation == INT64_MAX)
                return store_fail_damage(store, "a setting is damaged");

        *ret = (uint64_t) generation;
        return 0;
}

int store_get_secret(Store *store, char ret[static UUID_TEXT_SIZE], uint64_t *ret_generation) {
        uint64_t generation = 0;
        int r;

        assert(store);
        assert(ret);
        assert(ret_generation);

        r = generation_get(store, &generation);
        if (r < 0)
                return r;

        r = setting_get_uuid(store, SECRET_KEY, ret);
        if (r < 0)
                return r;
        if (r == 0 || generation == 0)
                return store_fail_damage(store, "the store has no secret");

        *ret_generation = generation;
        return 0;
}

int store_set_secret(Store *store, const char secret[static UUID_TEXT_SIZE], uint64_t *ret_generation) {
        _cleanup_(step_undo) Step step = { 0 };
        uint64_t generation = 0;
        char number[32];
        int r;

        assert(store);
        assert(secret && strlen(secret) == UUID_TEXT_SIZE - 1);
        assert(ret_generation);

        r = step_begin(&step, store);
        if (r < 0)
                return r;

        r = generation_get(store, &generation);
        if (r < 0)
                return r;

        (void) snprintf(number, sizeof(number), "%llu", (unsigned long long) ++generation);
        r = setting_put(store, GENERATION_KEY, number);
        if (r >= 0)
                r = setting_put(store, SECRET_KEY, secret);
        if (r >= 0)
                r = step_end(&step);
        if (r < 0)
                return r;

        *ret_generation = generation;
        return 0;
}

int store_make_settings(Store *store) {
        char uuid[UUID_TEXT_SIZE], secret[UUID_TEXT_SIZE];
        uint64_t generation;
        int r;

        assert(store);

        r = uuid_make(uuid);
        if (r >= 0)
                r = uuid_make(secret);
        if (r >= 0)
                r = setting_put(store, UUID_KEY, uuid);
        if (r >= 0)
                r = store_set_secret(store, secret, &generation);

        explicit_bzero(secret, sizeof(secret));
        return r < 0 ? r : 0;
}
