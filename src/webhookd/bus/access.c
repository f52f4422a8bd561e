/* SPDX-License-Identifier: MIT */
/*
 * Who may call which method of org.tinyforge.Webhook1.Manager. One row a method; polkit/org.tinyforge.policy says what the
 * actions mean, and who may do them where the administrator has no rules.
 */
#include "webhookd/bus/access.h"

#include "webhookd/bus/reply.h"

#define MANAGE_SECRET   "org.tinyforge.webhook.manage-secret"
#define MANAGE_PROJECTS "org.tinyforge.webhook.manage-projects"
#define DEPLOY          "org.tinyforge.webhook.deploy"

static const AuthorityRule rules[] = {
        { .member = "ListProjects", .anyone = true },
        { .member = "DescribeProjects", .anyone = true },
        { .member = "ListProjectsPage", .anyone = true },
        { .member = "DescribeProjectsPage", .anyone = true },
        { .member = "ListStages", .anyone = true },
        { .member = "ListStagesPage", .anyone = true },
        { .member = "ListDeploys", .anyone = true },
        { .member = "DescribeDeploys", .anyone = true },
        { .member = "DescribeStages", .anyone = true },
        { .member = "MatchImage", .anyone = true },
        { .member = "MatchImages", .anyone = true },
        { .member = "GetMetrics", .anyone = true },
        { .member = "RegenerateSecret", .action = MANAGE_SECRET },
        { .member = "GetWebhookPath", .action = MANAGE_SECRET },
        { .member = "CreateHook", .action = MANAGE_SECRET },
        { .member = "ListHooks", .action = MANAGE_SECRET },
        { .member = "DescribeHooks", .action = MANAGE_SECRET },
        { .member = "RotateHook", .action = MANAGE_SECRET },
        { .member = "RemoveHook", .action = MANAGE_SECRET },
        { .member = "GetHookPath", .action = MANAGE_SECRET },
        { .member = "TestPayload", .action = MANAGE_SECRET },
        { .member = "Backup", .action = MANAGE_SECRET },
        { .member = "CreateProject", .action = MANAGE_PROJECTS },
        { .member = "SetProject", .action = MANAGE_PROJECTS },
        { .member = "RemoveProject", .action = MANAGE_PROJECTS },
        { .member = "SetStage", .action = MANAGE_PROJECTS },
        { .member = "RemoveStage", .action = MANAGE_PROJECTS },
        { .member = "Promote", .action = DEPLOY },
        { .member = "Deploy", .action = DEPLOY },
        { .member = "DeployWithOptions", .action = DEPLOY },
        { .member = "Restart", .action = DEPLOY },
        { .member = "Rollback", .action = DEPLOY },
        { .member = "RollbackWithOptions", .action = DEPLOY },
        { .member = "Cancel", .action = DEPLOY },
};

int manager_open_access(Manager *manager) {
        return authority_new(manager->bus, rules, ELEMENTSOF(rules), /* peer= */ NULL, &manager->authority);
}

/* There is no method that does without it, and some know its hooks by heart. */
static int manager_check_store(const Manager *manager, sd_bus_error *error) {
        int r = store_fault(manager->store);

        return r < 0 ? manager_reply_store_error(manager, error, r) : 0;
}

int manager_authorise(Manager *manager, sd_bus_message *message, const PolkitDetails *details,
                      uid_t *ret_uid, sd_bus_error *error) {
        int r;

        r = authority_check(manager->authority, message, details, ret_uid, error);
        return r != 0 ? r : manager_check_store(manager, error);
}

int manager_begin(Manager *manager, sd_bus_message *message, CallScope scope, PolkitDetails *ret_about,
                  uid_t *ret_uid, sd_bus_error *error) {
        int r;

        manager->hooks.activity(manager->userdata);
        r = call_begin(manager->authority, message, scope, ret_about, ret_uid, error);
        return r != 0 ? r : manager_check_store(manager, error);
}
