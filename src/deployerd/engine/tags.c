/* SPDX-License-Identifier: MIT */
/* Tags of images that are here: see tags.h. */
#include <stdio.h>

#include "deployerd/engine/tags.h"
#include "shared/json.h"

void image_tag_list_done(ImageTagList *list) {
        assert(list);

        for (size_t i = 0; i < list->n; i++) {
                free(list->items[i].tag);
                free(list->items[i].id);
        }
        free(list->items);
        *list = (ImageTagList){ .n = 0 };
}

/* 1; 0: there is no image of that name, where that is no failure. */
static int image_tag(Engine *engine, const char *name, const char *repository, const char *tag,
                     bool may_be_missing) {
        static const int missing[] = { 404, 0 };
        _cleanup_(engine_answer_done) EngineAnswer answer = { .status = 0 };
        _cleanup_free_ char *repo = NULL, *path = NULL;
        int r;

        repo = url_escape(repository, "");
        if (!repo || asprintf(&path, "/images/%s/tag?repo=%s&tag=%s", name, repo, tag) < 0) {
                path = NULL;
                return -ENOMEM;
        }

        r = engine_call(engine,
                        &(EngineRequest){
                                        .method = "POST",
                                        .path = path,
                                        .accepted = may_be_missing ? missing : NULL,
                                        .what = "tag the image",
                        },
                        &answer);
        return r < 0 ? r : answer.status != 404;
}

int engine_image_tag(Engine *engine, const ImageRef *ref, const char *tag) {
        _cleanup_free_ char *repository = NULL, *name = NULL, *by_digest = NULL;
        int r;

        assert(engine);
        assert(ref && ref->digest);
        assert(tag);

        r = image_ref_repository(ref, &repository);
        if (r < 0)
                return r;

        name = url_escape(repository, "/:");
        if (!name || asprintf(&by_digest, "%s@%s", name, ref->digest) < 0) {
                by_digest = NULL;
                return -ENOMEM;
        }

        /* What no registry ever saw has no digest, and is called by its id. */
        r = image_tag(engine, by_digest, repository, tag, /* may_be_missing= */ true);
        return r == 0 ? image_tag(engine, ref->digest, repository, tag, /* may_be_missing= */ false) : r;
}

int engine_image_untag(Engine *engine, const ImageRef *ref, const char *tag) {
        /* 409: a container runs it. Then the tag's only use is to be found by the next one who cleans up. */
        static const int told[] = { 404, 409, 0 };
        _cleanup_free_ char *repository = NULL, *name = NULL, *path = NULL;
        int r;

        assert(engine);
        assert(ref);
        assert(tag);

        r = image_ref_repository(ref, &repository);
        if (r < 0)
                return r;

        name = url_escape(repository, "/:");
        if (!name)
                return -ENOMEM;

        if (asprintf(&path, "/images/%s:%s", name, tag) < 0) {
                path = NULL;
                return -ENOMEM;
        }

        return engine_call(engine,
                           &(EngineRequest){
                                           .method = "DELETE",
                                           .path = path,
                                           .accepted = told,
                                           .what = "take the image's tag away",
                           },
                           NULL);
}

static int image_tag_list_add(ImageTagList *list, const char *tag, const char *id) {
        ImageTag *grown;

        grown = reallocarray(list->items, list->n + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;

        list->items = grown;
        grown[list->n] = (ImageTag){ .tag = strdup(tag), .id = strdup(id) };
        return grown[list->n].tag && grown[list->n++].id ? 0 : -ENOMEM;
}

/* The engine shortens the names of some registries: compare them normalised. */
static int image_tag_list_add_name(ImageTagList *list, const ImageRef *ref, const char *name,
                                   const char *id) {
        _cleanup_(image_ref_freep) ImageRef *known = NULL;
        int r;

        r = image_ref_parse(name, &known, NULL);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || !known->tag || !streq(known->domain, ref->domain) || !streq(known->path, ref->path))
                return 0;

        return image_tag_list_add(list, known->tag, id);
}

int image_tag_list_read(const json_t *images, const ImageRef *ref, ImageTagList *ret) {
        _cleanup_(image_tag_list_done) ImageTagList list = { .n = 0 };
        const json_t *image;
        size_t i;

        assert(ref);
        assert(ret);

        if (!json_is_array(images))
                return -EBADMSG;

        json_array_foreach(images, i, image) {
                const json_t *names = json_object_get(image, "RepoTags");
                const char *id = json_get_string(image, "Id");

                for (size_t k = 0; id && k < json_array_size(names); k++) {
                        const char *name = json_string_value(json_array_get(names, k));
                        int r;

                        if (list.n >= IMAGE_TAGS_MAX)
                                return -EBADMSG;

                        r = image_tag_list_add_name(&list, ref, strempty(name), id);
                        if (r < 0)
                                return r;
                }
        }

        *ret = list;
        list = (ImageTagList){ .n = 0 };
        return 0;
}

int engine_image_list_tags(Engine *engine, const ImageRef *ref, ImageTagList *ret) {
        _cleanup_free_ char *repository = NULL, *filter = NULL, *escaped = NULL, *path = NULL;
        _cleanup_(engine_answer_done) EngineAnswer answer = { .status = 0 };
        int r;

        assert(engine);
        assert(ref);
        assert(ret);

        r = image_ref_repository(ref, &repository);
        if (r < 0)
                return r;

        if (asprintf(&filter, "{\"reference\":[\"%s\"]}", repository) < 0) {
                filter = NULL;
                return -ENOMEM;
        }

        escaped = url_escape(filter, "");
        if (!escaped || asprintf(&path, "/images/json?filters=%s", escaped) < 0) {
                path = NULL;
                return -ENOMEM;
        }

        r = engine_call(engine, &(EngineRequest){ .method = "GET", .path = path, .what = "list the images" },
                        &answer);
        if (r < 0)
                return r;

        r = image_tag_list_read(answer.json, ref, ret);
        return r == -EBADMSG ? worker_fail(engine_worker(engine), -EIO,
                                           "Cannot list the images: no list, or more than %u tags",
                                           IMAGE_TAGS_MAX)
                             : r;
}
