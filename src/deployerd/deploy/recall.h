/* SPDX-License-Identifier: MIT */
/* Recall: which volumes a stage has had, so that its next container finds what was written. */
#pragma once

#include "deployerd/deploy/instance.h"
#include "deployerd/worker/deploy-request.h"

/*
 * What is noted of the stage and is still there, and what those of `list` have that this deploy is to replace, of which there is no note
 * yet: an object of path → name. Errors of engine.h.
 */
int recall_volumes(Engine *engine, const DeployRequest *request, bool take_over, const InstanceList *list,
                   json_t **ret);
