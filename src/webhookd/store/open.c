/* SPDX-License-Identifier: MIT */
/* Opening and closing of the store, and giving it up: see store.h. */
#include <sqlite3.h>
#include <stdio.h>

#include "webhookd/store/check.h"
#include "webhookd/store/connect.h"
#include "webhookd/store/file.h"
#include "webhookd/store/schema.h"
#include "webhookd/store/statement.h"
#include "webhookd/store/store.h"

static int store_prepare_database(Store *store, const char *path, int (*prepare)(Store *store)) {
        int r;

        r = store_connect(store, path);
        if (r >= 0)
                r = store_configure(store);
        if (r >= 0)
                r = prepare(store);
        return r;
}

/* A first store: whole before it has its name, and in its file alone, which the close writes the log to. */
static int store_create(Store *store, const char *path) {
        _cleanup_free_ char *draft = NULL;
        int r;

        r = store_file_draft(store, path, &draft);
        if (r < 0)
                return r;

        r = store_prepare_database(store, draft, store_make);
        store_disconnect(store);
        if (r >= 0)
                r = store_file_publish(store, draft, path);
        if (r < 0)
                store_file_discard(draft);
        return r;
}

static int store_load(Store *store, const char *path) {
        int64_t size = 0;
        int r;

        if (streq(path, ":memory:")) {
                store->is_new = true;
                return store_prepare_database(store, path, store_make);
        }

        r = store_file_open(store, path);
        if (r == -ENOENT) {
                store->error[0] = '\0';
                store->is_new = true;
                r = store_create(store, path);
        }

        if (r >= 0)
                r = store_prepare_database(store, path, store_migrate);
        if (r >= 0)
                r = store_get_size(store, &size);
        if (r >= 0)
                r = presence_init(&store->presence, path, store->fd, size);
        return r < 0 ? r : 0;
}

int store_open_anyway(const char *path, Store **ret) {
        _cleanup_(store_freep) Store *store = NULL;
        int r;

        assert(path);
        assert(ret);

        store = calloc(1, sizeof(*store));
        if (!store)
                return -ENOMEM;

        store->fd = -EBADF;
        r = store_load(store, path);
        if (r == -ENOMEM || r == -EBUSY)
                return r;
        if (r < 0) {
                (void) store_give_up(store, r, isempty(store->error) ? strerror(-r) : NULL);
                store_disconnect(store);
                if (store->fd >= 0)
                        (void) close(TAKE_FD(store->fd));
        }

        *ret = TAKE_PTR(store);
        return 0;
}

int store_open(const char *path, Store **ret) {
        _cleanup_(store_freep) Store *store = NULL;
        int r;

        r = store_open_anyway(path, &store);
        if (r >= 0)
                r = store_fault(store);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(store);
        return 0;
}

Store *store_free(Store *store) {
        if (!store)
                return NULL;

        store_disconnect(store);
        if (store->fd >= 0)
                (void) close(store->fd);
        presence_done(&store->presence);
        tally_cut(&store->tally, 0);
        explicit_bzero(store->error, sizeof(store->error));
        free(store);
        return NULL;
}

bool store_is_new(const Store *store) {
        assert(store);

        return store->is_new;
}

const char *store_error(const Store *store) {
        assert(store);

        return store->error;
}

int store_fault(const Store *store) {
        assert(store);

        return store->fault;
}

int store_give_up(Store *store, int error, const char *text) {
        assert(store);
        assert(error < 0);

        if (text)
                (void) store_fail_text(store, error, text);
        if (store->fault == 0)
                store->fault = error;
        return store->fault;
}

int store_probe(Store *store) {
        /* Writes the first page as it is. An UPDATE to the same value would write nothing. */
        static const char sql[] = "PRAGMA user_version = 16";

        static_assert(STORE_SCHEMA_VERSION == 16, "the probe sets the version that is");
        assert(store);

        return store_write(store, sql, NO_VALUES);
}
