/* SPDX-License-Identifier: MIT */
/* Calls about volumes: see volumes.h. */
#include "deployerd/engine/volumes.h"

#include <stdio.h>

#include "shared/json.h"

int engine_volume_list(Engine *engine, json_t **ret) {
        _cleanup_(engine_answer_done) EngineAnswer answer = { .status = 0 };
        _cleanup_(json_freep) json_t *names = json_object();
        const json_t *volumes;
        int r;

        assert(engine);
        assert(ret);

        if (!names)
                return -ENOMEM;

        r = engine_call(engine,
                        &(EngineRequest){ .method = "GET", .path = "/volumes", .what = "list the volumes" },
                        &answer);
        if (r < 0)
                return r;

        volumes = json_object_get(answer.json, "Volumes");
        for (size_t i = 0; i < json_array_size(volumes); i++)
                if (json_object_set_new(names, strempty(json_get_string(json_array_get(volumes, i), "Name")),
                                        json_true()) < 0)
                        return -ENOMEM;

        *ret = TAKE_PTR(names);
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
