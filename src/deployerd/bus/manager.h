/* SPDX-License-Identifier: MIT */
/*
 * Manager: the object of org.tinyforge.Deployer1 on the bus. Calls are checked and authorised here, and answered when the
 * child process that serves them has ended; a caller that vanishes meanwhile cancels nothing.
 *
 * The room bus/ is org.tinyforge.Deployer1, and the only one that sees a message of the bus. deployerd.c alone comes here. It
 * never deploys, and never blocks: it reads, checks, authorises, hands on to job/, and replies.
 */
#pragma once

#include <systemd/sd-bus.h>

#include "deployerd/bus/manager-hooks.h"
#include "deployerd/config/deployer-config.h"
#include "shared/macro.h"

typedef struct Manager Manager;

/* `config` is borrowed, `hooks` is copied. */
int manager_new(sd_bus *bus, sd_event *event, const DeployerConfig *config, const ManagerHooks *hooks,
                void *userdata, Manager **ret);
Manager *manager_free(Manager *manager);
DEFINE_CLEANUP(Manager, manager_free)

/* Begins to look which engine is there. manager_is_idle() tells when that is over. */
int manager_probe(Manager *manager);

/* Whether no child process runs, and no call waits for polkit. */
bool manager_is_idle(const Manager *manager);

/* No new deploys. `interrupt`: what runs is to finish its step and end. */
void manager_stop(Manager *manager, bool interrupt);
