/* SPDX-License-Identifier: MIT */
/* WatchDeploy, WatchEnded, and the end of the deployer: see watch-proxy.h. */
#include "webhookd/queue/watch-proxy.h"

#include <systemd/sd-bus.h>

#include "shared/protocol.h"
#include "webhookd/queue/started-call.h"

/* The deployer only notes it. */
#define WATCH_DEPLOY_TIMEOUT_USEC (30 * USEC_PER_SEC)

struct WatchProxy {
        sd_bus *bus;
        sd_bus_slot *end_match, *owner_match;
        WatchProxyHooks hooks;
        void *userdata;
};

struct WatchCall {
        StartedCall *started;
        DeployerOnReply on_reply;
        void *userdata;
};

static int on_watch_ended(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *store = NULL, *verdict = NULL, *reason = NULL;
        WatchProxy *proxy = userdata;
        uint64_t deploy;
        int r;

        (void) error;

        r = sd_bus_message_read(message, "stss", &store, &deploy, &verdict, &reason);
        if (r >= 0 && deploy > 0)
                proxy->hooks.on_end(deploy, verdict, reason, proxy->userdata);

        return 0;
}

static int on_owner_changed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *name = NULL, *old_owner = NULL, *new_owner = NULL;
        WatchProxy *proxy = userdata;
        int r;

        (void) error;

        r = sd_bus_message_read(message, "sss", &name, &old_owner, &new_owner);
        if (r >= 0 && !isempty(old_owner))
                proxy->hooks.on_lost(proxy->userdata);

        return 0;
}

int watch_proxy_new(struct sd_bus *bus, const WatchProxyHooks *hooks, void *userdata, WatchProxy **ret) {
        /* Of the bus itself, which nobody else can be. */
        static const char match[] =
                        "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                        "interface='org.freedesktop.DBus',member='NameOwnerChanged',"
                        "arg0='" DEPLOYER_BUS_NAME "'";
        _cleanup_(watch_proxy_freep) WatchProxy *proxy = NULL;
        int r;

        assert(bus);
        assert(hooks && hooks->on_end && hooks->on_lost);
        assert(ret);

        proxy = calloc(1, sizeof(*proxy));
        if (!proxy)
                return -ENOMEM;

        proxy->bus = sd_bus_ref(bus);
        proxy->hooks = *hooks;
        proxy->userdata = userdata;

        /* Only the owner of the name can send what this matches. */
        r = sd_bus_match_signal(bus, &proxy->end_match, DEPLOYER_BUS_NAME, DEPLOYER_PATH, DEPLOYER_INTERFACE,
                                "WatchEnded", on_watch_ended, proxy);
        if (r >= 0)
                r = sd_bus_add_match(bus, &proxy->owner_match, match, on_owner_changed, proxy);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(proxy);
        return 0;
}

WatchProxy *watch_proxy_free(WatchProxy *proxy) {
        if (!proxy)
                return NULL;

        sd_bus_slot_unref(proxy->end_match);
        sd_bus_slot_unref(proxy->owner_match);
        sd_bus_unref(proxy->bus);
        free(proxy);
        return NULL;
}

static void on_answer(sd_bus_message *answer, const sd_bus_error *failure, void *userdata) {
        WatchCall *call = userdata;
        DeployerReply reply = { 0 };

        (void) answer;

        if (failure) {
                reply.error_name = failure->name;
                reply.error_text = strempty(failure->message);
        }
        call->on_reply(&reply, call->userdata);
}

static int append_wish(sd_bus_message *message, const WatchWish *wish) {
        const Deploy *deploy = wish->deploy;

        return sd_bus_message_append(message, "sssa{sv}", deploy->project, deploy->stage, deploy->image, 4,
                                     OPTION_DEPLOY_ID, "t", deploy->id, OPTION_STORE, "s", wish->store_uuid,
                                     OPTION_HEALTHCHECK, "s", strempty(wish->healthcheck), OPTION_WATCH, "t",
                                     wish->usec);
}

int watch_proxy_begin(WatchProxy *proxy, const WatchWish *wish, DeployerOnReply on_reply, void *userdata,
                      WatchCall **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        _cleanup_(watch_call_freep) WatchCall *call = NULL;
        int r;

        assert(proxy);
        assert(wish && wish->deploy && wish->store_uuid && wish->usec > 0);
        assert(on_reply);
        assert(ret);

        call = calloc(1, sizeof(*call));
        if (!call)
                return -ENOMEM;

        call->on_reply = on_reply;
        call->userdata = userdata;
        r = sd_bus_message_new_method_call(proxy->bus, &message, DEPLOYER_BUS_NAME, DEPLOYER_PATH,
                                           DEPLOYER_INTERFACE, "WatchDeploy");
        if (r >= 0)
                r = append_wish(message, wish);
        if (r >= 0)
                r = started_call_send(proxy->bus, message, WATCH_DEPLOY_TIMEOUT_USEC, on_answer, call,
                                      &call->started);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(call);
        return 0;
}

WatchCall *watch_call_free(WatchCall *call) {
        if (!call)
                return NULL;

        started_call_free(call->started);
        free(call);
        return NULL;
}
