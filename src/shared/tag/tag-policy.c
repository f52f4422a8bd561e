/* SPDX-License-Identifier: MIT */
/* The table of policies: see tag-policy.h. */
#include "shared/tag/tag-policy.h"

#include <stdio.h>

#include "shared/tag/glob.h"
#include "shared/tag/semver.h"
#include "shared/tag/tag-regex.h"

#define TAG_FIRST "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

static_assert(GLOB_MAX <= TAG_PATTERN_MAX && SEMVER_RANGE_MAX <= TAG_PATTERN_MAX &&
                              TAG_REGEX_MAX <= TAG_PATTERN_MAX && TAG_MAX <= TAG_PATTERN_MAX,
              "no policy takes a longer pattern than the store");
static_assert(TAG_REGEX_TEXT_MAX >= TAG_MAX, "every tag can be matched");

/* `reason` has TAG_POLICY_REASON_SIZE bytes. */
typedef int (*PolicyValidate)(const char *pattern, char *reason);
typedef int (*PolicyMatch)(const char *pattern, const char *tag);

static int tell(char *reason, int r, const char *text, size_t offset) {
        if (r >= 0)
                return 0;

        if (offset == SIZE_MAX)
                (void) snprintf(reason, TAG_POLICY_REASON_SIZE, "%s", text);
        else
                (void) snprintf(reason, TAG_POLICY_REASON_SIZE, "at byte %zu: %s", offset, text);
        return r;
}

static int validate_glob(const char *pattern, char *reason) {
        const char *text = "";
        size_t offset = 0;
        int r;

        r = glob_validate(pattern, &text, &offset);
        return tell(reason, r, text, offset);
}

static int validate_semver(const char *pattern, char *reason) {
        const char *text = "";
        size_t offset = 0;
        int r;

        r = semver_range_validate(pattern, &text, &offset);
        return tell(reason, r, text, offset);
}

static int validate_regex(const char *pattern, char *reason) {
        char text[TAG_REGEX_REASON_SIZE] = "";
        size_t offset = SIZE_MAX;
        int r;

        r = tag_regex_validate(pattern, text, &offset);
        return tell(reason, r, text, offset);
}

static int validate_tag(const char *pattern, char *reason) {
        size_t length = strspn(pattern, TAG_FIRST ".-");

        if (!pattern[0])
                return tell(reason, -EINVAL, "the tag is empty", SIZE_MAX);
        if (!strchr(TAG_FIRST, pattern[0]))
                return tell(reason, -EINVAL, "no tag begins so", 0);
        if (pattern[length])
                return tell(reason, -EINVAL, "this policy wants one tag, and no tag has this character",
                            length);
        if (length > TAG_MAX)
                return tell(reason, -ENAMETOOLONG, "the tag is too long", TAG_MAX);

        return 0;
}

static int match_semver(const char *pattern, const char *tag) {
        Semver version;

        if (semver_parse(tag, &version) < 0)
                return semver_range_validate(pattern, NULL, NULL);

        return semver_range_match(pattern, &version);
}

static int match_tag(const char *pattern, const char *tag) {
        char reason[TAG_POLICY_REASON_SIZE];
        int r;

        r = validate_tag(pattern, reason);
        return r < 0 ? r : streq(pattern, tag);
}

static const struct {
        const char *name;
        PolicyValidate validate;
        PolicyMatch match;
} policies[] = {
        [TAG_POLICY_GLOB] = { "glob", validate_glob, glob_match },
        [TAG_POLICY_SEMVER] = { "semver", validate_semver, match_semver },
        [TAG_POLICY_REGEX] = { "regex", validate_regex, tag_regex_match },
        [TAG_POLICY_DIGEST] = { "digest", validate_tag, match_tag },
};

static_assert(ELEMENTSOF(policies) == _TAG_POLICY_MAX, "each policy has its functions");

const char *tag_policy_to_string(TagPolicy policy) {
        assert(policy < _TAG_POLICY_MAX);

        return policies[policy].name;
}

int tag_policy_from_string(const char *name) {
        assert(name);

        for (size_t i = 0; i < ELEMENTSOF(policies); i++)
                if (streq(policies[i].name, name))
                        return (int) i;

        return -EINVAL;
}

int tag_policy_validate(TagPolicy policy, const char *pattern,
                        char ret_reason[static TAG_POLICY_REASON_SIZE]) {
        assert(policy < _TAG_POLICY_MAX);
        assert(pattern);

        return policies[policy].validate(pattern, ret_reason);
}

int tag_policy_match(TagPolicy policy, const char *pattern, const char *tag) {
        assert(policy < _TAG_POLICY_MAX);
        assert(pattern);
        assert(tag);

        return policies[policy].match(pattern, tag);
}

bool tag_policy_covers(TagPolicy wide_policy, const char *wide, TagPolicy narrow_policy,
                       const char *narrow) {
        char reason[TAG_POLICY_REASON_SIZE];

        if (tag_policy_validate(wide_policy, wide, reason) < 0 ||
            tag_policy_validate(narrow_policy, narrow, reason) < 0)
                return false;

        if (wide_policy == narrow_policy && streq(wide, narrow))
                return true;
        if (wide_policy == TAG_POLICY_GLOB && narrow_policy == TAG_POLICY_GLOB)
                return glob_covers(wide, narrow);

        /* One tag is taken or not; and it is a glob that takes nothing else. */
        if (narrow_policy == TAG_POLICY_DIGEST)
                return tag_policy_match(wide_policy, wide, narrow) > 0;
        if (wide_policy == TAG_POLICY_DIGEST && narrow_policy == TAG_POLICY_GLOB)
                return glob_covers(wide, narrow);

        /* What takes every tag takes these, whatever they are. */
        return (wide_policy == TAG_POLICY_GLOB && glob_covers(wide, "*")) ||
               (wide_policy == TAG_POLICY_REGEX && (streq(wide, ".*") || streq(wide, ".+")));
}
