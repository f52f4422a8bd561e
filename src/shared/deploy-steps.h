/* SPDX-License-Identifier: MIT */
/*
 * DeploySteps: how long the steps of a deploy took, as the deployer measures them and everybody else reads them. A step that was
 * not reached, or that there was nothing to do in, is not known.
 */
#pragma once

#include <jansson.h>

#include "shared/macro.h"

typedef enum DeployStep {
        DEPLOY_STEP_PULL,       /* until the image is here */
        DEPLOY_STEP_PREDEPLOY,  /* the command that is run before the switch */
        DEPLOY_STEP_START,      /* the container is made and started */
        DEPLOY_STEP_HEALTHY,    /* until it answers, where it is asked */
        DEPLOY_STEP_STABLE,     /* until it has done so for long enough, or run */
        DEPLOY_STEP_DRAIN,      /* what it replaces goes on for a moment */
        DEPLOY_STEP_STOP,       /* until that has ended */
        DEPLOY_STEP_POSTDEPLOY, /* the command that is run after the switch */
        DEPLOY_STEP_RUN,        /* of a job: from its start to its end */
        _DEPLOY_STEP_MAX
} DeployStep;

/* The longest text with its NUL, and the longest step that it tells, in ms. */
#define DEPLOY_STEPS_SIZE    192U
#define DEPLOY_STEP_MSEC_MAX UINT32_MAX

typedef struct DeploySteps {
        bool known[_DEPLOY_STEP_MAX];
        uint64_t usec[_DEPLOY_STEP_MAX];
} DeploySteps;

const char *deploy_step_to_string(DeployStep step);
/* The step, or -EINVAL. */
int deploy_step_from_string(const char *name);

/* Some more time was spent in it. */
void deploy_steps_add(DeploySteps *steps, DeployStep step, uint64_t usec);
bool deploy_steps_are_known(const DeploySteps *steps);

/* {"pull": 1234, "start": 56}, in ms and in the order of the steps; a new reference, or NULL when out of memory. */
json_t *deploy_steps_json(const DeploySteps *steps);
/* The same as text; freshly allocated. -ENOMEM. */
int deploy_steps_format(const DeploySteps *steps, char **ret);
/* Reads such a text. Steps that are not known here are passed over. -EBADMSG: it is none; -ENOMEM. */
int deploy_steps_parse(const char *text, DeploySteps *ret);
