/* SPDX-License-Identifier: MIT */
/* A journal that can be read or left unread: a bound socket of datagrams. */
#include "shared/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>

#include "shared/journal-socket.h"
#include "unit.h"

#define ENTRY_SIZE 65536U
/* Far more than a socket holds that nobody reads. */
#define MANY 20000U
/* A write that waits is a failure, and not a test that hangs. */
#define DEADLINE_SEC 60U

typedef struct Journal {
        char folder[64];
        char path[96];
        int fd;
        char entry[ENTRY_SIZE + 1];
} Journal;

static void journal_bind(Journal *journal) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", journal->path);
        journal->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(journal->fd >= 0);
        assert_int_equal(bind(journal->fd, (struct sockaddr *) &address, sizeof(address)), 0);
}

static int journal_setup(void **state) {
        Journal *journal = calloc(1, sizeof(*journal));

        assert_non_null(journal);
        (void) snprintf(journal->folder, sizeof(journal->folder), "/tmp/tinyforge-log.XXXXXX");
        assert_non_null(mkdtemp(journal->folder));
        (void) snprintf(journal->path, sizeof(journal->path), "%s/socket", journal->folder);
        journal_bind(journal);
        log_open_journal(journal->path, /* debug= */ false);
        (void) alarm(DEADLINE_SEC);
        *state = journal;
        return 0;
}

static int journal_teardown(void **state) {
        Journal *journal = *state;

        (void) alarm(0);
        (void) log_catch_up();
        log_open_stderr(/* debug= */ false);
        (void) close(journal->fd);
        (void) unlink(journal->path);
        (void) rmdir(journal->folder);
        free(journal);
        return 0;
}

/* The next entry, or NULL. */
static const char *journal_read(Journal *journal) {
        ssize_t n = recv(journal->fd, journal->entry, ENTRY_SIZE, 0);

        if (n < 0)
                return NULL;

        journal->entry[n] = '\0';
        return journal->entry;
}

/* How many entries wait, which are read. */
static uint64_t journal_drain(Journal *journal) {
        uint64_t n = 0;

        while (journal_read(journal))
                n++;

        return n;
}

static void assert_told(Journal *journal, uint64_t n_lost) {
        char line[128];
        const char *entry = journal_read(journal);

        (void) snprintf(line, sizeof(line),
                        "MESSAGE=%" PRIu64 " message%s not logged while the journal did not read\n", n_lost,
                        n_lost == 1 ? " was" : "s were");
        assert_non_null(entry);
        assert_non_null(strstr(entry, line));
        assert_non_null(strstr(entry, "PRIORITY=4\n"));
}

static void entry_is_a_datagram_of_fields(void **state) {
        Journal *journal = *state;
        char expected[128];

        assert_int_equal(log_error_errno(-ENOENT, "Cannot open '%s': %m", "a\nb"), -ENOENT);
        (void) snprintf(expected, sizeof(expected),
                        "MESSAGE=Cannot open 'a b': No such file or directory\nPRIORITY=3\nSYSLOG_IDENTIFIER=%s\n",
                        program_invocation_short_name);
        assert_string_equal(journal_read(journal), expected);
        assert_null(journal_read(journal));
}

static void event_has_its_fields_and_none_that_a_text_brings(void **state) {
        Journal *journal = *state;
        const EventFields fields = {
                .project = "shop",
                .delivery = "7\nTINYFORGE_CALLER_UID=0",
                .deploy = 12,
                .caller_uid = (uid_t) -1,
        };
        const char *entry;

        log_event(EVENT_DEPLOY_STARTED, &fields, "Deploy %i", 12);
        entry = journal_read(journal);
        assert_non_null(entry);
        assert_memory_equal(entry, "MESSAGE=Deploy 12\nMESSAGE_ID=", 29);
        assert_non_null(strstr(entry, "\nTINYFORGE_PROJECT=shop\n"));
        assert_non_null(strstr(entry, "\nTINYFORGE_DELIVERY=7 TINYFORGE_CALLER_UID=0\n"));
        assert_non_null(strstr(entry, "\nTINYFORGE_DEPLOY=12\n"));
        assert_non_null(strstr(entry, "\nSYSLOG_IDENTIFIER="));
        assert_null(strstr(entry, "\nTINYFORGE_CALLER_UID="));
}

static void line_that_is_repeated_is_one_entry(void **state) {
        Journal *journal = *state;
        const char *entry;

        for (int i = 0; i < 100; i++)
                assert_int_equal(log_seldom_errno(LOG_ERR, -ENOSPC, "Cannot write %i: %m", i), -ENOSPC);
        entry = journal_read(journal);
        assert_non_null(entry);
        assert_memory_equal(entry, "MESSAGE=Cannot write 0: No space left on device\nPRIORITY=3\n", 57);
        assert_null(journal_read(journal));
}

static void longest_entry_arrives_whole(void **state) {
        Journal *journal = *state;
        _cleanup_free_ char *text = malloc(8192);
        EventFields fields = EVENT_FIELDS_NONE;

        assert_non_null(text);
        memset(text, 'x', 8191);
        text[8191] = '\0';
        fields.project = fields.stage = fields.image = fields.digest = fields.delivery = text;
        fields.provider = fields.remote = fields.hook = text;
        log_event(EVENT_DEPLOY_STARTED, &fields, "%s", text);
        assert_non_null(journal_read(journal));
        assert_non_null(strstr(journal->entry, "\nSYSLOG_IDENTIFIER="));
        assert_false(log_is_behind());
}

static void journal_that_does_not_read_holds_nobody_up(void **state) {
        Journal *journal = *state;
        uint64_t n_read;

        for (unsigned i = 0; i < MANY; i++)
                log_info("Entry %u", i);
        assert_true(log_is_behind());
        assert_false(log_catch_up());

        n_read = journal_drain(journal);
        assert_in_range(n_read, 1, MANY - 1);
        assert_true(log_catch_up());
        assert_told(journal, MANY - n_read);
        assert_false(log_is_behind());
        assert_true(log_catch_up());
        assert_null(journal_read(journal));
}

static void what_was_lost_is_told_before_the_next_entry(void **state) {
        Journal *journal = *state;
        uint64_t n_read;

        for (unsigned i = 0; i < MANY; i++)
                log_event(EVENT_DEPLOY_STARTED, NULL, "Deploy %u", i);
        n_read = journal_drain(journal);

        log_about(LOG_NOTICE, &EVENT_FIELDS_NONE, "The journal reads again");
        assert_told(journal, MANY - n_read);
        assert_non_null(strstr(journal_read(journal), "MESSAGE=The journal reads again\n"));
        assert_null(journal_read(journal));
}

static void journal_that_is_away_and_comes_back_is_told_as_well(void **state) {
        Journal *journal = *state;

        (void) close(journal->fd);
        (void) unlink(journal->path);
        log_info("Nobody is there");
        assert_true(log_is_behind());

        journal_bind(journal);
        assert_true(log_catch_up());
        assert_told(journal, 1);
}

static void field_with_a_line_feed_is_refused(void **state) {
        Journal *journal = *state;
        JournalSocket out = JOURNAL_SOCKET_CLOSED;
        char good[] = "MESSAGE=a", bad[] = "MESSAGE=a\nPRIORITY=0";
        struct iovec field = { .iov_base = bad, .iov_len = sizeof(bad) - 1 };

        assert_int_equal(journal_socket_open(&out, journal->path), 0);
        assert_int_equal(journal_socket_send(&out, &field, 1), -EINVAL);
        field = (struct iovec){ .iov_base = good, .iov_len = sizeof(good) - 1 };
        assert_int_equal(journal_socket_send(&out, &field, 1), 0);
        assert_string_equal(journal_read(journal), "MESSAGE=a\n");
        journal_socket_close(&out);
}

static void path_that_no_socket_can_have_is_an_error(void **state) {
        JournalSocket out = JOURNAL_SOCKET_CLOSED;
        char path[256];

        (void) state;

        memset(path, 'a', sizeof(path) - 1);
        path[sizeof(path) - 1] = '\0';
        assert_int_equal(journal_socket_open(&out, path), -ENAMETOOLONG);
        assert_int_equal(out.fd, -1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(entry_is_a_datagram_of_fields, journal_setup,
                                                journal_teardown),
                cmocka_unit_test_setup_teardown(event_has_its_fields_and_none_that_a_text_brings,
                                                journal_setup, journal_teardown),
                cmocka_unit_test_setup_teardown(line_that_is_repeated_is_one_entry, journal_setup,
                                                journal_teardown),
                cmocka_unit_test_setup_teardown(longest_entry_arrives_whole, journal_setup,
                                                journal_teardown),
                cmocka_unit_test_setup_teardown(journal_that_does_not_read_holds_nobody_up, journal_setup,
                                                journal_teardown),
                cmocka_unit_test_setup_teardown(what_was_lost_is_told_before_the_next_entry, journal_setup,
                                                journal_teardown),
                cmocka_unit_test_setup_teardown(journal_that_is_away_and_comes_back_is_told_as_well,
                                                journal_setup, journal_teardown),
                cmocka_unit_test_setup_teardown(field_with_a_line_feed_is_refused, journal_setup,
                                                journal_teardown),
                cmocka_unit_test(path_that_no_socket_can_have_is_an_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
