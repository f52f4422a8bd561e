/* SPDX-License-Identifier: MIT */
/*
 * stage take-over. Which store is meant webhookd knows, and the wish is for the deployer, which is asked in the caller's own
 * name: webhookd has no right to stop anything.
 */
#include "ctl/client.h"
#include "ctl/report.h"
#include "ctl/verbs/find.h"
#include "ctl/verbs/property.h"
#include "ctl/verbs/verbs.h"

/* How many containers there are. */
static int take_over(Ctl *ctl, const char *project, const char *stage, uint32_t *ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_free_ char *store = NULL;
        int r;

        r = property_get(ctl, &peer_webhook, "Store", &store);
        if (r < 0)
                return r;

        r = client_call(ctl, &peer_deployer, "TakeOverStage", &reply, "sss", project, stage, store);
        if (r < 0)
                return r;

        r = sd_bus_message_read(reply, "u", ret);
        return r < 0 ? report_answer(ctl, &peer_deployer, r) : 0;
}

int verb_stage_take_over(Ctl *ctl, char *args[]) {
        const char *project = args[0], *stage = args[1];
        uint32_t n = 0;
        int r;

        r = find_stage(ctl, project, stage);
        if (r >= 0)
                r = take_over(ctl, project, stage, &n);
        if (r < 0)
                return r;

        if (ctl->json)
                return ctl_print_json(ctl, json_pack("{s:s, s:s, s:I}", "project", project, "stage", stage,
                                                     "containers", (json_int_t) n));

        ctl_print(ctl, "The next deploy of %s/%s takes over %u container%s of another store", project, stage,
                  (unsigned) n, n == 1 ? "" : "s");
        return 0;
}
