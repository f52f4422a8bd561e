/* SPDX-License-Identifier: MIT */
/* References that people type: see image-argument.h. */
#include "ctl/verbs/image-argument.h"

int image_argument_parse(const Ctl *ctl, const char *text, ImageRef **ret) {
        const char *reason = "";
        int r;

        assert(ctl);
        assert(text);
        assert(ret);

        r = image_ref_parse(text, ret, &reason);
        if (r == -EINVAL || r == -ENAMETOOLONG) {
                (void) ctl_fail(ctl, r, "Invalid image reference: %s", reason);
                ctl_hint(ctl, "A reference looks like ghcr.io/acme/shop:v1.4.");
                return r;
        }

        return r < 0 ? ctl_fail(ctl, r, "Out of memory") : 0;
}
