/* SPDX-License-Identifier: MIT */
/*
 * Waiters: answers that are held back until the deploys which they are about are through. An outcome wakes those that wait for it
 * once it is on disk; nothing is asked meanwhile, neither the store nor the deployer. Each has a time of its own, and there is a limit
 * to their number, of which no hook can take what others want. A list and one timer: what an answer says, and how it is sent, is not
 * known here.
 *
 * http/ adds and removes them, webhookd.c brings outcomes and the end, bus/ tells their number.
 */
#pragma once

#include <systemd/sd-event.h>

#include "shared/macro.h"
#include "shared/name.h"

/* Answers that are held back at the same time. */
#define WAITERS_MAX 256U
/* Deploys that one waits for. */
#define WAITER_DEPLOYS_MAX 256U

typedef struct Waiter Waiter;

/* Its owner embeds it, and sets all but the list. */
struct Waiter {
        uint64_t deploys[WAITER_DEPLOYS_MAX]; /* that are not through */
        size_t n;
        char hook[NAME_MAX_LENGTH + 1]; /* whose place it takes */
        uint64_t until;                 /* CLOCK_MONOTONIC, µs */
        bool is_over; /* whatever it waits for, it waits no longer; set when it is woken for another reason than outcomes */
        /* It is in the list no longer. Adds and removes nothing. */
        void (*wake)(Waiter *waiter);
        Waiter *next, **slot; /* slot NULL: in no list */
};

typedef struct Waiters Waiters;

int waiters_new(sd_event *event, Waiters **ret);
Waiters *waiters_free(Waiters *waiters);
DEFINE_CLEANUP(Waiters, waiters_free)

/*
 * Where there are WAITERS_MAX, the hook that has most of them gives up its newest, which is released: whoever asks first is served,
 * until others want as much. -EUSERS: no hook has more places than the waiter's own would have then. -ESHUTDOWN: after
 * waiters_stop().
 */
int waiters_add(Waiters *waiters, Waiter *waiter);
/* Its request is gone. Takes one that is in no list, too. */
void waiters_remove(Waiters *waiters, Waiter *waiter);
/* Wakes that one now, for good. */
void waiters_release(Waiters *waiters, Waiter *waiter);

/* That deploy is through, which is on disk. */
void waiters_end_deploy(Waiters *waiters, uint64_t deploy);

/* Wakes those of that hook, whose secret is perhaps another by now. They may be added again. */
void waiters_wake_hook(Waiters *waiters, const char *hook);

/* Wakes all: there is nothing to wait for any more. */
void waiters_release_all(Waiters *waiters);
/* The same, and from now on nobody waits. */
void waiters_stop(Waiters *waiters);

size_t waiters_count(const Waiters *waiters);
