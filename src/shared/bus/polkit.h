/* SPDX-License-Identifier: MIT */
/*
 * Polkit: questions to polkit's authority on the system bus, org.freedesktop.PolicyKit1.Authority, as its D-Bus reference
 * describes it. What is asked is about the sender of a call, a "system-bus-name" subject.
 */
#pragma once

#include <systemd/sd-bus.h>

#include "shared/macro.h"

/* A question that a person may be asked about can be taken back by a text of this size. */
#define POLKIT_ID_SIZE 24U

typedef enum PolkitVerdict {
        POLKIT_YES,
        POLKIT_NO,
        POLKIT_CHALLENGE, /* yes, once somebody has authenticated; and nobody could be asked to */
        POLKIT_ABSENT,    /* it is not installed, or does not start */
        POLKIT_FAILED,    /* it answered with an error, or not at all */
} PolkitVerdict;

/* What the administrator's rules and the messages of actions can look at, by these names. NULL: not said. */
typedef struct PolkitDetails {
        const char *project;
        const char *stage;
        const char *hook;
} PolkitDetails;

/* clang-format off */
#define POLKIT_NO_DETAILS &(PolkitDetails){ .project = NULL }
/* clang-format on */

typedef struct PolkitQuestion {
        const char *subject; /* the unique name of who wants to do it */
        const char *action;
        PolkitDetails details;
        const char *id; /* unique among the questions of this connection; NULL: no person is asked */
        uint64_t timeout_usec;
} PolkitQuestion;

/*
 * Asks; `callback` gets the reply, or an error when there is none in time, for polkit_read_answer(). Freeing the slot forgets
 * the question here, polkit_take_back() does so there.
 */
int polkit_ask(sd_bus *bus, const PolkitQuestion *question, sd_bus_message_handler_t callback,
               void *userdata, sd_bus_slot **ret_slot);

/* No answer is wanted any more: polkit need not go on asking a person. */
void polkit_take_back(sd_bus *bus, const char *id);

/* `*ret_text` says what went wrong, of POLKIT_FAILED and POLKIT_ABSENT; borrowed from the reply, "" for the others. */
PolkitVerdict polkit_read_answer(sd_bus_message *reply, const char **ret_text);
