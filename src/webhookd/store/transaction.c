/* SPDX-License-Identifier: MIT */
/* Transactions: that of a turn with its marks, and the steps inside it or on their own. */
#include <sqlite3.h>

#include "webhookd/store/statement.h"
#include "webhookd/store/transaction.h"

bool store_in_transaction(const Store *store) {
        return store->fault == 0 && sqlite3_get_autocommit(store->db) == 0;
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

        counts_forget(&store->counts);
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

        counts_forget(&store->counts);
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

        counts_forget(&step->store->counts);
        if (!step->nested)
                (void) transaction_rollback(step->store);
        else if (store_write(step->store, undo, NO_VALUES) >= 0)
                (void) store_write(step->store, forget, NO_VALUES);
}
