/* SPDX-License-Identifier: MIT */
/* parse-image and match-tag: what the daemons make of references and patterns, without asking them. */
#include "ctl/verbs/image-argument.h"
#include "ctl/verbs/verbs.h"
#include "shared/image-ref.h"
#include "shared/tag/tag-policy.h"

/* An absent string is null. */
static json_t *string_or_null(const char *text) {
        return text ? json_string(text) : json_null();
}

int verb_parse_image(Ctl *ctl, char *args[]) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_free_ char *normalized = NULL;
        int r;

        r = image_argument_parse(ctl, args[0], &ref);
        if (r < 0)
                return r;
        r = image_ref_format(ref, &normalized);
        if (r < 0)
                return ctl_fail(ctl, r, "Out of memory");

        /* One form for people and programs: it is short, and its fields have names. */
        return ctl_print_json(ctl, json_pack("{s:s, s:s, s:o, s:o, s:s}", "domain", ref->domain, "path",
                                             ref->path, "tag", string_or_null(ref->tag), "digest",
                                             string_or_null(ref->digest), "normalized", normalized));
}

int verb_match_tag(Ctl *ctl, char *args[]) {
        int policy = ctl->policy ? tag_policy_from_string(ctl->policy) : (int) TAG_POLICY_GLOB, r;
        const char *pattern = args[0], *tag = args[1];
        char reason[TAG_POLICY_REASON_SIZE] = "";

        if (policy < 0) {
                (void) ctl_fail(ctl, -EINVAL, "--policy= wants %s, not '%s'", TAG_POLICY_FORMS, ctl->policy);
                return CTL_EXIT_USAGE;
        }

        r = tag_policy_validate((TagPolicy) policy, pattern, reason);
        if (r < 0) {
                (void) ctl_fail(ctl, r, "Bad pattern, %s", reason);
                ctl_hint(ctl, "How patterns are written: tinyforgectl stage set --help");
                return CTL_EXIT_USAGE;
        }

        r = tag_policy_match((TagPolicy) policy, pattern, tag);
        if (ctl->json)
                (void) ctl_print_json(ctl, json_pack("{s:b}", "match", r > 0));
        else
                ctl_print(ctl, r > 0 ? "match" : "no match");
        return r > 0 ? 0 : CTL_EXIT_FAILURE;
}
