/* SPDX-License-Identifier: MIT */
/*
 * Manager: the object org.tinyforge.Webhook1 on the bus; dbus/org.tinyforge.Webhook1.xml says what it offers. Reading is
 * for everybody; what changes something, shows a secret, lists the hooks or tries a payload is for root, and for whom
 * polkit lets.
 *
 * The room bus/ reads, checks, authorises and answers the methods. webhookd.c alone includes this header. Nothing here knows an
 * engine, and no caller waits for another: whoever needs polkit or the deployer gets the reply later.
 */
#pragma once

#include "webhookd/bus/manager-hooks.h"
#include "webhookd/delivery/delivery.h"
#include "webhookd/hook/hook.h"
#include "webhookd/queue/deployer.h"
#include "webhookd/queue/outbox.h"
#include "webhookd/store/store.h"
#include "webhookd/waiters.h"
#include "webhookd/webhook-config.h"

struct sd_bus;

typedef struct Manager Manager;

/* Borrows everything but the bus. */
int manager_new(struct sd_bus *bus, Store *store, Hooks *webhooks, const WebhookConfig *config,
                Outbox *outbox, Deployer *deployer, Delivery *delivery, const Waiters *waiters,
                const ManagerHooks *hooks, void *userdata, Manager **ret);
Manager *manager_free(Manager *manager);
DEFINE_CLEANUP(Manager, manager_free)

/* Whether no call waits for polkit. */
bool manager_is_idle(const Manager *manager);
/* The daemon ends: calls wait no longer. */
void manager_stop(Manager *manager);

/* Sends the signal that `notice` asks for, if any; QueueChanged is left to the next call of manager_emit_changes(). */
void manager_emit(Manager *manager, const Notice *notice);

/* Tells the bus what changed in the queue, and which of NProjects, NQueued and NRunning changed, since the last time. */
void manager_emit_changes(Manager *manager);
