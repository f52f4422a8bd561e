/* SPDX-License-Identifier: MIT */
/* Member by member: see json-diff.h. */
#include "deployerd/config/json-diff.h"

#include "shared/json-pointer.h"
#include "shared/json.h"

static int diff_objects(const json_t *before, const json_t *after, const char *pointer, unsigned levels,
                        json_t *found) {
        const char *key;
        json_t *value;

        if (levels == 0)
                return -E2BIG;

        json_object_foreach((json_t *) (uintptr_t) after, key, value) {
                const json_t *old = json_object_get(before, key);
                _cleanup_free_ char *place = json_pointer_new(pointer, key);
                int r = 0;

                if (!place)
                        return -ENOMEM;
                if (json_is_object(old) && json_is_object(value))
                        r = diff_objects(old, value, place, levels - 1, found);
                else if (!old || !json_equal(old, value))
                        r = json_array_append_new(found, json_string(place)) < 0 ? -ENOMEM : 0;
                if (r < 0)
                        return r;
        }

        json_object_foreach((json_t *) (uintptr_t) before, key, value) {
                _cleanup_free_ char *place = NULL;

                if (json_object_get(after, key))
                        continue;

                place = json_pointer_new(pointer, key);
                if (!place || json_array_append_new(found, json_string(place)) < 0)
                        return -ENOMEM;
        }

        return 0;
}

int json_diff(const json_t *before, const json_t *after, json_t **ret) {
        _cleanup_(json_freep) json_t *found = json_array();
        int r;

        assert(before);
        assert(after);
        assert(ret);

        if (!found)
                return -ENOMEM;

        r = diff_objects(before, after, "", JSON_DEPTH_MAX, found);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(found);
        return 0;
}
