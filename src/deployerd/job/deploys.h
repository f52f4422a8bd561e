/* SPDX-License-Identifier: MIT */
/*
 * Deploys: those that run now, seen from the parent. One per stage, a limited number in all; whoever asks for one that
 * runs already waits for its end too. Knows children, no bus.
 *
 * The room job/ is what child processes are started for: deploys, questions and removals (queries.h), and the look at other
 * engines (strays.h). bus/ alone comes here. In the parent it never blocks and never asks the engine; what a child reports is all that it goes by.
 */
#pragma once

#include <jansson.h>
#include <systemd/sd-event.h>

#include "deployerd/config/deployer-config.h"
#include "deployerd/worker/deploy-request.h"

/* Callers that wait for one deploy. */
#define DEPLOY_WAITERS_MAX 16U

typedef struct Deploys Deploys;

/* Either error_name and error_text are set, or the rest. Borrowed for the call. */
typedef struct DeployResult {
        const char *error_name;
        const char *error_text;
        const char *outcome;
        const char *detail;
        const char *container;
} DeployResult;

typedef void (*DeployOnEnd)(const DeployResult *result, void *userdata);

typedef struct DeploysHooks {
        void (*on_progress)(uint64_t deploy, const char *phase, const char *detail, void *userdata);
        /* What a child reported about the engine. */
        void (*on_engine)(const json_t *report, void *userdata);
        /* So many run from now on. */
        void (*on_count)(unsigned n, void *userdata);
} DeploysHooks;

/* `config` is borrowed; `hooks` is copied. */
int deploys_new(sd_event *event, const DeployerConfig *config, const DeploysHooks *hooks, void *userdata,
                Deploys **ret);
Deploys *deploys_free(Deploys *deploys);
DEFINE_CLEANUP(Deploys, deploys_free)

/*
 * Begins the deploy, taking over `request`, or waits for the one that runs, of which on_progress() tells once more what it
 * resolved and where it is; `on_end` is called exactly once, and later. On
 * failure `request` stays the caller's. -EBUSY: another deploy of the stage runs, or too many do, or too many wait;
 * -EINTR after deploys_stop(); -EINVAL: the deploy runs, and for another stage. A `request` to undo cancels the one that
 * runs, as deploys_cancel() does; where none runs it ends as ERROR_CANCELLED, or as a success where the switch came first.
 */
int deploys_trigger(Deploys *deploys, DeployRequest *request, DeployOnEnd on_end, void *userdata);

/*
 * Asks a deploy that runs to undo what it did and to end; its waiters get ERROR_CANCELLED, unless the switch came first.
 * -ESRCH: it does not run; -EALREADY: it has switched to the new container.
 */
int deploys_cancel(Deploys *deploys, const char *store, uint64_t deploy_id);

/* Whether a deploy of the stage runs; NULL or "" means any of the project. */
bool deploys_is_busy(const Deploys *deploys, const char *project, const char *stage);

unsigned deploys_count(const Deploys *deploys);

/* No new ones. `interrupt`: those that run are to finish their step and end. */
void deploys_stop(Deploys *deploys, bool interrupt);
