/* SPDX-License-Identifier: MIT */
/* Transactions: that of a turn with its marks, and the steps inside it or on their own. */
#include "webhookd/store/transaction.h"
#include "webhookd/store/metrics.h"
#include "webhookd/store/statement.h"

bool store_is_open(const Store *store) {
        assert(store);

        return store->turn && store_in_transaction(store);
}

/* What a transaction has gathered ends with it. */
static void transaction_forget(Store *store) {
        tally_cut(&store->tally, 0);
        store->n_marks = 0;
}

static int transaction_begin(Store *store) {
        static const char sql[] = "BEGIN IMMEDIATE";

        transaction_forget(store);
        return store_write(store, sql, NO_VALUES);
}

/* Leaves no transaction behind, whatever it returns. */
static int transaction_rollback(Store *store) {
        static const char sql[] = "ROLLBACK";

        counts_forget(&store->counts);
        transaction_forget(store);
        return store_in_transaction(store) ? store_write(store, sql, NO_VALUES) : 0;
}

static int transaction_commit(Store *store) {
        static const char sql[] = "COMMIT";
        int r;

        r = store_write_tally(store);
        if (r >= 0)
                r = store_write(store, sql, NO_VALUES);
        if (r < 0)
                (void) transaction_rollback(store);
        transaction_forget(store);
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
        int r;

        assert(store);
        assert(store->n_marks < MARKS_MAX);

        if (!store_is_open(store))
                return store_fail_text(store, -EIO, "no transaction is open");

        r = store_write(store, sql, NO_VALUES);
        if (r < 0)
                return r;

        store->marks[store->n_marks++] = (Mark){ .tallied = store->tally.n };
        return 0;
}

/* Whether there is a mark to come back to. Where sqlite has undone everything itself, there is none, and never was. */
static int store_check_mark(Store *store) {
        return store_is_open(store) && store->n_marks > 0
                               ? 0
                               : store_fail_text(store, -EIO, "no transaction is open");
}

int store_keep(Store *store) {
        static const char sql[] = "RELEASE mark";
        int r;

        assert(store);

        r = store_check_mark(store);
        if (r < 0)
                return r;
        if (store->marks[store->n_marks - 1].torn)
                return store_fail_text(store, -EIO, "a step was left half done");

        r = store_write(store, sql, NO_VALUES);
        if (r >= 0)
                store->n_marks--;

        return r;
}

int store_undo(Store *store) {
        static const char undo[] = "ROLLBACK TO mark", forget[] = "RELEASE mark";
        int r;

        assert(store);

        r = store_check_mark(store);
        if (r < 0)
                return r;

        counts_forget(&store->counts);
        tally_cut(&store->tally, store->marks[--store->n_marks].tallied);
        r = store_write(store, undo, NO_VALUES);
        if (r < 0)
                return r;

        return store_write(store, forget, NO_VALUES);
}

/*
 * Between store_mark() and store_keep() a step needs no savepoint of its own: what it leaves half done is undone with all that
 * was done since the mark, which cannot be kept then.
 */
int step_begin(Step *step, Store *store) {
        static const char sql[] = "SAVEPOINT step";
        int r = 0;

        assert(step);
        assert(store);

        if (!store_in_transaction(store)) {
                step->kind = STEP_TRANSACTION;
                r = transaction_begin(store);
        } else if (store->n_marks > 0)
                step->kind = STEP_MARKED;
        else {
                step->kind = STEP_SAVEPOINT;
                step->tallied = store->tally.n;
                r = store_write(store, sql, NO_VALUES);
        }
        if (r < 0)
                return r;

        step->store = store;
        return 0;
}

int step_end(Step *step) {
        static const char sql[] = "RELEASE step";
        int r = 0;

        assert(step && step->store);

        if (step->kind == STEP_TRANSACTION)
                r = transaction_commit(step->store);
        else if (step->kind == STEP_SAVEPOINT)
                r = store_write(step->store, sql, NO_VALUES);
        if (r < 0)
                return r;

        step->store = NULL;
        return 0;
}

void step_undo(Step *step) {
        static const char undo[] = "ROLLBACK TO step", forget[] = "RELEASE step";
        Store *store;

        assert(step);

        /* After some faults sqlite has undone everything itself. */
        store = step->store;
        if (!store || !store_in_transaction(store))
                return;

        counts_forget(&store->counts);
        if (step->kind == STEP_TRANSACTION)
                (void) transaction_rollback(store);
        else if (step->kind == STEP_MARKED && store->n_marks > 0)
                store->marks[store->n_marks - 1].torn = true;
        else if (step->kind == STEP_SAVEPOINT) {
                tally_cut(&store->tally, step->tallied);
                if (store_write(store, undo, NO_VALUES) >= 0)
                        (void) store_write(store, forget, NO_VALUES);
        }
}
