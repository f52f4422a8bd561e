/* SPDX-License-Identifier: MIT */
/* Verbs that need no bus: how an image reference is read, and whether a pattern takes a tag. */
#include <stdio.h>

#include "ctl/verbs.h"
#include "shared/glob.h"
#include "shared/image-ref.h"

int verb_parse_image(Ctl *ctl, char *argv[]) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_free_ char *normalized = NULL;
        const char *reason = "";
        int r;

        (void) ctl;

        r = image_ref_parse(argv[0], &ref, &reason);
        if (r == -ENOMEM)
                return ctl_fail(r, "Cannot parse");
        if (r < 0) {
                (void) fprintf(stderr, "tinyforgectl: Invalid image reference: %s\n", reason);
                return EXIT_FAILURE;
        }

        r = image_ref_format(ref, &normalized);
        if (r < 0)
                return ctl_fail(r, "Cannot parse");

        return ctl_print_json(json_pack("{s:s, s:s, s:s?, s:s?, s:s}", "domain", ref->domain, "path",
                                        ref->path, "tag", ref->tag, "digest", ref->digest, "normalized",
                                        normalized));
}

/* 0: it matches, 1: it does not, 2: the pattern is malformed. */
int verb_match_tag(Ctl *ctl, char *argv[]) {
        const char *reason = "";
        size_t offset = 0;
        int r;

        if (glob_validate(argv[0], &reason, &offset) < 0) {
                (void) fprintf(stderr, "tinyforgectl: Bad pattern, at byte %zu: %s\n", offset, reason);
                return 2;
        }

        r = glob_match(argv[0], argv[1]);
        if (ctl->json)
                (void) ctl_print_json(json_pack("{s:b}", "match", r > 0));

        return r > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
