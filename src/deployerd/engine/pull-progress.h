/* SPDX-License-Identifier: MIT */
/*
 * PullProgress: how far a pull is, from what its stream says of each layer. Every layer that has to be fetched weighs the
 * same, since the sizes of those that wait are not told. Docker fetches a layer and then unpacks it, each with a number of bytes;
 * for Podman, a layer is done once it is fetched. Nothing that a stream says makes it wrong by more than the percentage.
 * Pure.
 */
#pragma once

#include "deployerd/engine/pull-stream.h"

/* Layers beyond these are not counted; an id that is longer is none of a layer. */
#define PULL_LAYERS_MAX   256U
#define PULL_LAYER_ID_MAX 71U /* "sha256:" and 64 digits */

typedef struct PullProgress PullProgress;

/* With `unpacks`, a layer is not complete when it is fetched. */
int pull_progress_new(bool unpacks, PullProgress **ret);
PullProgress *pull_progress_free(PullProgress *progress);
DEFINE_CLEANUP(PullProgress, pull_progress_free)

/* Whether that was about a layer that is fetched and was not known before. One that is here already is not counted. */
bool pull_progress_take(PullProgress *progress, const PullStatus *status);

/*
 * -1 while no layer is known; else 0 to 100, never less than it was before. It becomes 100 only when every layer that is known is
 * complete, so it is to be asked only when it is told.
 */
int pull_progress_percent(PullProgress *progress);
