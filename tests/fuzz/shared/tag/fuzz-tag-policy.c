/* SPDX-License-Identifier: MIT */
/*
 * Two patterns, two tags, each on a line of its own, and every policy: a pattern is bad for every tag or for none, what
 * covers another takes every tag that the other takes, and versions are in one order.
 */
#include "fuzz.h"
#include "shared/tag/semver.h"
#include "shared/tag/tag-policy.h"

#define TAG_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"

static bool is_tag(const char *text) {
        size_t length = strlen(text);

        return length > 0 && length <= TAG_MAX && strspn(text, TAG_CHARACTERS) == length &&
               !strchr(".-", text[0]);
}

static int sign(int r) {
        return (r > 0) - (r < 0);
}

static void check_versions(const char *one, const char *two, const char *range) {
        Semver a, b;

        if (semver_parse(one, &a) < 0 || semver_parse(two, &b) < 0)
                return;

        fuzz_promise(semver_compare(&a, &a) == 0);
        fuzz_promise(sign(semver_compare(&a, &b)) == -sign(semver_compare(&b, &a)));
        fuzz_promise(a.prerelease_length > 0 || semver_range_match("*", &a) == 1);
        fuzz_promise(a.prerelease_length == 0 || semver_range_match("*", &a) == 0);
        if (semver_range_validate(range, NULL, NULL) == 0)
                fuzz_promise(semver_range_match(range, &a) >= 0);
}

static bool check_pattern(TagPolicy policy, const char *pattern, const char *tag) {
        char reason[TAG_POLICY_REASON_SIZE] = "";
        int valid = tag_policy_validate(policy, pattern, reason),
            match = tag_policy_match(policy, pattern, tag);

        fuzz_promise(valid <= 0);
        fuzz_promise(valid == 0 ? match >= 0 : match == valid);
        fuzz_promise(valid == 0 || reason[0]);
        return match > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *lines[4] = { "", "", "", "" };
        _cleanup_free_ char *all = NULL;
        char *rest;

        if (size > 1024)
                return 0;

        all = rest = fuzz_string(data, size);
        for (size_t i = 0; i < ELEMENTSOF(lines) && rest; i++)
                lines[i] = strsep(&rest, "\n");

        check_versions(lines[2], lines[3], lines[0]);
        for (TagPolicy wide = 0; wide < _TAG_POLICY_MAX; wide++) {
                bool taken = check_pattern(wide, lines[0], lines[2]);

                for (TagPolicy narrow = 0; narrow < _TAG_POLICY_MAX; narrow++)
                        if (is_tag(lines[2]) && tag_policy_covers(wide, lines[0], narrow, lines[1]) &&
                            check_pattern(narrow, lines[1], lines[2]))
                                fuzz_promise(taken);
        }

        return 0;
}
