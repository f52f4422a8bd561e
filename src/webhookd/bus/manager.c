/* SPDX-License-Identifier: MIT */
/* The object on the bus, its properties and signals: see manager.h. The methods are in files of their own. */
#include "webhookd/bus/manager.h"
#include "config.h"
#include "shared/bus/properties.h"
#include "shared/log.h"
#include "shared/protocol.h"
#include "webhookd/bus/access.h"
#include "webhookd/bus/backup.h"
#include "webhookd/bus/cancel.h"
#include "webhookd/bus/context.h"
#include "webhookd/bus/deploy.h"
#include "webhookd/bus/hook.h"
#include "webhookd/bus/inventory.h"
#include "webhookd/bus/list.h"
#include "webhookd/bus/metrics.h"
#include "webhookd/bus/project.h"
#include "webhookd/bus/remove.h"
#include "webhookd/bus/reply.h"
#include "webhookd/bus/stage.h"
#include "webhookd/bus/trial.h"

static int manager_count(Manager *manager, ManagerCounts *ret) {
        ManagerCounts counts;
        int r;

        r = store_count_deploys(manager->store, DEPLOY_QUEUED, &counts.queued);
        if (r >= 0)
                r = store_count_deploys(manager->store, DEPLOY_RUNNING, &counts.running);
        if (r < 0)
                return r;

        *ret = counts;
        return 0;
}

static int property_get_count(sd_bus *bus, const char *path, const char *interface, const char *property,
                              sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;
        ManagerCounts counts;
        int r;

        (void) bus;
        (void) path;
        (void) interface;

        manager->hooks.activity(manager->userdata);
        r = manager_count(manager, &counts);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);

        return sd_bus_message_append(reply, "t",
                                     streq(property, "NQueued") ? counts.queued : counts.running);
}

static int property_get_projects(sd_bus *bus, const char *path, const char *interface, const char *property,
                                 sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;
        uint64_t n;
        int r;

        (void) bus;
        (void) path;
        (void) interface;
        (void) property;

        manager->hooks.activity(manager->userdata);
        r = store_count_projects(manager->store, /* only_auto_created= */ false, &n);
        return r < 0 ? manager_reply_store_error(manager, error, r) : sd_bus_message_append(reply, "t", n);
}

static int property_get_text(sd_bus *bus, const char *path, const char *interface, const char *property,
                             sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;

        (void) bus;
        (void) path;
        (void) interface;
        (void) error;

        return sd_bus_message_append(reply, "s",
                                     streq(property, "Version") ? TINYFORGE_VERSION
                                                                : manager->config->public_url);
}

/* It changes with each request that waits: whoever wants it reads it. */
static int property_get_waiting(sd_bus *bus, const char *path, const char *interface, const char *property,
                                sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;

        (void) bus;
        (void) path;
        (void) interface;
        (void) property;
        (void) error;

        return sd_bus_message_append(reply, "t", (uint64_t) waiters_count(manager->waiters));
}

static int property_get_store(sd_bus *bus, const char *path, const char *interface, const char *property,
                              sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        char uuid[UUID_TEXT_SIZE];
        Manager *manager = userdata;
        int r;

        (void) bus;
        (void) path;
        (void) interface;
        (void) property;

        r = store_get_uuid(manager->store, uuid);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);

        return sd_bus_message_append(reply, "s", uuid);
}

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Version", "s", property_get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Store", "s", property_get_store, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("PublicURL", "s", property_get_text, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("NProjects", "t", property_get_projects, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("NQueued", "t", property_get_count, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("NRunning", "t", property_get_count, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("NWaiting", "t", property_get_waiting, 0, 0),
        SD_BUS_METHOD_WITH_ARGS("RegenerateSecret", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", path),
                                method_regenerate_secret,
                                SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_METHOD_WITH_ARGS("GetWebhookPath", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", path),
                                method_get_webhook_path,
                                SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_METHOD_WITH_ARGS("ListProjects", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sssqbt)", projects),
                                method_list_projects, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("DescribeProjects", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", projects),
                                method_describe_projects, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListProjectsPage", SD_BUS_ARGS("s", after, "u", limit),
                                SD_BUS_RESULT("a(sssqbt)", projects), method_list_projects_page,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("DescribeProjectsPage",
                                SD_BUS_ARGS("s", after, "u", limit, "a{sv}", options),
                                SD_BUS_RESULT("aa{sv}", projects), method_describe_projects_page,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListStages", SD_BUS_ARGS("s", project), SD_BUS_RESULT("a(ssbu)", stages),
                                method_list_stages, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("DescribeStages", SD_BUS_ARGS("s", project), SD_BUS_RESULT("aa{sv}", stages),
                                method_describe_stages, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListStagesPage", SD_BUS_ARGS("s", project, "s", after, "u", limit),
                                SD_BUS_RESULT("a(ssbu)", stages), method_list_stages_page,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListDeploys", SD_BUS_ARGS("s", project, "s", stage, "u", limit),
                                SD_BUS_RESULT("a(tssssstt)", deploys), method_list_deploys,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("DescribeDeploys", SD_BUS_ARGS("s", project, "s", stage, "u", limit),
                                SD_BUS_RESULT("aa{sv}", deploys), method_describe_deploys,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("MatchImage", SD_BUS_ARGS("s", image),
                                SD_BUS_RESULT("s", project, "s", stage, "b", auto_deploy),
                                method_match_image, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("MatchImages", SD_BUS_ARGS("s", image), SD_BUS_RESULT("a(ssbs)", matches),
                                method_match_images, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("TestPayload", SD_BUS_ARGS("s", hook, "a(ss)", headers, "ay", body),
                                SD_BUS_RESULT("u", status, "s", answer, "s", provider, "s", signature,
                                              "a(sssssb)", pushes),
                                method_test_payload, SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_METHOD_WITH_ARGS("GetMetrics", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sa{ss}d)", metrics),
                                method_get_metrics, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CreateProject", SD_BUS_ARGS("s", name, "s", image, "a{sv}", options),
                                SD_BUS_NO_RESULT, method_create_project, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SetProject", SD_BUS_ARGS("s", project, "a{sv}", options), SD_BUS_NO_RESULT,
                                method_set_project, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RemoveProject", SD_BUS_ARGS("s", project), SD_BUS_NO_RESULT,
                                method_remove_project, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("SetStage", SD_BUS_ARGS("s", project, "s", stage, "a{sv}", options),
                                SD_BUS_NO_RESULT, method_set_stage, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RemoveStage", SD_BUS_ARGS("s", project, "s", stage), SD_BUS_NO_RESULT,
                                method_remove_stage, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Promote", SD_BUS_ARGS("s", project, "s", from, "s", to),
                                SD_BUS_RESULT("t", id), method_promote, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Deploy", SD_BUS_ARGS("s", project, "s", stage, "s", tag),
                                SD_BUS_RESULT("t", id), method_deploy, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("DeployWithOptions",
                                SD_BUS_ARGS("s", project, "s", stage, "s", tag, "a{sv}", options),
                                SD_BUS_RESULT("t", id), method_deploy_with_options,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Restart", SD_BUS_ARGS("s", project, "s", stage), SD_BUS_RESULT("t", id),
                                method_restart, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Rollback", SD_BUS_ARGS("s", project, "s", stage), SD_BUS_RESULT("t", id),
                                method_rollback, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS(
                        "RollbackWithOptions", SD_BUS_ARGS("s", project, "s", stage, "a{sv}", options),
                        SD_BUS_RESULT("t", id), method_rollback_with_options, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Cancel", SD_BUS_ARGS("t", id), SD_BUS_NO_RESULT, method_cancel,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CreateHook", SD_BUS_ARGS("s", name, "a{sv}", options),
                                SD_BUS_RESULT("s", path), method_create_hook,
                                SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_METHOD_WITH_ARGS("ListHooks", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sassbttt)", hooks),
                                method_list_hooks, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("DescribeHooks", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", hooks),
                                method_describe_hooks, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RotateHook", SD_BUS_ARGS("s", name, "a{sv}", options),
                                SD_BUS_RESULT("s", path), method_rotate_hook,
                                SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_METHOD_WITH_ARGS("RemoveHook", SD_BUS_ARGS("s", name), SD_BUS_NO_RESULT, method_remove_hook,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetHookPath", SD_BUS_ARGS("s", name), SD_BUS_RESULT("s", path),
                                method_get_hook_path, SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
        SD_BUS_METHOD_WITH_ARGS("Backup", SD_BUS_ARGS("h", file), SD_BUS_RESULT("t", bytes), method_backup,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("ProjectAdded", SD_BUS_ARGS("s", project), 0),
        SD_BUS_SIGNAL_WITH_ARGS("ProjectRemoved", SD_BUS_ARGS("s", project), 0),
        SD_BUS_SIGNAL_WITH_ARGS("StageChanged", SD_BUS_ARGS("s", project, "s", stage), 0),
        SD_BUS_SIGNAL_WITH_ARGS("QueueChanged", SD_BUS_ARGS("a(tssss)", changes), 0),
        SD_BUS_SIGNAL_WITH_ARGS("WatchEnded",
                                SD_BUS_ARGS("t", deploy, "s", project, "s", stage, "s", verdict), 0),
        SD_BUS_SIGNAL_WITH_ARGS("SecretRegenerated", SD_BUS_NO_ARGS, 0),
        SD_BUS_SIGNAL_WITH_ARGS("HookAdded", SD_BUS_ARGS("s", name), 0),
        SD_BUS_SIGNAL_WITH_ARGS("HookRotated", SD_BUS_ARGS("s", name), 0),
        SD_BUS_SIGNAL_WITH_ARGS("HookRemoved", SD_BUS_ARGS("s", name), 0),
        SD_BUS_VTABLE_END,
};

int manager_new(struct sd_bus *bus, Store *store, Hooks *webhooks, const WebhookConfig *config,
                Outbox *outbox, Deployer *deployer, Delivery *delivery, const Waiters *waiters,
                const ManagerHooks *hooks, void *userdata, Manager **ret) {
        _cleanup_(manager_freep) Manager *manager = NULL;
        int r;

        assert(bus);
        assert(store);
        assert(webhooks);
        assert(config);
        assert(outbox);
        assert(deployer);
        assert(delivery);
        assert(waiters);
        assert(hooks && hooks->activity && hooks->changed);
        assert(ret);

        manager = calloc(1, sizeof(*manager));
        if (!manager)
                return -ENOMEM;

        manager->bus = sd_bus_ref(bus);
        manager->store = store;
        manager->webhooks = webhooks;
        manager->config = config;
        manager->outbox = outbox;
        manager->deployer = deployer;
        manager->delivery = delivery;
        manager->waiters = waiters;
        manager->hooks = *hooks;
        manager->userdata = userdata;

        r = manager_count(manager, &manager->emitted);
        if (r < 0 && store_fault(store) == 0)
                return r;

        r = manager_open_access(manager);
        if (r < 0)
                return r;

        r = sd_bus_add_object_vtable(bus, &manager->slot, WEBHOOK_PATH, WEBHOOK_INTERFACE, vtable, manager);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(manager);
        return 0;
}

Manager *manager_free(Manager *manager) {
        if (!manager)
                return NULL;

        authority_free(manager->authority);
        waiting_calls_drop(&manager->cancels);
        waiting_calls_drop(&manager->removals);
        changes_done(&manager->changes);
        sd_bus_slot_unref(manager->slot);
        sd_bus_unref(manager->bus);
        free(manager);
        return NULL;
}

bool manager_is_idle(const Manager *manager) {
        assert(manager);

        return authority_is_idle(manager->authority);
}

void manager_stop(Manager *manager) {
        assert(manager);

        authority_stop(manager->authority);
}

void manager_emit(Manager *manager, const Notice *notice) {
        sd_bus *bus = manager->bus;
        int r = 0;

        assert(manager);
        assert(notice);

        switch (notice->signal) {
        case NOTICE_NO_SIGNAL:
                break;
        case NOTICE_PROJECT_ADDED:
                manager->projects_changed = true;
                r = sd_bus_emit_signal(bus, WEBHOOK_PATH, WEBHOOK_INTERFACE, "ProjectAdded", "s",
                                       notice->project);
                break;
        case NOTICE_PROJECT_REMOVED:
                manager->projects_changed = true;
                r = sd_bus_emit_signal(bus, WEBHOOK_PATH, WEBHOOK_INTERFACE, "ProjectRemoved", "s",
                                       notice->project);
                break;
        case NOTICE_STAGE_CHANGED:
                r = sd_bus_emit_signal(bus, WEBHOOK_PATH, WEBHOOK_INTERFACE, "StageChanged", "ss",
                                       notice->project, notice->stage);
                break;
        case NOTICE_DEPLOY_QUEUED:
                r = changes_add(&manager->changes, bus, notice, DEPLOY_QUEUED);
                break;
        case NOTICE_DEPLOY_FINISHED:
                r = changes_add(&manager->changes, bus, notice, notice->state);
                break;
        case NOTICE_WATCH_ENDED:
                r = sd_bus_emit_signal(bus, WEBHOOK_PATH, WEBHOOK_INTERFACE, "WatchEnded", "tsss",
                                       notice->deploy, notice->project, notice->stage,
                                       watch_state_to_string(notice->watch));
                break;
        case NOTICE_SECRET_REGENERATED:
                r = sd_bus_emit_signal(bus, WEBHOOK_PATH, WEBHOOK_INTERFACE, "SecretRegenerated", "");
                break;
        case NOTICE_HOOK_ADDED:
                r = sd_bus_emit_signal(bus, WEBHOOK_PATH, WEBHOOK_INTERFACE, "HookAdded", "s", notice->hook);
                break;
        case NOTICE_HOOK_ROTATED:
                r = sd_bus_emit_signal(bus, WEBHOOK_PATH, WEBHOOK_INTERFACE, "HookRotated", "s",
                                       notice->hook);
                break;
        case NOTICE_HOOK_REMOVED:
                r = sd_bus_emit_signal(bus, WEBHOOK_PATH, WEBHOOK_INTERFACE, "HookRemoved", "s",
                                       notice->hook);
                break;
        }
        if (r < 0)
                (void) log_seldom_errno(LOG_WARNING, r, "Cannot send a signal: %m");
}

void manager_emit_changes(Manager *manager) {
        ManagerCounts counts, *emitted;
        int r;

        assert(manager);

        r = changes_send(&manager->changes, manager->bus);
        if (r < 0)
                (void) log_seldom_errno(LOG_WARNING, r, "Cannot tell what changed in the queue: %m");
        if (manager_count(manager, &counts) < 0)
                return;

        emitted = &manager->emitted;
        r = bus_properties_emit(manager->bus, WEBHOOK_PATH, WEBHOOK_INTERFACE,
                                (const BusProperty[]){
                                                { "NProjects", manager->projects_changed },
                                                { "NQueued", counts.queued != emitted->queued },
                                                { "NRunning", counts.running != emitted->running },
                                },
                                3);
        if (r < 0)
                (void) log_seldom_errno(LOG_WARNING, r, "Cannot tell that properties changed: %m");
        manager->projects_changed = false;
        *emitted = counts;
}
