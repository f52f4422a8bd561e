/* SPDX-License-Identifier: MIT */
/* Images of past generations: see retain.h. */
#include "deployerd/deploy/retain.h"

#include <inttypes.h>
#include <stdio.h>

#include "shared/conf/parse.h"

#define TAG_PREFIX   "tinyforge."
#define STORE_DIGITS 8U

/* FNV-1a: a name is told from the few others that have the same repository; nothing depends on more than that. */
static uint32_t project_digits(const char *project) {
        uint32_t hash = UINT32_C(2166136261);

        for (const char *c = project; *c; c++)
                hash = (hash ^ (unsigned char) *c) * UINT32_C(16777619);
        return hash;
}

void retain_tag(const RetainOwner *owner, uint64_t deploy, bool pending, char ret[static RETAIN_TAG_SIZE]) {
        assert(owner && owner->project && owner->stage && owner->store);

        (void) snprintf(ret, RETAIN_TAG_SIZE, TAG_PREFIX "%s.%" PRIu64 ".%.*s-%08" PRIx32 "%s", owner->stage,
                        deploy, (int) STORE_DIGITS, owner->store, project_digits(owner->project),
                        pending ? RETAIN_PENDING_SUFFIX : "");
}

/* As it was up to 0.2.0, when a repository was one project's. */
static void retain_old_tag(const RetainOwner *owner, uint64_t deploy, bool pending,
                           char ret[static RETAIN_TAG_SIZE]) {
        (void) snprintf(ret, RETAIN_TAG_SIZE, TAG_PREFIX "%s.%" PRIu64 ".%.*s%s", owner->stage, deploy,
                        (int) STORE_DIGITS, owner->store, pending ? RETAIN_PENDING_SUFFIX : "");
}

/* The number of the deploy in a tag of this owner; 0: it is another one's, or says otherwise of `pending`. */
static uint64_t tag_deploy(const char *tag, const RetainOwner *owner, bool pending) {
        size_t prefix = strlen(TAG_PREFIX) + strlen(owner->stage) + 1, length;
        char again[RETAIN_TAG_SIZE], old[RETAIN_TAG_SIZE], digits[24];
        uint64_t deploy;

        if (strlen(tag) <= prefix)
                return 0;

        length = strcspn(tag + prefix, ".");
        if (length >= sizeof(digits))
                return 0;

        memcpy(digits, tag + prefix, length);
        digits[length] = '\0';
        if (parse_uint(digits, UINT64_MAX, &deploy) < 0)
                return 0;

        /* Made again it has to be the same: no other stage, no other spelling. */
        retain_tag(owner, deploy, pending, again);
        retain_old_tag(owner, deploy, pending, old);
        return streq(tag, again) || streq(tag, old) ? deploy : 0;
}

typedef struct Generation {
        uint64_t deploy;
        size_t index; /* in the list of tags */
} Generation;

static int compare_generations(const void *a, const void *b) {
        const Generation *first = a, *second = b;

        return first->deploy < second->deploy ? 1 : first->deploy > second->deploy ? -1 : 0;
}

/* Whether one of the generations that were kept, which are newer, has the same image. */
static bool is_known(const ImageTagList *tags, const Generation *generations, size_t n, const bool *goes) {
        for (size_t i = 0; i < n; i++)
                if (!goes[generations[i].index] &&
                    streq(tags->items[generations[i].index].id, tags->items[generations[n].index].id))
                        return true;

        return false;
}

int retain_plan(const ImageTagList *tags, const RetainOwner *owner, unsigned keep, bool **ret) {
        _cleanup_free_ Generation *generations = NULL;
        _cleanup_free_ bool *goes = NULL;
        unsigned n_kept = 0;
        size_t n = 0;

        assert(tags);
        assert(owner);
        assert(ret);

        generations = calloc(tags->n + 1, sizeof(*generations));
        goes = calloc(tags->n + 1, sizeof(*goes));
        if (!generations || !goes)
                return -ENOMEM;

        for (size_t i = 0; i < tags->n; i++) {
                uint64_t deploy = tag_deploy(tags->items[i].tag, owner, /* pending= */ false);

                if (deploy > 0)
                        generations[n++] = (Generation){ deploy, i };
                else
                        goes[i] = tag_deploy(tags->items[i].tag, owner, /* pending= */ true) > 0;
        }

        qsort(generations, n, sizeof(*generations), compare_generations);
        for (size_t i = 0; i < n; i++)
                if (n_kept >= keep || is_known(tags, generations, i, goes))
                        goes[generations[i].index] = true;
                else
                        n_kept++;

        *ret = TAKE_PTR(goes);
        return 0;
}

int retain_sweep(Engine *engine, const ImageRef *ref, const RetainOwner *owner, unsigned keep) {
        _cleanup_(image_tag_list_done) ImageTagList tags = { .n = 0 };
        _cleanup_free_ bool *goes = NULL;
        int r;

        assert(engine);

        r = engine_image_list_tags(engine, ref, &tags);
        if (r >= 0)
                r = retain_plan(&tags, owner, keep, &goes);

        for (size_t i = 0; r >= 0 && i < tags.n; i++)
                if (goes[i])
                        r = engine_image_untag(engine, ref, tags.items[i].tag);

        return r;
}

int retain_is_pending(Engine *engine, const ImageRef *ref, const RetainOwner *owner) {
        _cleanup_(image_tag_list_done) ImageTagList tags = { .n = 0 };
        int r;

        assert(engine);
        assert(owner);

        r = engine_image_list_tags(engine, ref, &tags);
        for (size_t i = 0; r >= 0 && i < tags.n; i++)
                if (tag_deploy(tags.items[i].tag, owner, /* pending= */ true) > 0)
                        return 1;

        return r < 0 ? r : 0;
}

void retain_drop_pending(Engine *engine, const ImageRef *ref, const RetainOwner *owner) {
        _cleanup_(image_tag_list_done) ImageTagList tags = { .n = 0 };
        int r;

        assert(engine);
        assert(owner);

        r = engine_image_list_tags(engine, ref, &tags);
        for (size_t i = 0; r >= 0 && i < tags.n; i++)
                if (tag_deploy(tags.items[i].tag, owner, /* pending= */ true) > 0)
                        r = engine_image_untag(engine, ref, tags.items[i].tag);
        if (r < 0)
                worker_log(engine_worker(engine), LOG_NOTICE, "The image stays: %s",
                           worker_error(engine_worker(engine)));
}
