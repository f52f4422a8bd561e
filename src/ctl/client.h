/* SPDX-License-Identifier: MIT */
/*
 * Client: calls on the peers that tinyforgectl asks. For the verbs, and the only one that sends anything. It opens the bus and
 * starts the agent where somebody has to be asked for a password; it never knows what an answer means.
 */
#pragma once

#include "ctl/ctl.h"
#include "ctl/peer.h"

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
