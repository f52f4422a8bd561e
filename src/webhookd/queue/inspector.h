/* SPDX-License-Identifier: MIT */
/*
 * Inspector: asks, after each deploy that came up, which port and health check its image has, and keeps that with the project, to
 * be shown. It binds no later deploy: the deployer looks at each image anew.
 */
#pragma once

#include "webhookd/queue/deployer.h"
#include "webhookd/store/store.h"

/* Inspections that may be under way; more are left for the next occasion. */
#define INSPECTIONS_MAX 16U

typedef struct Inspector Inspector;

int inspector_new(Store *store, Deployer *deployer, Inspector **ret);
Inspector *inspector_free(Inspector *inspector);
DEFINE_CLEANUP(Inspector, inspector_free)

/*
 * Looks at `image` for `project`, unless a person set both. With a `digest` (or NULL) that is looked at instead of the tag: what
 * was pulled by its digest has no tag here.
 */
void inspector_look(Inspector *inspector, const char *project, const char *image, const char *digest);

bool inspector_is_idle(const Inspector *inspector);
