/* SPDX-License-Identifier: MIT */
/* What runs where: the state of the units, the queue, the engine, and the instances. */
#include <inttypes.h>
#include <stdio.h>

#include "ctl/table.h"
#include "ctl/verbs.h"
#include "shared/protocol.h"

#define SYSTEMD_NAME    "org.freedesktop.systemd1"
#define SYSTEMD_PATH    "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define SYSTEMD_UNIT    "org.freedesktop.systemd1.Unit"

static const char *const instance_headers[] = {
        "PROJECT", "STAGE", "DEPLOY", "STATE", "HEALTH", "ENDPOINT", "SINCE", "CONTAINER", "DIGEST", NULL,
};

/* One row of ListInstances; 0 at the end. */
static int read_instance(sd_bus_message *reply, json_t **ret) {
        const char *project, *stage, *store, *container, *name, *digest, *state, *health, *endpoint;
        uint64_t deploy, since;
        json_t *j;
        int r;

        r = sd_bus_message_read(reply, "(sstssssssst)", &project, &stage, &deploy, &store, &container, &name,
                                &digest, &state, &health, &endpoint, &since);
        if (r <= 0)
                return r;

        j = json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "project", project, "stage",
                      stage, "deploy", (json_int_t) deploy, "store", store, "container", container, "name",
                      name, "digest", digest, "state", state, "health", health, "endpoint", endpoint,
                      "since", (json_int_t) since);
        if (!j)
                return -ENOMEM;

        *ret = j;
        return 1;
}

static int list_instances(Ctl *ctl, const char *project, const char *stage, json_t **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(json_freep) json_t *instances = json_array();
        json_t *instance = NULL;
        int r;

        r = ctl_call_deployer(ctl, &reply, "ListInstances", "ss", project, stage);
        if (r != 0)
                return r;

        r = instances ? sd_bus_message_enter_container(reply, 'a', "(sstssssssst)") : -ENOMEM;
        while (r >= 0 && (r = read_instance(reply, &instance)) > 0)
                r = json_array_append_new(instances, instance) < 0 ? -ENOMEM : 0;
        if (r < 0)
                return ctl_fail(r, "Cannot read the reply");

        *ret = TAKE_PTR(instances);
        return 0;
}

static int print_instances(const Ctl *ctl, const json_t *instances) {
        _cleanup_(table_freep) Table *table = table_new(instance_headers);
        json_t *instance;
        size_t i;
        int r = table ? 0 : -ENOMEM;

        json_array_foreach(instances, i, instance) {
                char deploy[24], container[13];

                if (r < 0)
                        break;

                (void) snprintf(deploy, sizeof(deploy), "%" PRId64, json_get_int(instance, "deploy", 0));
                (void) snprintf(container, sizeof(container), "%s", json_get_string(instance, "container"));
                r = table_add(table, json_get_string(instance, "project"),
                              json_get_string(instance, "stage"), deploy, json_get_string(instance, "state"),
                              json_get_string(instance, "health"), json_get_string(instance, "endpoint"),
                              ctl_time((uint64_t) json_get_int(instance, "since", 0)), container,
                              json_get_string(instance, "digest"));
        }
        if (r < 0)
                return ctl_fail(r, "Cannot list");

        table_print(table, ctl->legend, "instances");
        return EXIT_SUCCESS;
}

int verb_endpoint(Ctl *ctl, char *argv[]) {
        _cleanup_(json_freep) json_t *instances = NULL, *endpoints = json_array();
        json_t *instance;
        size_t i;
        int r;

        r = endpoints ? list_instances(ctl, argv[0], argv[1], &instances) : EXIT_FAILURE;
        if (r != 0)
                return r;

        json_array_foreach(instances, i, instance) {
                const char *endpoint = json_get_string(instance, "endpoint");

                if (streq(json_get_string(instance, "state"), "running") && !isempty(endpoint))
                        (void) json_array_append_new(endpoints, json_string(endpoint));
        }

        if (json_array_size(endpoints) == 0 && !ctl->json) {
                (void) fprintf(stderr, "tinyforgectl: Nothing of %s/%s runs that has a published port.\n",
                               argv[0], argv[1]);
                return EXIT_NO_SUCH;
        }

        if (ctl->json)
                return ctl_print_json(TAKE_PTR(endpoints));

        json_array_foreach(endpoints, i, instance)
                (void) printf("%s\n", json_string_value(instance));
        return EXIT_SUCCESS;
}

/* ActiveState of a unit, freshly allocated, without starting anything. */
static char *unit_state(Ctl *ctl, const char *unit) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *path;

        if (sd_bus_call_method(ctl->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "LoadUnit", NULL,
                               &reply, "s", unit) < 0 ||
            sd_bus_message_read(reply, "o", &path) < 0)
                return strdup("unknown");

        return ctl_get_string(ctl, SYSTEMD_NAME, path, SYSTEMD_UNIT, "ActiveState");
}

typedef struct UnitStates {
        char *socket, *webhookd, *deployerd;
} UnitStates;

static void unit_states_done(UnitStates *states) {
        free(states->socket);
        free(states->webhookd);
        free(states->deployerd);
}

static json_t *collect(Ctl *ctl, const UnitStates *units, json_t *instances) {
        _cleanup_free_ char *version = NULL, *engine = NULL, *engine_version = NULL, *api = NULL;
        uint64_t projects, queued, running;

        version = ctl_get_string(ctl, WEBHOOK_BUS_NAME, WEBHOOK_PATH, WEBHOOK_INTERFACE, "Version");
        projects = ctl_get_number(ctl, WEBHOOK_BUS_NAME, WEBHOOK_PATH, WEBHOOK_INTERFACE, "NProjects");
        queued = ctl_get_number(ctl, WEBHOOK_BUS_NAME, WEBHOOK_PATH, WEBHOOK_INTERFACE, "NQueued");
        running = ctl_get_number(ctl, WEBHOOK_BUS_NAME, WEBHOOK_PATH, WEBHOOK_INTERFACE, "NRunning");
        engine = ctl_get_string(ctl, DEPLOYER_BUS_NAME, DEPLOYER_PATH, DEPLOYER_INTERFACE, "Engine");
        engine_version = ctl_get_string(ctl, DEPLOYER_BUS_NAME, DEPLOYER_PATH, DEPLOYER_INTERFACE,
                                        "EngineVersion");
        api = ctl_get_string(ctl, DEPLOYER_BUS_NAME, DEPLOYER_PATH, DEPLOYER_INTERFACE, "ApiVersion");

        return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:s, s:O?}", "socket",
                         strempty(units->socket), "webhookd", strempty(units->webhookd), "deployerd",
                         strempty(units->deployerd), "version", strempty(version), "projects",
                         (json_int_t) projects, "queued", (json_int_t) queued, "running",
                         (json_int_t) running, "engine", strempty(engine), "engine_version",
                         strempty(engine_version), "api_version", strempty(api), "instances", instances);
}

static void print_status(const json_t *j) {
        const char *engine = json_get_string(j, "engine"), *socket = json_get_string(j, "socket");

        (void) printf("   Socket: %s%s\n", socket,
                      streq(socket, "active") ? "" : " (systemctl enable --now tinyforge-webhookd.socket)");
        (void) printf(" Webhookd: %s\n", json_get_string(j, "webhookd"));
        (void) printf("Deployerd: %s\n", json_get_string(j, "deployerd"));
        (void) printf("    Queue: %" PRId64 " queued, %" PRId64 " running\n", json_get_int(j, "queued", 0),
                      json_get_int(j, "running", 0));
        (void) printf(" Projects: %" PRId64 "\n", json_get_int(j, "projects", 0));
        if (isempty(engine))
                (void) printf("   Engine: none answers\n");
        else
                (void) printf("   Engine: %s %s, API %s\n", engine, json_get_string(j, "engine_version"),
                              json_get_string(j, "api_version"));
}

int verb_status(Ctl *ctl, char *argv[]) {
        _cleanup_(json_freep) json_t *instances = NULL, *j = NULL;
        _cleanup_(unit_states_done) UnitStates units = { 0 };
        int r, listed;

        (void) argv;

        r = ctl_connect(ctl);
        if (r != 0)
                return r;

        /* First of all, since the questions that follow start what is not active. */
        units.socket = unit_state(ctl, "tinyforge-webhookd.socket");
        units.webhookd = unit_state(ctl, "tinyforge-webhookd.service");
        units.deployerd = unit_state(ctl, "tinyforge-deployerd.service");

        listed = list_instances(ctl, "", "", &instances);
        j = collect(ctl, &units, instances);
        if (!j)
                return ctl_fail(-ENOMEM, "Cannot collect the status");

        if (ctl->json) {
                r = ctl_print_json(TAKE_PTR(j));
                return r != 0 ? r : listed;
        }

        print_status(j);
        if (listed != 0)
                return listed;

        (void) printf("\n");
        return print_instances(ctl, instances);
}
