/* SPDX-License-Identifier: MIT */
/*
 * Who may call which method of org.tinyforge.Deployer1.Manager. One row a method. What deploys is for the receiver and root:
 * people go through the receiver, which has a queue and an action of its own for it.
 */
#include "deployerd/bus/access.h"

#define RECEIVER "tinyforge"
#define MANAGE   "org.tinyforge.deployer.manage"

static const AuthorityRule rules[] = {
        { .member = "TriggerDeploy", .peer = true },
        { .member = "CancelDeploy", .peer = true },
        { .member = "WatchDeploy", .peer = true },
        { .member = "InspectImage", .peer = true },
        { .member = "ListInstances", .peer = true, .action = MANAGE },
        { .member = "ListEndpoints", .action = MANAGE },
        { .member = "ListStrays", .action = MANAGE },
        { .member = "GetContainerBody", .action = MANAGE },
        { .member = "DescribeContainer", .action = MANAGE },
        { .member = "DescribeCommands", .action = MANAGE },
        { .member = "RemoveStage", .action = MANAGE },
        { .member = "TakeOverStage", .action = MANAGE },
};

int manager_open_access(Manager *manager) {
        return authority_new(manager->bus, rules, ELEMENTSOF(rules), RECEIVER, &manager->authority);
}

int manager_authorise(Manager *manager, sd_bus_message *message, const PolkitDetails *details,
                      uid_t *ret_uid, sd_bus_error *error) {
        return authority_check(manager->authority, message, details, ret_uid, error);
}

int manager_begin(Manager *manager, sd_bus_message *message, CallScope scope, PolkitDetails *ret_about,
                  uid_t *ret_uid, sd_bus_error *error) {
        manager->hooks.on_activity(manager->userdata);
        return call_begin(manager->authority, message, scope, ret_about, ret_uid, error);
}
