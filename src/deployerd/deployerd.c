/* SPDX-License-Identifier: MIT */
/* Puts the parts of the daemon together: see deployerd.h. */
#include "deployerd/deployerd.h"

#include <signal.h>

#include "deployerd/bus/manager.h"
#include "deployerd/config/deployer-config.h"
#include "deployerd/config/policy.h"
#include "shared/bus/service.h"
#include "shared/log.h"
#include "shared/protocol.h"

/* Turns of the loop before the name is on the bus: the bounds of the probe's reports, with room to spare. */
#define PROBE_TURNS_MAX 4096U

struct Deployerd {
        DeployerConfig config;
        Service *service;
        Manager *manager;
};

static void on_activity(void *userdata) {
        const Deployerd *deployerd = userdata;

        service_touch(deployerd->service);
}

static void on_count(unsigned n, void *userdata) {
        const Deployerd *deployerd = userdata;

        if (n == 0)
                service_set_status(deployerd->service, "Nothing to do");
        else
                service_set_status(deployerd->service, "%u deploy%s running", n, n == 1 ? "" : "s");
}

static bool is_idle(void *userdata) {
        const Deployerd *deployerd = userdata;

        return manager_is_idle(deployerd->manager);
}

static void on_stop(bool by_signal, void *userdata) {
        const Deployerd *deployerd = userdata;

        manager_stop(deployerd->manager, by_signal);
}

int deployerd_new(const char *config_path, Deployerd **ret) {
        /* Idle is when nothing runs, and drained as well. */
        static const ServiceHooks hooks = { is_idle, on_stop, is_idle };
        static const ManagerHooks manager_hooks = { on_activity, on_count };
        _cleanup_(deployerd_freep) Deployerd *deployerd = NULL;
        sigset_t mask;
        int r;

        assert(config_path);
        assert(ret);

        deployerd = calloc(1, sizeof(*deployerd));
        if (!deployerd)
                return log_oom();

        r = deployer_config_load(config_path, &deployerd->config);
        if (r < 0)
                return r;

        if (policy_allows_any(deployerd->config.allow_images))
                log_notice("AllowImages= is not set: every image may be deployed on this host. To allow only some, "
                           "add a line such as AllowImages=ghcr.io/acme/* below [Deployer] in %s",
                           config_path);

        /* For the event loop, which takes the ends of children. */
        sigemptyset(&mask);
        sigaddset(&mask, SIGCHLD);
        if (sigprocmask(SIG_BLOCK, &mask, NULL) < 0)
                return log_error_errno(-errno, "Cannot block SIGCHLD: %m");

        r = service_new(&hooks, deployerd, deployerd->config.idle_usec, &deployerd->service);
        if (r < 0)
                return log_error_errno(r, "Cannot connect to the system bus: %m");

        r = manager_new(service_bus(deployerd->service), service_event(deployerd->service),
                        &deployerd->config, &manager_hooks, deployerd, &deployerd->manager);
        if (r < 0)
                return log_error_errno(r, "Cannot set up the bus: %m");

        *ret = TAKE_PTR(deployerd);
        return 0;
}

Deployerd *deployerd_free(Deployerd *deployerd) {
        if (!deployerd)
                return NULL;

        manager_free(deployerd->manager);
        service_free(deployerd->service);
        deployer_config_done(&deployerd->config);
        free(deployerd);
        return NULL;
}

/* The properties are right from the first read on, since nobody can read them before. */
static int deployerd_probe(Deployerd *deployerd) {
        int r;

        r = manager_probe(deployerd->manager);
        if (r < 0)
                return log_error_errno(r, "Cannot start a child process: %m");

        for (unsigned i = 0; i < PROBE_TURNS_MAX && !manager_is_idle(deployerd->manager); i++) {
                r = sd_event_run(service_event(deployerd->service), PROBE_DEADLINE_USEC);
                if (r < 0)
                        return log_error_errno(r, "The event loop failed: %m");
        }

        return 0;
}

int deployerd_run(Deployerd *deployerd) {
        int r;

        assert(deployerd);

        r = deployerd_probe(deployerd);
        if (r < 0)
                return r;

        /* Whoever started it waits for the name, and has to hear that it does not come. */
        if (service_is_stopping(deployerd->service))
                return log_error_errno(-EINTR, "Told to stop before the name '%s' was taken.",
                                       DEPLOYER_BUS_NAME);

        r = service_start(deployerd->service, DEPLOYER_BUS_NAME);
        if (r < 0)
                return r;

        r = sd_event_loop(service_event(deployerd->service));
        return r < 0 ? log_error_errno(r, "The event loop failed: %m") : 0;
}
