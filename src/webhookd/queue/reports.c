/* SPDX-License-Identifier: MIT */
/* What the deployer reports of a deploy that runs: what is to last goes into the store. */
#include <inttypes.h>

#include "shared/deploy-steps.h"
#include "shared/log.h"
#include "shared/protocol.h"
#include "webhookd/queue/context.h"
#include "webhookd/queue/dispatch.h"

static void dispatch_resolved(Dispatch *dispatch, Operation *operation, const char *digest) {
        uint64_t deploy = operation->deploy->id;
        char *copy;

        if (store_resolve_deploy(dispatch->store, deploy, digest) < 0)
                (void) log_seldom_errno(LOG_WARNING, 0, "Cannot keep the digest of deploy %" PRIu64 ": %s",
                                        deploy, store_error(dispatch->store));

        copy = strdup(digest);
        if (copy) {
                free(operation->deploy->digest);
                operation->deploy->digest = copy;
        }
}

static void dispatch_took(Dispatch *dispatch, uint64_t deploy, const DeploySteps *steps) {
        if (store_note_steps(dispatch->store, deploy, steps) < 0)
                (void) log_seldom_errno(LOG_WARNING, 0, "Cannot keep how long deploy %" PRIu64 " took: %s",
                                        deploy, store_error(dispatch->store));
}

void dispatch_progress(Dispatch *dispatch, uint64_t deploy, const char *phase, const char *detail) {
        Operation *operation;
        DeploySteps steps;

        assert(dispatch);
        assert(phase && detail);

        for (operation = dispatch->operations; operation; operation = operation->next)
                if (operation->deploy->id == deploy)
                        break;
        if (!operation)
                return;

        if (streq(phase, PHASE_RESOLVED))
                dispatch_resolved(dispatch, operation, detail);
        else if (streq(phase, PHASE_TOOK) && deploy_steps_parse(detail, &steps) >= 0)
                dispatch_took(dispatch, deploy, &steps);
}
