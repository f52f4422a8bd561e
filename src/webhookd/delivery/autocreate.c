/* SPDX-License-Identifier: MIT */
/* Projects that deliveries create: see autocreate.h. */
#include "webhookd/delivery/autocreate.h"

#include "shared/conf/conf.h"
#include "shared/name.h"

/* What a suffix counts up to: far beyond all projects that there could be. */
#define NAME_ATTEMPTS_MAX (1U << 30)

static const char *const reasons[] = {
        [AUTOCREATE_CREATED] = NULL,
        [AUTOCREATE_OFF] = "auto-create-off",
        [AUTOCREATE_NOT_ALLOWED] = "auto-create-not-allowed",
        [AUTOCREATE_LIMIT] = "auto-create-limit",
};

const char *autocreate_reason(AutocreateVerdict verdict) {
        assert(verdict < ELEMENTSOF(reasons));

        return reasons[verdict];
}

static int autocreate_check(Store *store, const WebhookConfig *config, const char *repository,
                            AutocreateVerdict *ret_verdict) {
        uint64_t n;
        int r;

        if (!config->auto_create) {
                *ret_verdict = AUTOCREATE_OFF;
                return 0;
        }

        if (!image_patterns_take(config->auto_create_images, repository)) {
                *ret_verdict = AUTOCREATE_NOT_ALLOWED;
                return 0;
        }

        r = store_count_projects(store, /* only_auto_created= */ true, &n);
        if (r < 0)
                return r;

        *ret_verdict = n >= config->auto_create_max ? AUTOCREATE_LIMIT : AUTOCREATE_CREATED;
        return 0;
}

/* 1 and the name with that suffix where it is free; 0 where a project has it. */
static int try_name(Store *store, const char *text, unsigned attempt, char **ret) {
        _cleanup_(project_freep) Project *taken = NULL;
        _cleanup_free_ char *name = NULL;
        int r;

        r = name_make(text, attempt, &name);
        if (r >= 0)
                r = store_find_project_by_name(store, name, &taken);
        if (r < 0)
                return r;
        if (r > 0)
                return 0;

        free(*ret);
        *ret = TAKE_PTR(name);
        return 1;
}

/*
 * A name that is free. Thousands of images may end with the same word: the suffix is doubled until one is free, and what was passed over
 * is halved until the one before is taken.
 */
static int autocreate_find_name(Store *store, const char *path, char **ret) {
        const char *slash = strrchr(path, '/'), *text = slash ? slash + 1 : path;
        _cleanup_free_ char *name = NULL;
        unsigned taken = 0, next = 0;
        int r;

        while ((r = try_name(store, text, next, &name)) == 0) {
                if (next >= NAME_ATTEMPTS_MAX)
                        return -EEXIST;
                taken = next;
                next = next > 0 ? next * 2 : 1;
        }

        while (r >= 0 && next - taken > 1) {
                unsigned middle = taken + (next - taken) / 2;

                r = try_name(store, text, middle, &name);
                if (r > 0)
                        next = middle;
                else
                        taken = middle;
        }
        if (r < 0)
                return r;

        *ret = TAKE_PTR(name);
        return 0;
}

int autocreate_project(Store *store, const WebhookConfig *config, const ImageRef *ref, char **ret_name,
                       AutocreateVerdict *ret_verdict) {
        _cleanup_free_ char *repository = NULL, *name = NULL;
        AutocreateVerdict verdict;
        int64_t project_id, stage_id;
        int r;

        assert(store);
        assert(config);
        assert(ref);
        assert(ret_name);
        assert(ret_verdict);

        r = image_ref_repository(ref, &repository);
        if (r < 0)
                return r;

        r = autocreate_check(store, config, repository, &verdict);
        if (r < 0)
                return r;
        if (verdict != AUTOCREATE_CREATED) {
                *ret_verdict = verdict;
                return 0;
        }

        r = autocreate_find_name(store, ref->path, &name);
        if (r < 0)
                return r;

        r = store_create_project(store,
                                 &(Project){
                                                 .name = name,
                                                 .image = repository,
                                                 .healthcheck = (char[]){ "" },
                                                 .auto_created = true,
                                 },
                                 &project_id);
        if (r < 0)
                return r;

        r = store_create_stage(store,
                               &(Stage){
                                               .project_id = project_id,
                                               .name = (char[]){ "dev" },
                                               .tag_pattern = (char[]){ "*" },
                                               .auto_deploy = true,
                                               .max_instances = 1,
                               },
                               &stage_id);
        if (r < 0)
                return r;

        *ret_name = TAKE_PTR(name);
        *ret_verdict = AUTOCREATE_CREATED;
        return 0;
}
