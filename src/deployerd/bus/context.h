/* SPDX-License-Identifier: MIT */
/*
 * Manager, as its files see it: the state of the object on the bus. access.h and properties.h know that state alone, query.h is
 * above them, methods.h above that, and manager.h, with the table of all that the bus sees, on top.
 */
#pragma once

#include <systemd/sd-bus.h>

#include "deployerd/bus/manager-hooks.h"
#include "deployerd/config/deployer-config.h"
#include "deployerd/engine/info.h"
#include "deployerd/job/deploys.h"
#include "deployerd/job/queries.h"
#include "deployerd/job/watches.h"
#include "shared/bus/call.h"

typedef struct Manager Manager;
typedef struct Query Query;

struct Manager {
        sd_bus *bus;
        sd_event *event;
        sd_bus_slot *slot;
        const DeployerConfig *config;
        ManagerHooks hooks;
        void *userdata;
        Deploys *deploys;
        Watches *watches;
        Query *queries;
        EngineInfo info;
        Authority *authority;
        bool stopping;
};
