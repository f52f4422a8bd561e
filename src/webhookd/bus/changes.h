/* SPDX-License-Identifier: MIT */
/*
 * What changed in the queue, as one signal for all that one turn committed: a flood of deliveries is no flood of messages. For the
 * files of this room alone.
 */
#pragma once

#include <systemd/sd-bus.h>

#include "webhookd/queue/outbox.h"

/* `{ 0 }`: nothing yet. */
typedef struct QueueChanges {
        sd_bus_message *signal;
        unsigned n;
} QueueChanges;

/* Adds the row that came into the queue, or ended, in that state. What is too much for one signal is sent at once. */
int changes_add(QueueChanges *changes, sd_bus *bus, const Notice *notice, DeployState state);
/* Sends what there is; on failure, too, nothing is left of it. */
int changes_send(QueueChanges *changes, sd_bus *bus);
void changes_done(QueueChanges *changes);
