/* SPDX-License-Identifier: MIT */
/*
 * Two patterns and a text, each on a line of its own: a pattern is malformed for every text or for none, and what covers
 * another takes every tag that the other takes.
 */
#include "fuzz.h"
#include "shared/image-ref.h"
#include "shared/tag/glob.h"

static bool is_tag(const char *text) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_free_ char *reference = NULL;

        if (strpbrk(text, "@/:"))
                return false;

        fuzz_promise(asprintf(&reference, "a:%s", text) >= 0);
        return image_ref_parse(reference, &ref, NULL) == 0;
}

static void check_pattern(const char *pattern, const char *text) {
        size_t offset = SIZE_MAX;
        const char *reason = NULL;
        int valid = glob_validate(pattern, &reason, &offset), match = glob_match(pattern, text);

        fuzz_promise(valid <= 0);
        fuzz_promise(valid == 0 ? match >= 0 : match == valid);
        fuzz_promise(valid == 0 || (!isempty(reason) && offset <= strlen(pattern)));
        fuzz_promise(glob_match(pattern, "") == valid || (valid == 0 && glob_match(pattern, "") == 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *all = NULL;
        char *rest, *wide, *narrow, *text;

        /* Time grows with the product of both lengths. */
        if (size > 4096)
                return 0;

        all = rest = fuzz_string(data, size);
        wide = strsep(&rest, "\n");
        narrow = rest ? strsep(&rest, "\n") : wide;
        text = rest ? rest : narrow;

        check_pattern(wide, text);
        check_pattern(narrow, text);
        if (glob_covers(wide, narrow) && is_tag(text) && glob_match(narrow, text) > 0)
                fuzz_promise(glob_match(wide, text) > 0);
        if (is_tag(text))
                fuzz_promise(glob_match("*", text) == 1);
        if (glob_validate(wide, NULL, NULL) == 0)
                fuzz_promise(glob_covers("*", wide) || strchr(wide, '/'));
        return 0;
}
