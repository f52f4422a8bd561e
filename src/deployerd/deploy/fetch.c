/* SPDX-License-Identifier: MIT */
/* Digest and pull: see fetch.h. */
#include "deployerd/deploy/fetch.h"

#include "deployerd/engine/tags.h"
#include "shared/protocol.h"

static int fetch_set_digest(Engine *engine, ImageRef *ref, const char *digest) {
        char *copy;

        assert(digest);

        copy = strdup(digest);
        if (!copy)
                return -ENOMEM;

        free(ref->digest);
        ref->digest = copy;
        worker_progress(engine_worker(engine), PHASE_RESOLVED, copy);
        return 0;
}

/* Pulls, and looks at what came: an engine can end its stream without a word. */
static int fetch_pull(Engine *engine, ImageRef *ref, uint64_t timeout_usec, EngineImage *ret) {
        int r;

        worker_progress(engine_worker(engine), PHASE_PULLING, "");
        r = engine_image_pull(engine, ref, timeout_usec);
        if (r < 0)
                return r;

        r = engine_image_inspect(engine, ref, ret);
        if (r == 0)
                return worker_fail(engine_worker(engine), -EIO,
                                   "Cannot pull %s/%s: the engine ended without the image", ref->domain,
                                   ref->path);
        return r;
}

/* Where the engine cannot ask for a digest, the image that the tag brings has it. */
static int fetch_pull_by_tag(Engine *engine, ImageRef *ref, uint64_t timeout_usec, bool *ret_tagged,
                             EngineImage *ret) {
        _cleanup_(engine_image_done) EngineImage before = { .port = 0 }, image = { .port = 0 };
        int r;

        r = engine_image_inspect(engine, ref, &before);
        if (r < 0)
                return r;

        *ret_tagged = r == 0;
        r = fetch_pull(engine, ref, timeout_usec, &image);
        if (r < 0)
                return r;

        if (!image.digest)
                return worker_fail(engine_worker(engine), -EIO, "The engine tells no digest of %s/%s",
                                   ref->domain, ref->path);

        r = fetch_set_digest(engine, ref, image.digest);
        if (r < 0)
                return r;

        *ret = image;
        image = (EngineImage){ .port = 0 };
        return 0;
}

/* What is here already, by its tag as well: 1; 0: it is not. */
static int fetch_local(Engine *engine, ImageRef *ref, EngineImage *ret) {
        _cleanup_(engine_image_done) EngineImage image = { .port = 0 };
        int r;

        r = engine_image_find(engine, ref, &image);
        if (r <= 0)
                return r;
        if (!image.digest && !image.id)
                return worker_fail(engine_worker(engine), -EIO, "The engine tells no id of %s/%s",
                                   ref->domain, ref->path);

        r = fetch_set_digest(engine, ref, image.digest ? image.digest : image.id);
        if (r < 0)
                return r;

        *ret = image;
        image = (EngineImage){ .port = 0 };
        return 1;
}

/* From the reference to an image that is here: one of three ways, by what is known and what the engine can do. */
static int fetch(Engine *engine, ImageRef *ref, uint64_t timeout_usec, bool *ret_tagged, EngineImage *ret) {
        _cleanup_free_ char *digest = NULL;
        int r;

        if (!ref->digest && !engine_quirks(engine)->has_distribution)
                return fetch_pull_by_tag(engine, ref, timeout_usec, ret_tagged, ret);

        if (!ref->digest) {
                r = engine_image_resolve(engine, ref, &digest);
                if (r < 0)
                        return r;
        }

        r = fetch_set_digest(engine, ref, digest ? digest : ref->digest);
        if (r < 0)
                return r;

        r = engine_image_inspect(engine, ref, ret);
        return r == 0 ? fetch_pull(engine, ref, timeout_usec, ret) : r;
}

/* Nobody may be asked for it. */
static int fetch_fail_local(Engine *engine, const ImageRef *ref, bool local) {
        _cleanup_free_ char *name = NULL;

        if (image_ref_format(ref, &name) < 0)
                return -ENOMEM;

        return worker_fail(engine_worker(engine), -ENOENT, "%s is not on this machine, and %s", name,
                           local ? "a local deploy pulls nothing" : "root's file has \"pull\": \"never\"");
}

/* Without its tag an image is only at the mercy of a prune, unless it has no other name. */
static int fetch_keep(Engine *engine, const ImageRef *ref, const char *keep_tag, bool tagged, bool needed) {
        int r;

        r = engine_image_tag(engine, ref, keep_tag);
        if (r >= 0 && tagged)
                r = engine_image_untag(engine, ref, ref->tag);
        if (r < 0 && needed)
                return r;
        if (r < 0)
                worker_log(engine_worker(engine), LOG_WARNING, "%s", worker_error(engine_worker(engine)));
        return 0;
}

int fetch_image(Engine *engine, ImageRef *ref, const char *keep_tag, const ProjectConfig *project,
                bool local, EngineImage *ret) {
        bool tagged = false; /* by the pull */
        int r = 0;

        assert(engine);
        assert(ref);
        assert(keep_tag);
        assert(project);
        assert(ret);

        if (local || project->pull != PROJECT_PULL_ALWAYS)
                r = fetch_local(engine, ref, ret);
        if (r == 0 && (local || project->pull == PROJECT_PULL_NEVER))
                return fetch_fail_local(engine, ref, local);
        if (r == 0)
                r = fetch(engine, ref, project_limits_pull(&project->limits), &tagged, ret);
        if (r < 0)
                return r;

        return fetch_keep(engine, ref, keep_tag, tagged, /* needed= */ !ret->digest);
}
