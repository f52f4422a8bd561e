/* SPDX-License-Identifier: MIT */
/* parse-image and match-tag: what the daemons make of references and patterns, without asking them. */
#include "ctl/verbs.h"
#include "shared/glob.h"
#include "shared/image-ref.h"

/* An absent string is null. */
static json_t *string_or_null(const char *text) {
        return text ? json_string(text) : json_null();
}

int verb_parse_image(Ctl *ctl, char *args[]) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_free_ char *normalized = NULL;
        const char *reason = "";
        int r;

        r = image_ref_parse(args[0], &ref, &reason);
        if (r == -EINVAL || r == -ENAMETOOLONG)
                return ctl_fail(ctl, r, "Invalid image reference: %s", reason);
        if (r >= 0)
                r = image_ref_format(ref, &normalized);
        if (r < 0)
                return ctl_fail(ctl, r, "Out of memory");

        /* One form for people and programs: it is short, and its fields have names. */
        return ctl_print_json(ctl, json_pack("{s:s, s:s, s:o, s:o, s:s}", "domain", ref->domain, "path",
                                             ref->path, "tag", string_or_null(ref->tag), "digest",
                                             string_or_null(ref->digest), "normalized", normalized));
}

int verb_match_tag(Ctl *ctl, char *args[]) {
        const char *pattern = args[0], *tag = args[1], *reason = "";
        size_t offset = 0;
        int r;

        r = glob_validate(pattern, &reason, &offset);
        if (r < 0) {
                (void) ctl_fail(ctl, r, "Bad pattern, at byte %zu: %s", offset, reason);
                return CTL_EXIT_USAGE;
        }

        r = glob_match(pattern, tag);
        if (ctl->json)
                (void) ctl_print_json(ctl, json_pack("{s:b}", "match", r > 0));
        else
                ctl_print(ctl, r > 0 ? "match" : "no match");
        return r > 0 ? 0 : CTL_EXIT_FAILURE;
}
