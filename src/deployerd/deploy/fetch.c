/* SPDX-License-Identifier: MIT */
/* Digest and pull: see fetch.h. */
#include "deployerd/deploy/fetch.h"

#include "shared/protocol.h"

static int fetch_set_digest(Engine *engine, ImageRef *ref, const char *digest) {
        char *copy = strdup(digest);

        if (!copy)
                return -ENOMEM;

        free(ref->digest);
        ref->digest = copy;
        worker_progress(engine_worker(engine), PHASE_RESOLVED, copy);
        return 0;
}

/* Pulls, and looks at what came: an engine can end its stream without a word. */
static int fetch_pull(Engine *engine, ImageRef *ref, EngineImage *ret) {
        int r;

        worker_progress(engine_worker(engine), PHASE_PULLING, "");
        r = engine_image_pull(engine, ref);
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
static int fetch_pull_by_tag(Engine *engine, ImageRef *ref, bool *ret_tagged, EngineImage *ret) {
        _cleanup_(engine_image_done) EngineImage before = { .port = 0 }, image = { .port = 0 };
        int r;

        r = engine_image_inspect(engine, ref, &before);
        if (r < 0)
                return r;

        *ret_tagged = r == 0;
        r = fetch_pull(engine, ref, &image);
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

/* From the reference to an image that is here: one of three ways, by what is known and what the engine can do. */
static int fetch(Engine *engine, ImageRef *ref, bool *ret_tagged, EngineImage *ret) {
        _cleanup_free_ char *digest = NULL;
        int r;

        if (!ref->digest && !engine_quirks(engine)->has_distribution)
                return fetch_pull_by_tag(engine, ref, ret_tagged, ret);

        if (!ref->digest) {
                r = engine_image_resolve(engine, ref, &digest);
                if (r < 0)
                        return r;
        }

        r = fetch_set_digest(engine, ref, digest ? digest : ref->digest);
        if (r < 0)
                return r;

        r = engine_image_inspect(engine, ref, ret);
        return r == 0 ? fetch_pull(engine, ref, ret) : r;
}

/* Without its tag the image is only at the mercy of a prune: no reason to give the deploy up. */
static void fetch_keep(Engine *engine, const ImageRef *ref, const char *keep_tag, bool tagged) {
        int r;

        r = engine_image_tag(engine, ref, keep_tag);
        if (r >= 0 && tagged)
                r = engine_image_untag(engine, ref, ref->tag);
        if (r < 0)
                worker_log(engine_worker(engine), LOG_WARNING, "%s", worker_error(engine_worker(engine)));
}

int fetch_image(Engine *engine, ImageRef *ref, const char *keep_tag, EngineImage *ret) {
        bool tagged = false; /* by the pull */
        int r;

        assert(engine);
        assert(ref);
        assert(keep_tag);
        assert(ret);

        r = fetch(engine, ref, &tagged, ret);
        if (r < 0)
                return r;

        fetch_keep(engine, ref, keep_tag, tagged);
        return 0;
}
