/* SPDX-License-Identifier: MIT */
/*
 * Client: calls on the three peers that tinyforgectl asks, and what is said when they fail: the daemon's own sentence,
 * and what to do next.
 */
#pragma once

#include "ctl/ctl.h"

typedef struct Peer {
        const char *bus_name;
        const char *path;
        const char *interface;
        const char *unit;      /* whose journal tells more */
        uint64_t timeout_usec; /* of a call; 0: the usual one */
} Peer;

extern const Peer peer_webhook;
extern const Peer peer_deployer;
extern const Peer peer_systemd;

/* Opens the system bus if it is not open yet. Reports its faults. */
int client_open(Ctl *ctl);

/*
 * Calls a method and waits for the answer. The call fails silently: with the negative errno of errors.h for one of
 * its errors, -EIO for all others, and `ret_error`, which is set in any case and the caller's to free. `types` and
 * what follows are the arguments, as for sd_bus_message_append().
 */
int client_try(Ctl *ctl, const Peer *peer, const char *method, sd_bus_error *ret_error,
               sd_bus_message **ret_reply, const char *types, ...);

/* The same, and where the caller has to be authenticated, who sits there is asked, unless --no-ask-password is given. */
int client_try_asking(Ctl *ctl, const Peer *peer, const char *method, sd_bus_error *ret_error,
                      sd_bus_message **ret_reply, const char *types, ...);

/* client_try_asking(), with its faults reported. */
int client_call(Ctl *ctl, const Peer *peer, const char *method, sd_bus_message **ret_reply,
                const char *types, ...);

/*
 * The same in two steps, for arguments that are appended one by one: client_send() takes what became of that, `r`, and
 * reports it as well.
 */
int client_begin(Ctl *ctl, const Peer *peer, const char *method, sd_bus_message **ret);
int client_send(Ctl *ctl, const Peer *peer, sd_bus_message *message, int r, sd_bus_message **ret_reply);

/* All properties, as a message that holds one a{sv}. Reports its faults. */
int client_get_properties(Ctl *ctl, const Peer *peer, sd_bus_message **ret_reply);

/*
 * Prints what `error` says, and a second line with what to do about it. Returns `r`, the errno that client_try()
 * returned.
 */
int client_report(const Ctl *ctl, const Peer *peer, int r, const sd_bus_error *error);

/* Reports that an answer could not be read, because of `r`. Returns -EBADMSG, or -ENOMEM where it is that. */
int client_report_answer(const Ctl *ctl, const Peer *peer, int r);

/* What to do about the D-Bus error `name` of `peer`, one line; NULL where there is no advice. Static or in `buffer`. */
const char *client_advice(const Peer *peer, const char *name, char *buffer, size_t size);
