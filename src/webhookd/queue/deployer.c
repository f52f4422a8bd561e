/* SPDX-License-Identifier: MIT */
/* The proxy of org.tinyforge.Deployer1: see deployer.h. */
#include "webhookd/queue/deployer.h"

#include <systemd/sd-bus.h>

#include "shared/bus/errors.h"
#include "shared/protocol.h"
#include "webhookd/queue/started-call.h"

#define OWNER_MATCH                                                                 \
        "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus'," \
        "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" DEPLOYER_BUS_NAME "'"

struct Deployer {
        sd_bus *bus;
        sd_bus_slot *progress_match, *owner_match;
        sd_bus_slot *wake; /* the bus was asked to start it, and has not answered */
        bool is_up;        /* its name has an owner, as far as is known */
        DeployerOnProgress on_progress;
        void *userdata;
};

struct DeployerCall {
        StartedCall *started;
        DeployerOnReply on_reply;
        DeployerOnImage on_image;
        DeployerOnInstance on_instance;
        DeployerOnCount on_count;
        void *userdata;
};

static int on_signal(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *phase = NULL, *detail = NULL;
        Deployer *deployer = userdata;
        uint64_t deploy;
        int r;

        (void) error;

        r = sd_bus_message_read(message, "tss", &deploy, &phase, &detail);
        if (r >= 0 && deploy > 0)
                deployer->on_progress(deploy, phase, detail, deployer->userdata);

        return 0;
}

static int on_owner_changed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *name = NULL, *before = NULL, *after = NULL;
        Deployer *deployer = userdata;

        (void) error;

        if (sd_bus_message_read(message, "sss", &name, &before, &after) >= 0)
                deployer->is_up = !isempty(after);

        return 0;
}

int deployer_new(struct sd_bus *bus, DeployerOnProgress on_progress, void *userdata, Deployer **ret) {
        _cleanup_(deployer_freep) Deployer *deployer = NULL;
        int r;

        assert(bus);
        assert(on_progress);
        assert(ret);

        deployer = calloc(1, sizeof(*deployer));
        if (!deployer)
                return -ENOMEM;

        deployer->bus = sd_bus_ref(bus);
        deployer->on_progress = on_progress;
        deployer->userdata = userdata;

        /* Only the owner of the name can send what this matches. */
        r = sd_bus_match_signal(bus, &deployer->progress_match, DEPLOYER_BUS_NAME, DEPLOYER_PATH,
                                DEPLOYER_INTERFACE, "Progress", on_signal, deployer);
        if (r >= 0)
                r = sd_bus_add_match_async(bus, &deployer->owner_match, OWNER_MATCH, on_owner_changed, NULL,
                                           deployer);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(deployer);
        return 0;
}

Deployer *deployer_free(Deployer *deployer) {
        if (!deployer)
                return NULL;

        sd_bus_slot_unref(deployer->wake);
        sd_bus_slot_unref(deployer->owner_match);
        sd_bus_slot_unref(deployer->progress_match);
        sd_bus_unref(deployer->bus);
        free(deployer);
        return NULL;
}

static int on_woken(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Deployer *deployer = userdata;

        (void) error;

        deployer->wake = sd_bus_slot_unref(deployer->wake);
        if (!sd_bus_message_is_method_error(message, NULL))
                deployer->is_up = true;
        return 0;
}

void deployer_wake(Deployer *deployer) {
        assert(deployer);

        if (!deployer_is_awake(deployer))
                (void) start_service(deployer->bus, DEPLOYER_BUS_NAME, on_woken, deployer,
                                     ACTIVATION_TIMEOUT_USEC, &deployer->wake);
}

bool deployer_is_awake(const Deployer *deployer) {
        assert(deployer);

        return deployer->is_up || deployer->wake;
}

DeployerCall *deployer_call_free(DeployerCall *call) {
        if (!call)
                return NULL;

        started_call_free(call->started);
        free(call);
        return NULL;
}

/* What every call begins with: whoever waits for it, and the message, to be filled. */
static int call_new(Deployer *deployer, const char *member, void *userdata, DeployerCall **ret,
                    sd_bus_message **ret_message) {
        _cleanup_(deployer_call_freep) DeployerCall *call = NULL;
        int r;

        call = calloc(1, sizeof(*call));
        if (!call)
                return -ENOMEM;

        call->userdata = userdata;
        r = sd_bus_message_new_method_call(deployer->bus, ret_message, DEPLOYER_BUS_NAME, DEPLOYER_PATH,
                                           DEPLOYER_INTERFACE, member);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(call);
        return 0;
}

/* And what it ends with: `*call` becomes the caller's on success. */
static int call_send(Deployer *deployer, sd_bus_message *message, StartedCallOnAnswer on_answer,
                     uint64_t timeout_usec, DeployerCall **call, DeployerCall **ret) {
        int r;

        r = started_call_send(deployer->bus, message, timeout_usec, on_answer, *call, &(*call)->started);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(*call);
        return 0;
}

/* Whether there is one; then that is the reply. */
static bool reply_take_error(const sd_bus_error *failure, DeployerReply *reply) {
        if (!failure)
                return false;

        reply->error_name = failure->name;
        reply->error_text = strempty(failure->message);
        return true;
}

static void on_trigger_reply(sd_bus_message *answer, const sd_bus_error *failure, void *userdata) {
        const char *container = NULL;
        DeployerCall *call = userdata;
        DeployerReply reply = { 0 };
        int r;

        if (!reply_take_error(failure, &reply)) {
                r = sd_bus_message_read(answer, "sss", &reply.outcome, &reply.detail, &container);
                if (r < 0)
                        reply = (DeployerReply){
                                .error_name = "org.freedesktop.DBus.Error.NoReply",
                                .error_text = "the deployer's reply could not be read",
                        };
        }

        call->on_reply(&reply, call->userdata);
}

static int append_options(sd_bus_message *message, const Deploy *deploy, uint16_t port,
                          const char *healthcheck, unsigned max_instances, const char *store_uuid,
                          const char *failed_digest) {
        int r;

        r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(message, "{sv}{sv}{sv}{sv}{sv}",                /**/
                                          OPTION_DEPLOY_ID, "t", deploy->id,              /**/
                                          OPTION_STORE, "s", store_uuid,                  /**/
                                          OPTION_PORT, "q", (int) port,                   /**/
                                          OPTION_HEALTHCHECK, "s", strempty(healthcheck), /**/
                                          OPTION_MAX_INSTANCES, "u", max_instances);
        if (r >= 0 && deploy->cancel)
                r = sd_bus_message_append(message, "{sv}", OPTION_UNDO, "b", true);
        if (r >= 0 && deploy->force)
                r = sd_bus_message_append(message, "{sv}", OPTION_FORCE, "b", true);
        if (r >= 0 && deploy->local)
                r = sd_bus_message_append(message, "{sv}", OPTION_LOCAL, "b", true);
        if (r >= 0 && deploy->generation > 0)
                r = sd_bus_message_append(message, "{sv}", OPTION_ROLLBACK, "b", true);
        if (r >= 0 && failed_digest)
                r = sd_bus_message_append(message, "{sv}", OPTION_FAILED_DIGEST, "s", failed_digest);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

int deployer_trigger(Deployer *deployer, const Deploy *deploy, const char *image, uint16_t port,
                     const char *healthcheck, unsigned max_instances, const char *store_uuid,
                     const char *failed_digest, DeployerOnReply on_reply, void *userdata,
                     DeployerCall **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        _cleanup_(deployer_call_freep) DeployerCall *call = NULL;
        int r;

        assert(deployer);
        assert(deploy);
        assert(image);
        assert(store_uuid);
        assert(on_reply);
        assert(ret);

        r = call_new(deployer, "TriggerDeploy", userdata, &call, &message);
        if (r >= 0)
                r = sd_bus_message_append(message, "sss", deploy->project, deploy->stage, image);
        if (r >= 0)
                r = append_options(message, deploy, port, healthcheck, max_instances, store_uuid,
                                   failed_digest);
        if (r < 0)
                return r;

        call->on_reply = on_reply;
        return call_send(deployer, message, on_trigger_reply, TRIGGER_DEPLOY_TIMEOUT_USEC, &call, ret);
}

static void on_plain_reply(sd_bus_message *answer, const sd_bus_error *failure, void *userdata) {
        DeployerCall *call = userdata;
        DeployerReply reply = { 0 };

        (void) answer;

        (void) reply_take_error(failure, &reply);
        call->on_reply(&reply, call->userdata);
}

int deployer_cancel(Deployer *deployer, const char *store_uuid, uint64_t deploy, DeployerOnReply on_reply,
                    void *userdata, DeployerCall **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        _cleanup_(deployer_call_freep) DeployerCall *call = NULL;
        int r;

        assert(deployer);
        assert(store_uuid);
        assert(on_reply);
        assert(ret);

        r = call_new(deployer, "CancelDeploy", userdata, &call, &message);
        if (r >= 0)
                r = sd_bus_message_append(message, "st", store_uuid, deploy);
        if (r < 0)
                return r;

        call->on_reply = on_reply;
        return call_send(deployer, message, on_plain_reply, CANCEL_DEPLOY_TIMEOUT_USEC, &call, ret);
}

/* Port and health check out of a{sv}; keys that are not known here are passed over. */
static int read_image_properties(sd_bus_message *message, ImageProperties *ret) {
        ImageProperties properties = { .healthcheck = "" };
        int r;

        r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
                const char *key;

                r = sd_bus_message_read(message, "s", &key);
                if (r < 0)
                        return r;

                if (streq(key, OPTION_PORT))
                        r = sd_bus_message_read(message, "v", "q", &properties.port);
                else if (streq(key, OPTION_HEALTHCHECK))
                        r = sd_bus_message_read(message, "v", "s", &properties.healthcheck);
                else
                        r = sd_bus_message_skip(message, "v");
                if (r < 0)
                        return r;

                r = sd_bus_message_exit_container(message);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;

        *ret = properties;
        return 0;
}

static void on_inspect_reply(sd_bus_message *answer, const sd_bus_error *failure, void *userdata) {
        ImageProperties properties;
        DeployerCall *call = userdata;
        bool known;

        known = !failure && read_image_properties(answer, &properties) >= 0;
        call->on_image(known ? &properties : NULL, call->userdata);
}

int deployer_inspect(Deployer *deployer, const char *image, DeployerOnImage on_image, void *userdata,
                     DeployerCall **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        _cleanup_(deployer_call_freep) DeployerCall *call = NULL;
        int r;

        assert(deployer);
        assert(image);
        assert(on_image);
        assert(ret);

        r = call_new(deployer, "InspectImage", userdata, &call, &message);
        if (r >= 0)
                r = sd_bus_message_append(message, "s", image);
        if (r < 0)
                return r;

        call->on_image = on_image;
        return call_send(deployer, message, on_inspect_reply, INSPECT_IMAGE_TIMEOUT_USEC, &call, ret);
}

static int read_instances(sd_bus_message *message, DeployerOnInstance on_instance, void *userdata) {
        unsigned n = 0;
        int r;

        r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "(sstssssssst)");
        if (r < 0)
                return r;

        while (n++ < INSTANCES_MAX &&
               (r = sd_bus_message_enter_container(message, SD_BUS_TYPE_STRUCT, "sstssssssst")) > 0) {
                DeployerInstance instance;
                const char *name;

                r = sd_bus_message_read(message, "sstsss", &instance.project, &instance.stage,
                                        &instance.deploy, &instance.store_uuid, NULL, &name);
                if (r >= 0)
                        r = sd_bus_message_skip(message, "sssst");
                if (r >= 0)
                        r = sd_bus_message_exit_container(message);
                if (r < 0)
                        return r;

                instance.pending = instance_name_is_pending(name);
                on_instance(&instance, /* complete= */ false, userdata);
        }

        return r;
}

static void on_list_reply(sd_bus_message *answer, const sd_bus_error *failure, void *userdata) {
        DeployerCall *call = userdata;
        bool complete;

        complete = !failure && read_instances(answer, call->on_instance, call->userdata) >= 0;
        call->on_instance(NULL, complete, call->userdata);
}

int deployer_list(Deployer *deployer, DeployerOnInstance on_instance, void *userdata, DeployerCall **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        _cleanup_(deployer_call_freep) DeployerCall *call = NULL;
        int r;

        assert(deployer);
        assert(on_instance);
        assert(ret);

        r = call_new(deployer, "ListInstances", userdata, &call, &message);
        if (r >= 0)
                r = sd_bus_message_append(message, "ss", "", "");
        if (r < 0)
                return r;

        call->on_instance = on_instance;
        return call_send(deployer, message, on_list_reply, LIST_INSTANCES_TIMEOUT_USEC, &call, ret);
}

static void count_instance(const DeployerInstance *instance, bool complete, void *userdata) {
        unsigned *n = userdata;

        (void) instance;
        (void) complete;

        (*n)++;
}

static void on_count_reply(sd_bus_message *answer, const sd_bus_error *failure, void *userdata) {
        DeployerCall *call = userdata;
        DeployerReply reply = { 0 };
        unsigned n = 0;

        if (!reply_take_error(failure, &reply) && read_instances(answer, count_instance, &n) < 0)
                reply = (DeployerReply){ .error_name = ERROR_ENGINE_FAILED,
                                         .error_text = "the deployer's answer cannot be read" };
        call->on_count(&reply, n, call->userdata);
}

int deployer_count(Deployer *deployer, const char *project, const char *stage, DeployerOnCount on_count,
                   void *userdata, DeployerCall **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        _cleanup_(deployer_call_freep) DeployerCall *call = NULL;
        int r;

        assert(deployer);
        assert(project);
        assert(on_count);
        assert(ret);

        r = call_new(deployer, "ListInstances", userdata, &call, &message);
        if (r >= 0)
                r = sd_bus_message_append(message, "ss", project, strempty(stage));
        if (r < 0)
                return r;

        call->on_count = on_count;
        return call_send(deployer, message, on_count_reply, LIST_INSTANCES_TIMEOUT_USEC, &call, ret);
}
