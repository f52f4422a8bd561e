/* SPDX-License-Identifier: MIT */
/*
 * WatchProxy: the deployer, as the one who watches. To have a container watched is a short call; how that ends comes as a signal, since
 * a bus lets nobody wait for more than some dozens of answers, and watches may be thousands. Whoever watched forgets it with its end,
 * which is told as well.
 */
#pragma once

#include "webhookd/queue/deployer.h"

typedef struct WatchProxy WatchProxy;
typedef struct WatchCall WatchCall;

typedef struct WatchProxyHooks {
        /* The deployer tells how watching what that deploy brought has ended: WATCH_VERDICT_HELD, …; borrowed. */
        void (*on_end)(uint64_t deploy, const char *verdict, const char *reason, void *userdata);
        /* The deployer is gone, and with it all that it watched. */
        void (*on_lost)(void *userdata);
} WatchProxyHooks;

/* What is to be watched; borrowed. */
typedef struct WatchWish {
        const Deploy *deploy;
        const char *healthcheck; /* of the project */
        const char *store_uuid;
        uint64_t usec; /* for how long, above zero */
} WatchWish;

int watch_proxy_new(struct sd_bus *bus, const WatchProxyHooks *hooks, void *userdata, WatchProxy **ret);
WatchProxy *watch_proxy_free(WatchProxy *proxy);
DEFINE_CLEANUP(WatchProxy, watch_proxy_free)

/* Calls WatchDeploy, with WATCH_DEPLOY_TIMEOUT_USEC; the reply has an error's name or nothing. As the calls of deployer.h. */
int watch_proxy_begin(WatchProxy *proxy, const WatchWish *wish, DeployerOnReply on_reply, void *userdata,
                      WatchCall **ret);
WatchCall *watch_call_free(WatchCall *call);
DEFINE_CLEANUP(WatchCall, watch_call_free)
