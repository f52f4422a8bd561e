/* SPDX-License-Identifier: MIT */
/*
 * WaitingCall: a call on the bus that is answered when the deployer has answered, and a list of such calls. What their callers asked
 * for, and how many may wait, is the methods' own. For the files of this room alone.
 */
#pragma once

#include <systemd/sd-bus.h>

#include "webhookd/queue/deployer.h"

typedef struct WaitingCall WaitingCall;

typedef struct WaitingCalls {
        WaitingCall *first;
        unsigned n;
} WaitingCalls;

/* Its owner has it first in a block of calloc(), which goes with it. */
struct WaitingCall {
        WaitingCalls *calls;
        sd_bus_message *message;
        DeployerCall *call; /* set by whoever asks the deployer */
        WaitingCall *next, **slot;
};

/* Takes a reference to the message. */
void waiting_call_begin(WaitingCall *waiting, WaitingCalls *calls, sd_bus_message *message);

/* Its caller is answered, or is not to be: forgets what the deployer may still answer, and frees the block. */
void waiting_call_end(WaitingCall *waiting);

/* The same for all of them; what they have in the store stays. */
void waiting_calls_drop(WaitingCalls *calls);
