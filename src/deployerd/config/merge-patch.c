/* SPDX-License-Identifier: MIT */
/* RFC 7396: see merge-patch.h. The recursion is bounded before it begins. */
#include "deployerd/config/merge-patch.h"

#include "shared/json.h"

static bool is_shallow(const json_t *j, unsigned levels) {
        const char *key;
        json_t *value;

        if (!json_is_object(j) && !json_is_array(j))
                return true;
        if (levels == 0)
                return false;

        for (size_t i = 0; i < json_array_size(j); i++)
                if (!is_shallow(json_array_get(j, i), levels - 1))
                        return false;
        json_object_foreach((json_t *) (uintptr_t) j, key, value) {
                if (!is_shallow(value, levels - 1))
                        return false;
        }

        return true;
}

/* Changes `target`, which nobody else holds, to what the object `patch` makes of it. */
static int merge_into(json_t *target, const json_t *patch) {
        const char *key;
        json_t *value;
        int r;

        json_object_foreach((json_t *) (uintptr_t) patch, key, value) {
                json_t *member = json_object_get(target, key);

                if (json_is_null(value)) {
                        (void) json_object_del(target, key);
                        continue;
                }

                if (!json_is_object(value)) {
                        if (json_object_set_new(target, key, json_deep_copy(value)) < 0)
                                return -ENOMEM;
                        continue;
                }

                /* Nulls inside a new object are instructions too, so it is not copied as it is. */
                if (!json_is_object(member)) {
                        member = json_object();
                        if (json_object_set_new(target, key, member) < 0)
                                return -ENOMEM;
                }

                r = merge_into(member, value);
                if (r < 0)
                        return r;
        }

        return 0;
}

int merge_patch(const json_t *target, const json_t *patch, json_t **ret) {
        _cleanup_(json_freep) json_t *merged = NULL;
        int r;

        assert(patch);
        assert(ret);

        if (!is_shallow(target, JSON_DEPTH_MAX) || !is_shallow(patch, JSON_DEPTH_MAX))
                return -E2BIG;

        if (!json_is_object(patch))
                merged = json_deep_copy(patch);
        else
                merged = json_is_object(target) ? json_deep_copy(target) : json_object();
        if (!merged)
                return -ENOMEM;

        if (json_is_object(patch)) {
                r = merge_into(merged, patch);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(merged);
        return 0;
}
