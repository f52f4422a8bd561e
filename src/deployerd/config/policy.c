/* SPDX-License-Identifier: MIT */
/* AllowImages=: see policy.h. */
#include "deployerd/config/policy.h"

#include "shared/conf/conf.h"

int policy_allows_image(char *const *patterns, const ImageRef *ref) {
        _cleanup_free_ char *repository = NULL;
        int r;

        assert(ref);

        r = image_ref_repository(ref, &repository);
        if (r < 0)
                return r;

        return image_patterns_take(patterns, repository);
}

bool policy_allows_any(char *const *patterns) {
        return !patterns || !*patterns;
}
