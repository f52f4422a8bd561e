/* SPDX-License-Identifier: MIT */
/* Calls about volumes: see volumes.h. */
#include "deployerd/engine/volumes.h"

#include <stdio.h>

int engine_volume_remove(Engine *engine, const char *name) {
        static const int told[] = { 404, 409, 0 };
        _cleanup_free_ char *escaped = NULL, *path = NULL;

        assert(engine);
        assert(name);

        escaped = url_escape(name, "");
        if (!escaped || asprintf(&path, "/volumes/%s", escaped) < 0) {
                path = NULL;
                return -ENOMEM;
        }

        return engine_call(engine,
                           &(EngineRequest){ .method = "DELETE",
                                             .path = path,
                                             .accepted = told,
                                             .what = "remove the volume" },
                           NULL);
}
