/* SPDX-License-Identifier: MIT */
/*
 * A flood of deliveries, and the journal: of the entries that each accepted or ignored delivery has, and each deploy that a later push put
 * aside, some are written in a second; what comes beyond in it is counted, and one entry has the counts. journald itself keeps 10,000
 * entries of a unit in 30 s and drops the others, whatever they tell; so a flood of pushes cannot hide that a deploy failed.
 * What each of them became is in the store.
 *
 * webhookd.c alone comes in, with each notice that is told after its commit. It never folds what a person did, nor what became of a deploy
 * that had begun.
 */
#pragma once

#include <systemd/sd-event.h>

#include "shared/macro.h"
#include "webhookd/queue/outbox.h"

#define FLOOD_INTERVAL_USEC (1 * USEC_PER_SEC)

typedef struct Flood Flood;

/* `max_entries` a second are written; 0: all of them. -ENOMEM, or what sd-event says. */
int flood_new(sd_event *event, unsigned max_entries, Flood **ret);
/* Tells of what was counted and not told yet. */
Flood *flood_free(Flood *flood);
DEFINE_CLEANUP(Flood, flood_free)

/* Whether the entry of this notice is not to be written: it is counted then. */
bool flood_takes(Flood *flood, const Notice *notice);
