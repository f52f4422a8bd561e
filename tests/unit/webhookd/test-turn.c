/* SPDX-License-Identifier: MIT */
/* Many answers, one commit: what is told and sent, and when. */
#include "webhookd/turn.h"

#include "unit.h"

typedef struct TestAnswer {
        TurnAnswer super;
        int sent_status; /* 0: not sent */
} TestAnswer;

typedef struct Fixture {
        Store *store;
        Outbox *outbox;
        Turn turn;
        unsigned n_told, n_before, n_after;
} Fixture;

static void on_notice(const Notice *notice, void *userdata) {
        Fixture *f = userdata;

        assert_string_equal(notice->text, "told");
        assert_false(store_is_open(f->store));
        f->n_told++;
}

/* What is accepted may be looked at, and is not on disk. */
static void on_before(void *userdata) {
        Fixture *f = userdata;

        assert_int_equal(f->n_told, f->n_after);
        f->n_before++;
}

static void on_after(void *userdata) {
        Fixture *f = userdata;

        f->n_after++;
}

static void send_answer(TurnAnswer *super) {
        TestAnswer *answer = (TestAnswer *) super;

        assert_int_equal(answer->sent_status, 0);
        answer->sent_status = super->answer.status;
        answer_done(&super->answer);
}

static int setup(void **state) {
        Fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        assert_int_equal(store_open(":memory:", &f->store), 0);
        assert_int_equal(outbox_new(on_notice, f, &f->outbox), 0);
        turn_init(&f->turn, f->store, f->outbox, on_before, on_after, f);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        Fixture *f = *state;

        outbox_free(f->outbox);
        store_free(f->store);
        free(f);
        return 0;
}

static void tell(Fixture *f) {
        Notice notice = NOTICE(EVENT_DELIVERY_IGNORED, NOTICE_NO_SIGNAL);
        char text[] = "told";

        /* A text of the caller's own, gone when this returns. */
        notice.text = text;
        assert_int_equal(outbox_add(f->outbox, &notice), 0);
}

static void turn_sends_every_answer_after_one_commit(void **state) {
        TestAnswer a = { .super.send = send_answer }, b = { .super.send = send_answer };
        Fixture *f = *state;

        assert_int_equal(store_begin(f->store), 0);
        a.super.answer = (Answer){ .status = 202, .accepted = true };
        b.super.answer = (Answer){ .status = 404 };
        turn_add(&f->turn, &a.super);
        turn_add(&f->turn, &b.super);
        tell(f);
        assert_int_equal(f->n_told, 0);
        assert_int_equal(f->n_before, 0);
        assert_false(turn_is_empty(&f->turn));

        turn_flush(&f->turn);
        assert_int_equal(a.sent_status, 202);
        assert_int_equal(b.sent_status, 404);
        assert_int_equal(f->n_told, 1);
        assert_int_equal(f->n_before, 1);
        assert_int_equal(f->n_after, 1);
        assert_true(turn_is_empty(&f->turn));
        assert_false(store_is_open(f->store));

        turn_flush(&f->turn);
        assert_int_equal(f->n_after, 1);
}

static void turn_whose_commit_fails_accepts_nothing_and_tells_nobody(void **state) {
        TestAnswer accepted = { .super.send = send_answer }, refused = { .super.send = send_answer };
        Fixture *f = *state;

        /* As after a full disk: the transaction was rolled back behind our back. */
        assert_int_equal(store_begin(f->store), 0);
        assert_int_equal(store_rollback(f->store), 0);
        accepted.super.answer = (Answer){ .status = 202, .accepted = true };
        refused.super.answer = (Answer){ .status = 404 };
        turn_add(&f->turn, &accepted.super);
        turn_add(&f->turn, &refused.super);
        tell(f);

        turn_flush(&f->turn);
        assert_int_equal(accepted.sent_status, 503);
        assert_int_equal(refused.sent_status, 404);
        assert_int_equal(f->n_told, 0);
        assert_int_equal(f->n_after, 0);
        assert_int_equal(outbox_length(f->outbox), 0);
}

static void turn_forgets_an_answer_whose_request_is_gone(void **state) {
        TestAnswer answers[3] = { { .super.send = send_answer },
                                  { .super.send = send_answer },
                                  { .super.send = send_answer } };
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(answers); i++) {
                answers[i].super.answer = (Answer){ .status = 200 };
                turn_add(&f->turn, &answers[i].super);
        }
        turn_remove(&f->turn, &answers[2].super);
        turn_remove(&f->turn, &answers[0].super);
        turn_remove(&f->turn, &answers[0].super);
        turn_flush(&f->turn);
        assert_int_equal(answers[0].sent_status, 0);
        assert_int_equal(answers[1].sent_status, 200);
        assert_int_equal(answers[2].sent_status, 0);

        turn_add(&f->turn, &answers[2].super);
        turn_flush(&f->turn);
        assert_int_equal(answers[2].sent_status, 200);
}

static void turn_that_accepts_nothing_expects_nothing(void **state) {
        TestAnswer ignored = { .super.send = send_answer };
        Fixture *f = *state;

        assert_int_equal(store_begin(f->store), 0);
        ignored.super.answer = (Answer){ .status = 200 };
        turn_add(&f->turn, &ignored.super);
        tell(f);
        turn_flush(&f->turn);
        assert_int_equal(ignored.sent_status, 200);
        assert_int_equal(f->n_told, 1);
        assert_int_equal(f->n_before, 0);
}

static void outbox_cut_forgets_what_one_request_said(void **state) {
        Fixture *f = *state;
        size_t length;

        tell(f);
        length = outbox_length(f->outbox);
        for (unsigned i = 0; i < 40; i++)
                tell(f);
        outbox_cut(f->outbox, length);
        assert_true(outbox_flush(f->outbox));
        assert_int_equal(f->n_told, 1);
        assert_false(outbox_flush(f->outbox));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(turn_sends_every_answer_after_one_commit),
                TEST(turn_whose_commit_fails_accepts_nothing_and_tells_nobody),
                TEST(turn_forgets_an_answer_whose_request_is_gone),
                TEST(turn_that_accepts_nothing_expects_nothing),
                TEST(outbox_cut_forgets_what_one_request_said),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
