/* SPDX-License-Identifier: MIT */
/* Calls about volumes: see volumes.h. */
#include "deployerd/engine/volumes.h"

#include <stdio.h>

#include "shared/json.h"

int engine_volume_exists(Engine *engine, const char *prefix) {
        _cleanup_(engine_answer_done) EngineAnswer answer = { .status = 0 };
        const json_t *volumes;
        int r;

        assert(engine);
        assert(prefix);

        r = engine_call(engine,
                        &(EngineRequest){ .method = "GET", .path = "/volumes", .what = "list the volumes" },
                        &answer);
        if (r < 0)
                return r;

        volumes = json_object_get(answer.json, "Volumes");
        for (size_t i = 0; i < json_array_size(volumes); i++)
                if (strncmp(strempty(json_get_string(json_array_get(volumes, i), "Name")), prefix,
                            strlen(prefix)) == 0)
                        return 1;

        return 0;
}

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
