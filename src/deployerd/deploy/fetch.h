/* SPDX-License-Identifier: MIT */
/* How an image gets here: its digest first, then the image by its digest, pulled only where it is not here yet. */
#pragma once

#include "deployerd/config/project-config.h"
#include "deployerd/engine/images.h"

/*
 * Sets `ref->digest` where there is none, reports the phases on the way, gives the image the tag `keep_tag` in its
 * repository, so that no prune takes it, and tells what the image is like. No other tag is left that was not there
 * before. Whether a registry is asked, and how long a pull may take, is the project's to say, unless
 * it is to be `local`: then none is asked. An image that no registry gave a
 * digest has none in `*ret`, and in `ref` the engine's id of it; then it is known by its tag alone, which has to be there.
 * -ENOENT: it is not here, and may not be pulled; -ETIME. `*ret` is to be released with engine_image_done(). Errors are those of engine/images.h.
 */
int fetch_image(Engine *engine, ImageRef *ref, const char *keep_tag, const ProjectConfig *project,
                bool local, EngineImage *ret);
