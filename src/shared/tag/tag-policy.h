/* SPDX-License-Identifier: MIT */
/*
 * Tag policies: how a stage reads its pattern. A table of four: `glob` (glob.h), `semver` (a range of versions, semver.h),
 * `regex` (tag-regex.h) and `digest` (one tag, exactly). What else a policy asks of a push depends on what the stage
 * runs, and is webhookd's business. Pure.
 *
 * The room shared/tag/ reads patterns and versions. Whoever has a stage includes this header; whoever has only a pattern or a
 * version includes glob.h or semver.h. Nothing here knows what a tag belongs to.
 */
#pragma once

#include "shared/macro.h"

/* The longest tag, and the longest pattern of any policy, in bytes. */
#define TAG_MAX         128U
#define TAG_PATTERN_MAX 255U
/* Of a sentence about a bad pattern, with its NUL. */
#define TAG_POLICY_REASON_SIZE 160U

typedef enum TagPolicy {
        TAG_POLICY_GLOB, /* the default */
        TAG_POLICY_SEMVER,
        TAG_POLICY_REGEX,
        TAG_POLICY_DIGEST,
        _TAG_POLICY_MAX,
} TagPolicy;

/* For sentences about what it has to be. */
#define TAG_POLICY_FORMS "glob, semver, regex or digest"

const char *tag_policy_to_string(TagPolicy policy);
/* The policy of that name, or -EINVAL. */
int tag_policy_from_string(const char *name);

/* 0, or -EINVAL, -ENAMETOOLONG or -ENOMEM, and in `ret_reason` what is wrong and, where that is known, at which byte. */
int tag_policy_validate(TagPolicy policy, const char *pattern,
                        char ret_reason[static TAG_POLICY_REASON_SIZE]);

/* 1 when the pattern takes the tag, 0 when not; the errors of a bad pattern. */
int tag_policy_match(TagPolicy policy, const char *pattern, const char *tag);

/*
 * Whether every tag that `narrow` takes is certainly taken by `wide` too. True is a proof; false means "not known", and is
 * the answer for bad patterns.
 */
bool tag_policy_covers(TagPolicy wide_policy, const char *wide, TagPolicy narrow_policy, const char *narrow);
