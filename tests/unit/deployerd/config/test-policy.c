/* SPDX-License-Identifier: MIT */
#include "deployerd/config/policy.h"

#include "unit.h"

static int allows(const char *const patterns[], const char *image) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;

        assert_int_equal(image_ref_parse(image, &ref, NULL), 0);
        return policy_allows_image((char *const *) (uintptr_t) patterns, ref);
}

static void policy_without_patterns_allows_everything(void **state) {
        (void) state;

        assert_int_equal(allows(NULL, "nginx"), 1);
        assert_int_equal(allows((const char *const[]){ NULL }, "nginx"), 1);
}

static void policy_looks_at_the_whole_repository(void **state) {
        static const char *const patterns[] = { "docker.io/library/*", "registry.example:5000/acme/shop",
                                                NULL };

        (void) state;

        assert_int_equal(allows(patterns, "nginx:latest"), 1);
        assert_int_equal(allows(patterns, "docker.io/acme/nginx"), 0);
        assert_int_equal(allows(patterns, "registry.example:5000/acme/shop:v1"), 1);
        assert_int_equal(allows(patterns, "registry.example:5000/acme/shop2"), 0);
        assert_int_equal(allows(patterns, "registry.example:5000/acme/shop/x"), 0);
        assert_int_equal(allows(patterns, "registry.example/acme/shop"), 0);
        assert_int_equal(allows(patterns, "evil.example/docker.io/library/nginx"), 0);
}

static void policy_star_never_crosses_a_slash(void **state) {
        static const char *const patterns[] = { "*/acme/*", NULL };

        (void) state;

        assert_int_equal(allows(patterns, "registry.example/acme/shop"), 1);
        assert_int_equal(allows(patterns, "registry.example/acme/shop/x"), 0);
        assert_int_equal(allows(patterns, "registry.example/x/acme/shop"), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(policy_without_patterns_allows_everything),
                cmocka_unit_test(policy_looks_at_the_whole_repository),
                cmocka_unit_test(policy_star_never_crosses_a_slash),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
