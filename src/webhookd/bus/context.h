/* SPDX-License-Identifier: MIT */
/* Manager, as its methods see it: what they share, below all of them. For the files of this room alone. */
#pragma once

#include <systemd/sd-bus.h>

#include "shared/bus/call.h"
#include "shared/bus/options.h"
#include "shared/image-ref.h"
#include "webhookd/bus/changes.h"
#include "webhookd/bus/manager-hooks.h"
#include "webhookd/bus/waiting-call.h"
#include "webhookd/delivery/delivery.h"
#include "webhookd/hook/hook.h"
#include "webhookd/queue/deployer.h"
#include "webhookd/queue/outbox.h"
#include "webhookd/store/store.h"
#include "webhookd/waiters.h"
#include "webhookd/webhook-config.h"

typedef struct Manager Manager;

typedef struct ManagerCounts {
        uint64_t queued, running;
} ManagerCounts;

struct Manager {
        sd_bus *bus;
        sd_bus_slot *slot;
        Store *store;
        Hooks *webhooks;
        const WebhookConfig *config;
        Outbox *outbox;
        ManagerHooks hooks;
        void *userdata;
        Authority *authority;
        ManagerCounts emitted;
        QueueChanges changes;  /* not told yet */
        bool projects_changed; /* since they were told the last time: they are counted for who asks */
        Deployer *deployer;
        Delivery *delivery;
        const Waiters *waiters;
        WaitingCalls cancels;  /* Cancel() */
        WaitingCalls removals; /* RemoveProject() and RemoveStage() */
};
