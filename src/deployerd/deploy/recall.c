/* SPDX-License-Identifier: MIT */
/* What a stage has had: see recall.h. */
#include "deployerd/deploy/recall.h"

#include "deployerd/deploy/volumes.h"
#include "deployerd/engine/volumes.h"
#include "deployerd/volume-note.h"
#include "shared/json.h"

/* The next container would begin with empty volumes where the note counted as none. */
static int read_note(Worker *worker, const DeployRequest *request, json_t **ret) {
        int r;

        r = volume_note_read(request->project, request->stage, ret);
        return r >= 0 || r == -ENOMEM
                               ? r
                               : worker_fail(worker, -EIO,
                                             "Cannot read which volumes %s/%s has had, from %.256s/volumes/%s.%s: %s; without "
                                             "that file the volumes that it names are not mounted any more",
                                             request->project, request->stage,
                                             strempty(getenv("STATE_DIRECTORY")), request->project,
                                             request->stage, volumes_note_error(r));
}

/* One that is gone would be made anew by a name that says nothing. */
static int forget_missing(Engine *engine, json_t *noted) {
        _cleanup_(json_freep) json_t *there = NULL;
        const char *path;
        json_t *name;
        void *next;
        int r;

        if (json_object_size(noted) == 0)
                return 0;

        r = engine_volume_list(engine, &there);
        if (r < 0)
                return r;

        json_object_foreach_safe(noted, next, path, name) {
                if (!json_object_get(there, strempty(json_string_value(name))))
                        (void) json_object_del(noted, path);
        }

        return 0;
}

int recall_volumes(Engine *engine, const DeployRequest *request, bool take_over, const InstanceList *list,
                   json_t **ret) {
        _cleanup_(json_freep) json_t *noted = NULL;
        int r;

        assert(engine);
        assert(request);
        assert(list);
        assert(ret);

        r = read_note(engine_worker(engine), request, &noted);
        if (r >= 0)
                r = forget_missing(engine, noted);
        if (r < 0)
                return r;

        /* The newest is the last to say which volumes the stage has. */
        for (size_t i = list->n; i > 0; i--)
                if (!list->items[i - 1].pending &&
                    instance_is_owned(&list->items[i - 1], request->store, take_over))
                        (void) volumes_add(noted, &list->items[i - 1].container);

        *ret = TAKE_PTR(noted);
        return 0;
}
