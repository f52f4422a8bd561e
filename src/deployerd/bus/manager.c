/* SPDX-License-Identifier: MIT */
/* The object, all that the bus sees of it, and its signal: see manager.h. */
#include "deployerd/bus/manager.h"

#include "deployerd/bus/access.h"
#include "deployerd/bus/context.h"
#include "deployerd/bus/methods.h"
#include "deployerd/bus/properties.h"
#include "deployerd/bus/query.h"
#include "shared/bus/properties.h"
#include "shared/log.h"
#include "shared/protocol.h"

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("TriggerDeploy",
                                SD_BUS_ARGS("s", project, "s", stage, "s", image, "a{sv}", options),
                                SD_BUS_RESULT("s", outcome, "s", detail, "s", container),
                                method_trigger_deploy, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CancelDeploy", SD_BUS_ARGS("s", store, "t", deploy), SD_BUS_NO_RESULT,
                                method_cancel_deploy, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("InspectImage", SD_BUS_ARGS("s", image), SD_BUS_RESULT("a{sv}", properties),
                                method_inspect_image, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListInstances", SD_BUS_ARGS("s", project, "s", stage),
                                SD_BUS_RESULT("a(sstssssssst)", instances), method_list_instances,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListEndpoints", SD_BUS_ARGS("s", project, "s", stage),
                                SD_BUS_RESULT("aa{sv}", endpoints), method_list_endpoints,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListStrays", SD_BUS_ARGS("s", project, "s", stage),
                                SD_BUS_RESULT("aa{sv}", strays), method_list_strays,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetContainerBody",
                                SD_BUS_ARGS("s", project, "s", stage, "s", image, "a{sv}", options),
                                SD_BUS_RESULT("s", body), method_get_container_body,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("DescribeContainer",
                                SD_BUS_ARGS("s", project, "s", stage, "s", image, "a{sv}", options),
                                SD_BUS_RESULT("s", body, "as", changed, "as", notes),
                                method_get_container_body, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("DescribeCommands",
                                SD_BUS_ARGS("s", project, "s", stage, "s", image, "a{sv}", options),
                                SD_BUS_RESULT("s", commands), method_get_container_body,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("RemoveStage", SD_BUS_ARGS("s", project, "s", stage), SD_BUS_NO_RESULT,
                                method_remove_stage, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("TakeOverStage", SD_BUS_ARGS("s", project, "s", stage, "s", store),
                                SD_BUS_RESULT("u", containers), method_take_over_stage,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("WatchDeploy",
                                SD_BUS_ARGS("s", project, "s", stage, "s", image, "a{sv}", options),
                                SD_BUS_NO_RESULT, method_watch_deploy, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_SIGNAL_WITH_ARGS("WatchEnded",
                                SD_BUS_ARGS("s", store, "t", deploy, "s", verdict, "s", reason), 0),
        SD_BUS_SIGNAL_WITH_ARGS("Progress", SD_BUS_ARGS("t", deploy, "s", phase, "s", detail), 0),
        SD_BUS_PROPERTY("Engine", "s", property_get_engine, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("EngineVersion", "s", property_get_engine, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("ApiVersion", "s", property_get_engine, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("EngineSocket", "s", property_get_engine, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("EngineSockets", "a(sb)", property_get_sockets, 0, 0),
        SD_BUS_PROPERTY("AllowsAnyImage", "b", property_get_allows_any, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("TakeOvers", "as", property_get_take_overs, 0, 0),
        SD_BUS_VTABLE_END,
};

static void on_progress(uint64_t deploy, const char *phase, const char *detail, void *userdata) {
        Manager *manager = userdata;
        int r;

        manager->hooks.on_activity(manager->userdata);
        r = sd_bus_emit_signal(manager->bus, DEPLOYER_PATH, DEPLOYER_INTERFACE, "Progress", "tss", deploy,
                               phase, detail);
        if (r < 0)
                (void) log_warning_errno(r, "Cannot send the signal Progress: %m");
}

static void on_engine(const json_t *report, void *userdata) {
        manager_take_engine(userdata, report);
}

static void on_watch_end(const DeployRequest *request, const char *verdict, const char *reason,
                         void *userdata) {
        Manager *manager = userdata;
        int r;

        manager->hooks.on_activity(manager->userdata);
        r = sd_bus_emit_signal(manager->bus, DEPLOYER_PATH, DEPLOYER_INTERFACE, "WatchEnded", "stss",
                               request->store, request->deploy_id, verdict, reason);
        if (r < 0)
                (void) log_warning_errno(r, "Cannot send the signal WatchEnded: %m");
}

static void on_count(unsigned n, void *userdata) {
        Manager *manager = userdata;

        manager->hooks.on_count(n, manager->userdata);
}

int manager_new(sd_bus *bus, sd_event *event, const DeployerConfig *config, const ManagerHooks *hooks,
                void *userdata, Manager **ret) {
        static const DeploysHooks deploys_hooks = { on_progress, on_engine, on_count };
        static const WatchesHooks watches_hooks = { on_engine, on_watch_end };
        _cleanup_(manager_freep) Manager *manager = NULL;
        int r;

        assert(bus);
        assert(event);
        assert(config);
        assert(hooks && hooks->on_activity && hooks->on_count);
        assert(ret);

        manager = calloc(1, sizeof(*manager));
        if (!manager)
                return -ENOMEM;

        manager->bus = sd_bus_ref(bus);
        manager->event = sd_event_ref(event);
        manager->config = config;
        manager->hooks = *hooks;
        manager->userdata = userdata;
        r = manager_open_access(manager);
        if (r >= 0)
                r = deploys_new(event, config, &deploys_hooks, manager, &manager->deploys);
        if (r >= 0)
                r = watches_new(event, config, &watches_hooks, manager, &manager->watches);
        if (r < 0)
                return r;

        r = sd_bus_add_object_vtable(bus, &manager->slot, DEPLOYER_PATH, DEPLOYER_INTERFACE, vtable,
                                     manager);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(manager);
        return 0;
}

Manager *manager_free(Manager *manager) {
        if (!manager)
                return NULL;

        authority_free(manager->authority);
        deploys_free(manager->deploys);
        watches_free(manager->watches);
        manager->queries = query_free_all(manager->queries);
        sd_bus_slot_unref(manager->slot);
        sd_bus_unref(manager->bus);
        sd_event_unref(manager->event);
        free(manager);
        return NULL;
}

int manager_probe(Manager *manager) {
        assert(manager);

        return query_begin(manager, QUERY_ENGINE, NULL, NULL, NULL, NULL);
}

bool manager_is_idle(const Manager *manager) {
        assert(manager);

        return !manager->queries && deploys_count(manager->deploys) == 0 &&
               watches_is_idle(manager->watches) && authority_is_idle(manager->authority);
}

void manager_stop(Manager *manager, bool interrupt) {
        assert(manager);

        manager->stopping = true;
        authority_stop(manager->authority);
        deploys_stop(manager->deploys, interrupt);
        watches_stop(manager->watches);
        if (interrupt)
                query_stop_all(manager);
}
