/* SPDX-License-Identifier: MIT */
/*
 * Inspector: fills the port and the health check of projects that deliveries created from the metadata of their image,
 * as far as the image is on this machine: right after the creation, and after a deploy that brought it here.
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
 * Looks at `image` for `project`, where that is wanted: auto-created, and neither port nor health check known. With a
 * `digest` (or NULL) that is looked at instead of the tag: what was pulled by its digest has no tag here.
 */
void inspector_look(Inspector *inspector, const char *project, const char *image, const char *digest);

bool inspector_is_idle(const Inspector *inspector);
