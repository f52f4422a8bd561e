/* SPDX-License-Identifier: MIT */
/*
 * StartedCall: a call to a daemon that may have to be started first. The bus is asked to start it, and waited for; only then is
 * the message sent. So a call may take as long as it needs, an activation may not, and no message lies with the bus until
 * a daemon comes that nobody waits for any more. For the files of this room alone.
 */
#pragma once

#include <systemd/sd-bus.h>

#include "shared/macro.h"

/* Longer than the time-out of dbus-daemon's own (25 s), and as long as systemd lets the daemon take (TimeoutStartSec=). */
#define ACTIVATION_TIMEOUT_USEC (30 * USEC_PER_SEC)

typedef struct StartedCall StartedCall;

/* Asks the bus to start `name`. The callback comes once, unless the slot is freed before. */
int start_service(sd_bus *bus, const char *name, sd_bus_message_handler_t on_answer, void *userdata,
                  uint64_t timeout_usec, sd_bus_slot **ret);

/*
 * Called once. `failure` is what went wrong, or NULL, and `answer` what came back then: both borrowed. ERROR_DEPLOYER_UNREACHABLE
 * is the failure where the daemon never saw the message.
 */
typedef void (*StartedCallOnAnswer)(sd_bus_message *answer, const sd_bus_error *failure, void *userdata);

/*
 * Sends `message`, a call that is not sealed, to its destination. `timeout_usec` is for its answer; the start has as much, and
 * ACTIVATION_TIMEOUT_USEC at most. Freeing the call, also from within `on_answer`, forgets the answer, and stops nothing.
 */
int started_call_send(sd_bus *bus, sd_bus_message *message, uint64_t timeout_usec,
                      StartedCallOnAnswer on_answer, void *userdata, StartedCall **ret);
StartedCall *started_call_free(StartedCall *call);
DEFINE_CLEANUP(StartedCall, started_call_free)
