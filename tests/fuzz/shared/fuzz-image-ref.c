/* SPDX-License-Identifier: MIT */
/* What is taken for an image reference keeps to the limits, and its normalised form reads as itself. */
#include "fuzz.h"
#include "shared/image-ref.h"

static void check_parts(const ImageRef *ref) {
        fuzz_promise(!isempty(ref->domain) && !strchr(ref->domain, '/'));
        fuzz_promise(!isempty(ref->path) && strlen(ref->path) <= IMAGE_NAME_MAX);
        fuzz_promise(!ref->tag || (!isempty(ref->tag) && strlen(ref->tag) <= IMAGE_TAG_MAX));
        fuzz_promise(!ref->digest || image_digest_is_valid(ref->digest));
        for (const char *p = ref->path; *p; p++)
                fuzz_promise((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') || strchr("/._-", *p));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *text = fuzz_string(data, size), *normal = NULL, *again = NULL,
                            *repository = NULL;
        _cleanup_(image_ref_freep) ImageRef *ref = NULL, *same = NULL;
        const char *reason = NULL;
        int r;

        r = image_ref_parse(text, &ref, &reason);
        if (r < 0) {
                fuzz_promise(r == -EINVAL || r == -ENAMETOOLONG);
                fuzz_promise(!ref && !isempty(reason));
                return 0;
        }

        check_parts(ref);
        fuzz_promise(image_ref_format(ref, &normal) == 0);
        fuzz_promise(image_ref_repository(ref, &repository) == 0);
        fuzz_promise(strncmp(normal, repository, strlen(repository)) == 0);

        /* Up to "docker.io/library/" longer than what was given, which the limit of all references may not allow. */
        if (strlen(normal) > IMAGE_REF_MAX)
                return 0;
        fuzz_promise(image_ref_parse(normal, &same, NULL) == 0);
        fuzz_promise(image_ref_format(same, &again) == 0);
        fuzz_promise(streq(normal, again));
        return 0;
}
