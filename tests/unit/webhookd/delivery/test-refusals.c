/* SPDX-License-Identifier: MIT */
/* Entries of refused requests, a minute and more apart: the clock is moved by when the last one was logged. */
#include "webhookd/delivery/refusals.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "shared/log.h"
#include "unit.h"

#define ENTRY_SIZE 4096U

typedef struct Journal {
        char path[64];
        int fd;
        char entry[ENTRY_SIZE + 1];
} Journal;

static int setup(void **state) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        Journal *journal = calloc(1, sizeof(*journal));

        assert_non_null(journal);
        (void) snprintf(journal->path, sizeof(journal->path), "/tmp/tinyforge-refusals.%d", (int) getpid());
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", journal->path);
        journal->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(journal->fd >= 0);
        assert_int_equal(bind(journal->fd, (struct sockaddr *) &address, sizeof(address)), 0);
        log_open_journal(journal->path, /* debug= */ false);
        *state = journal;
        return 0;
}

static int teardown(void **state) {
        Journal *journal = *state;

        log_open_stderr(/* debug= */ false);
        (void) close(journal->fd);
        (void) unlink(journal->path);
        free(journal);
        return 0;
}

/* Whether there is a next entry, and it has `text`. */
static bool logged(Journal *journal, const char *text) {
        ssize_t n = recv(journal->fd, journal->entry, ENTRY_SIZE, 0);

        journal->entry[n < 0 ? 0 : n] = '\0';
        return n >= 0 && strstr(journal->entry, text);
}

static bool logged_nothing(const Journal *journal) {
        char byte;

        return recv(journal->fd, &byte, 1, 0) < 0;
}

static void check_minute(Journal *journal, const Refusal *refusal, const char *text) {
        _cleanup_free_ Refusals *refusals = calloc(1, sizeof(*refusals));
        RefusalBudget *budget;
        char again[96];

        assert_non_null(refusals);
        budget = &refusals->budgets[refusal->hook ? 1 : 0];
        refusals_note(refusals, refusal);
        assert_true(logged(journal, text));

        for (unsigned i = 0; i < 3; i++)
                refusals_note(refusals, refusal);
        assert_true(budget->logged_at > USEC_PER_SEC);
        budget->logged_at -= 59 * USEC_PER_SEC;
        refusals_note(refusals, refusal);
        assert_true(logged_nothing(journal));

        budget->logged_at -= 2 * USEC_PER_SEC;
        refusals_note(refusals, refusal);
        (void) snprintf(again, sizeof(again), "%s; 4 more since the last such entry", text);
        assert_true(logged(journal, again));

        /* What was counted is told once. */
        refusals_log_rest(refusals);
        assert_true(logged_nothing(journal));
}

static void refusals_are_logged_first_and_then_once_a_minute_with_the_count(void **state) {
        check_minute(*state, &(Refusal){ .remote = "192.0.2.1", .status = 404 }, "refused with 404");
        check_minute(*state, &(Refusal){ .hook = "main", .detail = "no", .status = 401 },
                     "refused with 401: no");
        check_minute(*state,
                     &(Refusal){ .hook = "main", .detail = "full", .status = 503, .is_queue_full = true },
                     "refused with 503: full");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(
                                refusals_are_logged_first_and_then_once_a_minute_with_the_count, setup,
                                teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
