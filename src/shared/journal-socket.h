/* SPDX-License-Identifier: MIT */
/*
 * JournalSocket: the socket that journald reads entries from, written without ever waiting. sd_journal_send() waits until
 * journald has room, and with it the loop of a daemon and whoever calls it; no flag of that call says otherwise. What it
 * puts on the socket is documented as the journal's native protocol, and one datagram without waiting is all that is needed
 * of it here. The other ways lose more: a thread has to keep in memory what journald does not take, and the stream of
 * stderr knows no fields.
 *
 * Entries are bounded, and so one always fits into a datagram. Nothing is passed by descriptor: the sandbox of both daemons
 * has no memfd_create().
 */
#pragma once

#include <sys/uio.h>
#include <sys/un.h>

#include "shared/macro.h"

#define JOURNAL_SOCKET_PATH "/run/systemd/journal/socket"
/* Fields of one entry. */
#define JOURNAL_FIELDS_MAX 16U

typedef struct JournalSocket {
        struct sockaddr_un address;
        int fd; /* -1: closed */
} JournalSocket;

#define JOURNAL_SOCKET_CLOSED ((JournalSocket){ .fd = -1 })

/* The socket need not be there yet, and may be made anew at any time: it is looked up for each entry. */
int journal_socket_open(JournalSocket *journal, const char *path);
void journal_socket_close(JournalSocket *journal);

/*
 * Writes one entry of `n` fields, each "NAME=value" without a line feed (-EINVAL). -EAGAIN: journald does not read now; any
 * other error is lost as well. Never waits.
 */
int journal_socket_send(const JournalSocket *journal, const struct iovec *fields, size_t n);
