/* SPDX-License-Identifier: MIT */
/* How an image gets here: its digest first, then the image by its digest, pulled only where it is not here yet. */
#pragma once

#include "deployerd/engine-image.h"

/*
 * Sets `ref->digest` where there is none, reports the phases on the way, and tells what the image is like. `*ret` is to
 * be released with engine_image_done(). Errors are those of engine-image.h.
 */
int fetch_image(Engine *engine, ImageRef *ref, EngineImage *ret);
