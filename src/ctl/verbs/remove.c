/* SPDX-License-Identifier: MIT */
/*
 * project remove and stage remove. webhookd forgets nothing that runs. With --stop, the deployer is asked to stop it, in
 * the caller's own name; and only once webhookd has said that nothing else is in the way.
 */
#include "ctl/client.h"
#include "ctl/print/rows.h"
#include "ctl/report.h"
#include "ctl/verbs/property.h"
#include "ctl/verbs/verbs.h"
#include "shared/bus/errors.h"
#include "shared/protocol.h"

/* `stage` NULL: the whole project. */
static int forget(Ctl *ctl, const char *project, const char *stage, sd_bus_error *ret_error) {
        if (stage)
                return client_try_asking(ctl, &peer_webhook, "RemoveStage", ret_error, NULL, "ss", project,
                                         stage);

        return client_try_asking(ctl, &peer_webhook, "RemoveProject", ret_error, NULL, "s", project);
}

/* Of other stores: they go as well. 0 where the deployer shows nothing to this user. */
static unsigned count_others(Ctl *ctl, const char *store, const char *project, const char *stage) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        InstanceRow row;
        unsigned n = 0;
        int r;

        r = client_try(ctl, &peer_deployer, "ListInstances", &error, &reply, "ss", project, strempty(stage));
        if (r >= 0)
                r = rows_enter(reply);
        while (r >= 0 && (r = instance_read(reply, &row)) > 0)
                n += !streq(row.store, store);

        return n;
}

static int stop(Ctl *ctl, const char *project, const char *stage) {
        Peer patient = peer_deployer;

        /* Each container has its time to end. */
        patient.timeout_usec = TRIGGER_DEPLOY_TIMEOUT_USEC;
        return client_call(ctl, &patient, "RemoveStage", NULL, "ss", project, strempty(stage));
}

static int forget_and_stop(Ctl *ctl, const char *project, const char *stage) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL, again = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *store = NULL, *engine = NULL;
        unsigned n;
        int r;

        r = client_open(ctl);
        if (r < 0)
                return r;

        r = forget(ctl, project, stage, &error);
        if (r >= 0)
                return r;
        if (!ctl->stop || !sd_bus_error_has_name(&error, ERROR_INSTANCES_RUNNING))
                return report_error(ctl, &peer_webhook, r, &error);

        r = property_get(ctl, &peer_webhook, "Store", &store);
        if (r < 0)
                return r;

        n = count_others(ctl, store, project, stage);
        r = stop(ctl, project, stage);
        if (r >= 0)
                r = property_get(ctl, &peer_deployer, "Engine", &engine);
        if (r < 0)
                return r;

        if (n > 0)
                ctl_hint(ctl, "%u container%s of another store %s removed as well.", n, n > 1 ? "s" : "",
                         n > 1 ? "were" : "was");
        ctl_hint(ctl,
                 "Its volumes stay, and what is in them. They are listed by: %s volume ls --filter name=tinyforge.%s.%s",
                 streq(engine, "podman") ? "podman" : "docker", project, strempty(stage));

        r = forget(ctl, project, stage, &again);
        return r < 0 ? report_error(ctl, &peer_webhook, r, &again) : r;
}

int verb_project_remove(Ctl *ctl, char *args[]) {
        int r;

        r = forget_and_stop(ctl, args[0], NULL);
        if (r < 0)
                return r;

        if (ctl->json)
                return ctl_print_json(ctl, json_pack("{s:s}", "project", args[0]));

        ctl_print(ctl, "Project %s removed", args[0]);
        return 0;
}

int verb_stage_remove(Ctl *ctl, char *args[]) {
        int r;

        r = forget_and_stop(ctl, args[0], args[1]);
        if (r < 0)
                return r;

        if (ctl->json)
                return ctl_print_json(ctl, json_pack("{s:s, s:s}", "project", args[0], "stage", args[1]));

        ctl_print(ctl, "Stage %s/%s removed", args[0], args[1]);
        return 0;
}
