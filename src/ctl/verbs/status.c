/* SPDX-License-Identifier: MIT */
/*
 * status: what is up, what is queued, and what runs where. The states of the units are asked first, of systemd, which
 * starts nothing; then the daemons are asked, which starts them where they do not run, since nobody else knows.
 */
#include <inttypes.h>

#include "ctl/client.h"
#include "ctl/print/deploy-table.h"
#include "ctl/report.h"
#include "ctl/verbs/engine-sockets.h"
#include "ctl/verbs/instances.h"
#include "ctl/verbs/strays.h"
#include "ctl/verbs/units.h"
#include "ctl/verbs/verbs.h"

/* All that was found out. A part that is missing is NULL, and its fault was reported. */
typedef struct Status {
        Table *units;
        const char *opening; /* how to open a socket; NULL: one listens */
        json_t *webhookd;
        Table *waiting; /* deploys that wait for another attempt */
        Table *watched; /* deploys that are watched on */
        json_t *engine;
        json_t *any_image; /* whether every image may be deployed */
        Table *instances;
        bool instances_hidden; /* from this user, which is no fault; so are strays then */
        bool any_foreign;      /* whether an instance is of another store */
        Table *strays;
} Status;

static void status_done(Status *status) {
        status->units = table_free(status->units);
        json_decref(status->webhookd);
        status->waiting = table_free(status->waiting);
        status->watched = table_free(status->watched);
        json_decref(status->engine);
        json_decref(status->any_image);
        status->instances = table_free(status->instances);
        status->strays = table_free(status->strays);
}

/* A property of the D-Bus interface, and its key in the JSON. */
typedef struct Property {
        const char *name;
        const char *key;
        char type;
} Property;

static const Property webhook_properties[] = {
        { "Version", "version", 's' }, { "PublicURL", "public_url", 's' }, { "NProjects", "projects", 't' },
        { "Store", "store", 's' },     { "NQueued", "queued", 't' },       { "NRunning", "running", 't' },
};

static const Property engine_properties[] = {
        { "Engine", "name", 's' },
        { "EngineVersion", "version", 's' },
        { "ApiVersion", "api_version", 's' },
        { "EngineSocket", "socket", 's' },
        { "EngineSockets", "sockets", 'k' },
        { "AllowsAnyImage", "allows_any_image", 'b' },
        { "TakeOvers", "take_overs", 'a' },
};

static int read_array(sd_bus_message *reply, json_t **ret) {
        json_t *array = json_array();
        const char *text;
        int r;

        r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_VARIANT, "as");
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "s");
        while (r >= 0 && (r = sd_bus_message_read(reply, "s", &text)) > 0)
                r = json_array_append_new(array, json_string(text)) < 0 ? -ENOMEM : 0;
        if (r >= 0)
                r = sd_bus_message_exit_container(reply);
        if (r >= 0)
                r = sd_bus_message_exit_container(reply);
        if (r < 0) {
                json_decref(array);
                return r;
        }

        *ret = array;
        return 0;
}

/* The value at hand, of the type that is wanted; an empty string is null. */
static int read_value(sd_bus_message *reply, char type, json_t **ret) {
        const char *text = NULL;
        uint64_t number = 0;
        int truth = 0;
        json_t *value;
        int r;

        if (type == 'a')
                return read_array(reply, ret);
        if (type == 'k')
                return engine_sockets_read(reply, ret);
        if (type == 's')
                r = sd_bus_message_read(reply, "v", "s", &text);
        else if (type == 'b')
                r = sd_bus_message_read(reply, "v", "b", &truth);
        else
                r = sd_bus_message_read(reply, "v", "t", &number);
        if (r < 0)
                return r;

        if (type == 't')
                value = json_integer((json_int_t) number);
        else if (type == 'b')
                value = json_boolean(truth);
        else
                value = isempty(text) ? json_null() : json_string(text);
        if (!value)
                return -ENOMEM;

        *ret = value;
        return 0;
}

static const Property *property_find(const Property *properties, size_t n, const char *name) {
        for (size_t i = 0; i < n; i++)
                if (streq(properties[i].name, name))
                        return &properties[i];

        return NULL;
}

/* One entry of a{sv}: 1, 0 at the end. */
static int read_property(sd_bus_message *reply, const Property *properties, size_t n, json_t *object) {
        const Property *property;
        const char *name;
        json_t *value;
        int r;

        r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_DICT_ENTRY, "sv");
        if (r <= 0)
                return r;

        r = sd_bus_message_read(reply, "s", &name);
        if (r < 0)
                return r;

        property = property_find(properties, n, name);
        r = property ? read_value(reply, property->type, &value) : sd_bus_message_skip(reply, "v");
        if (r >= 0 && property && json_object_set_new(object, property->key, value) < 0)
                r = -ENOMEM;

        return r < 0 ? r : sd_bus_message_exit_container(reply);
}

static int ask_properties(Ctl *ctl, const Peer *peer, const Property *properties, size_t n, json_t **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        json_t *object;
        int r;

        r = client_get_properties(ctl, peer, &reply);
        if (r < 0)
                return r;

        object = json_object();
        if (!object)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        /* In the order of the table, all of them, whatever the answer has. */
        for (size_t i = 0; i < n && r >= 0; i++)
                r = json_object_set_new(object, properties[i].key, json_null()) < 0 ? -ENOMEM : 0;

        if (r >= 0)
                r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");
        while (r >= 0 && (r = read_property(reply, properties, n, object)) > 0)
                ;
        if (r < 0) {
                json_decref(object);
                return report_answer(ctl, peer, r);
        }

        *ret = object;
        return 0;
}

/* What has been put off, and what is not over with its end. */
static int ask_deploys(Ctl *ctl, Table **ret_waiting, Table **ret_watched) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(table_freep) Table *waiting = deploy_table_new(), *watched = deploy_table_new();
        DeployRow row;
        int r;

        if (!waiting || !watched)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        r = client_call(ctl, &peer_webhook, "DescribeDeploys", &reply, "ssu", "", "", 0U);
        if (r < 0)
                return r;

        r = rows_enter(reply);
        while (r >= 0 && (r = deploy_read(reply, &row)) > 0) {
                if (deploy_waits(&row))
                        deploy_table_add(waiting, &row);
                if (streq(row.watch, "watching"))
                        deploy_table_add(watched, &row);
        }
        if (r >= 0)
                r = table_error(waiting);
        if (r >= 0)
                r = table_error(watched);
        if (r < 0)
                return report_answer(ctl, &peer_webhook, r);

        *ret_waiting = TAKE_PTR(waiting);
        *ret_watched = TAKE_PTR(watched);
        return 0;
}

static const char *get_text(const json_t *object, const char *key) {
        return strempty(json_string_value(json_object_get(object, key)));
}

static int64_t get_number(const json_t *object, const char *key) {
        return (int64_t) json_integer_value(json_object_get(object, key));
}

static void show_take_overs(const Ctl *ctl, const json_t *stages) {
        for (size_t i = 0; i < json_array_size(stages); i++)
                ctl_print_prose(ctl, "The next deploy of %s takes over what another store has there",
                                strempty(json_string_value(json_array_get(stages, i))));
}

static void show_engine(const Ctl *ctl, const json_t *engine) {
        const json_t *sockets = json_object_get(engine, "sockets");
        const char *name = get_text(engine, "name"), *socket = get_text(engine, "socket");
        const char *api = get_text(engine, "api_version");
        _cleanup_free_ char *buffer = NULL;

        if (isempty(name)) {
                ctl_print_prose(ctl, "Engine: none answers");
                engine_sockets_show(ctl, sockets);
                return;
        }

        ctl_print_prose(ctl, "Engine: %s %s, %s%s, at %s%s", name, get_text(engine, "version"),
                        isempty(api) ? "none of whose API versions is known" : "API ", api, socket,
                        engine_sockets_note(sockets, socket, &buffer));
}

static int show_text(const Ctl *ctl, Status *status) {
        int r = 0;

        if (status->units) {
                r = table_print_to(status->units, ctl, ctl->legend);
                ctl_print(ctl, "%s", "");
        }
        if (status->opening)
                ctl_hint(ctl, "No socket is open, so no delivery arrives. To open it: %s", status->opening);

        if (status->webhookd)
                ctl_print_prose(ctl,
                                "Version %s; projects: %" PRIi64 ", queued: %" PRIi64 ", running: %" PRIi64,
                                get_text(status->webhookd, "version"),
                                get_number(status->webhookd, "projects"),
                                get_number(status->webhookd, "queued"),
                                get_number(status->webhookd, "running"));
        if (status->engine)
                show_engine(ctl, status->engine);

        show_take_overs(ctl, json_object_get(status->engine, "take_overs"));
        if (r >= 0 && status->waiting && table_n_rows(status->waiting) > 0) {
                ctl_print(ctl, "%s", "");
                r = table_show(status->waiting, ctl, "waiting deploys");
        }
        if (r >= 0 && status->watched && table_n_rows(status->watched) > 0) {
                ctl_print(ctl, "%s", "");
                r = table_show(status->watched, ctl, "watched deploys");
        }
        if (json_is_true(status->any_image)) {
                ctl_print_prose(ctl,
                                "Any image may be deployed. To allow only some, add a line below [Deployer] in");
                ctl_print_prose(ctl, "/etc/tinyforge/deployerd.conf: AllowImages=ghcr.io/acme/*");
                ctl_print_prose(ctl, "It holds after: systemctl try-restart tinyforge-deployerd");
        }

        if (status->instances_hidden)
                ctl_print_prose(ctl, "Instances are shown to root, and to whom polkit allows it.");
        if (r >= 0 && status->instances && table_n_rows(status->instances) > 0) {
                ctl_print(ctl, "%s", "");
                r = table_show(status->instances, ctl, "instances");
        }
        if (status->any_foreign)
                ctl_hint(ctl,
                         "No deploy replaces the containers of another store. To have the next deploy of a stage do so, once the "
                         "stage is there again: tinyforgectl stage take-over PROJECT STAGE");
        if (r >= 0 && status->strays && table_n_rows(status->strays) > 0) {
                ctl_print(ctl, "%s", "");
                ctl_print_prose(ctl, "In another engine, where no deploy replaces them:");
                r = table_show(status->strays, ctl, "containers");
        }
        return r;
}

static json_t *rows_or_null(Table *table) {
        return table ? table_steal_json(table) : json_null();
}

static json_t *object_or_null(json_t *object) {
        return object ? json_incref(object) : json_null();
}

static int show_json(const Ctl *ctl, Status *status) {
        return ctl_print_json(ctl, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "units",
                                             rows_or_null(status->units), "webhookd",
                                             object_or_null(status->webhookd), "engine",
                                             object_or_null(status->engine), "allows_any_image",
                                             object_or_null(status->any_image), "waiting",
                                             rows_or_null(status->waiting), "watched",
                                             rows_or_null(status->watched), "instances",
                                             rows_or_null(status->instances), "strays",
                                             rows_or_null(status->strays)));
}

/* What the deployer knows of its engine, from the last time that it asked. */
static int ask_engine(Ctl *ctl, Status *status) {
        int r;

        json_decref(status->engine);
        json_decref(status->any_image);
        status->engine = status->any_image = NULL;
        r = ask_properties(ctl, &peer_deployer, engine_properties, ELEMENTSOF(engine_properties),
                           &status->engine);
        if (r < 0)
                return r;

        status->any_image = json_incref(json_object_get(status->engine, "allows_any_image"));
        (void) json_object_del(status->engine, "allows_any_image");
        return 0;
}

int verb_status(Ctl *ctl, char *args[]) {
        _cleanup_(status_done) Status status = { 0 };
        bool complete;
        int r;

        (void) args;

        r = client_open(ctl);
        if (r < 0)
                return r;

        ctl->hurry = true;
        complete = units_ask(ctl, &status.units, &status.opening) >= 0;
        complete &= ask_properties(ctl, &peer_webhook, webhook_properties, ELEMENTSOF(webhook_properties),
                                   &status.webhookd) >= 0;
        complete &= ask_engine(ctl, &status) >= 0;
        if (status.webhookd)
                complete &= ask_deploys(ctl, &status.waiting, &status.watched) >= 0;
        /* A deployer that does not answer is told once. */
        if (status.engine) {
                r = instances_ask(ctl, status.webhookd ? get_text(status.webhookd, "store") : NULL,
                                  &status.instances, &status.any_foreign);
                complete &= r >= 0;
                status.instances_hidden = r >= 0 && !status.instances;
                /*
                 * Nor is one whose engine keeps it waiting asked twice. What was known of the engine before it was asked is
                 * out of date where it has gone since, or come.
                 */
                if (!status.instances_hidden && r != -ETIMEDOUT) {
                        complete &= strays_ask(ctl, &status.strays) >= 0;
                        complete &= ask_engine(ctl, &status) >= 0;
                }
        }

        r = ctl->json ? show_json(ctl, &status) : show_text(ctl, &status);
        if (r < 0)
                return r;

        return complete ? 0 : CTL_EXIT_FAILURE;
}
