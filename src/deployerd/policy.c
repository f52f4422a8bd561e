/* SPDX-License-Identifier: MIT */
/* AllowImages=: see policy.h. */
#include "deployerd/policy.h"

#include "shared/glob.h"

int policy_allows_image(char *const *patterns, const ImageRef *ref) {
        _cleanup_free_ char *repository = NULL;
        int r;

        assert(ref);

        if (!patterns || !*patterns)
                return 1;

        r = image_ref_repository(ref, &repository);
        if (r < 0)
                return r;

        for (char *const *pattern = patterns; *pattern; pattern++) {
                r = glob_match(*pattern, repository);
                if (r != 0)
                        return r;
        }

        return 0;
}
