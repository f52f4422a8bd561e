/* SPDX-License-Identifier: MIT */
#include "deployerd/config/hash.h"

#include "shared/json.h"
#include "unit.h"

static void hash_of(const char *text, const char *repository, char ret[static CONFIG_HASH_SIZE]) {
        _cleanup_(json_freep) json_t *json = NULL;
        JsonError error;

        assert_int_equal(json_decode(text, strlen(text), &json, &error), 0);
        assert_int_equal(config_hash(json, repository, ret), 0);
}

static void hash_is_sha256_of_the_sorted_text(void **state) {
        char hash[CONFIG_HASH_SIZE];

        (void) state;

        hash_of("{\"b\":[1,2],\"a\":{}}", "r.example/a", hash);
        /* printf 'r.example/a\n{"a":{},"b":[1,2]}' | sha256sum */
        assert_string_equal(hash, "0ee2189557894af89409a9b306e8c8bc3c2a1f18a4cf3b06a718d6c5f4d7d2f3");
}

static void hash_depends_on_content_and_not_on_order(void **state) {
        char first[CONFIG_HASH_SIZE], second[CONFIG_HASH_SIZE];

        (void) state;

        hash_of("{\"a\":1,\"b\":{\"x\":1,\"y\":2}}", "r", first);
        hash_of("{\"b\":{\"y\":2,\"x\":1},\"a\":1}", "r", second);
        assert_string_equal(first, second);
        hash_of("{\"a\":1,\"b\":{\"x\":1,\"y\":3}}", "r", second);
        assert_string_not_equal(first, second);
        hash_of("{\"a\":1,\"b\":{\"x\":1,\"y\":2}}", "s", second);
        assert_string_not_equal(first, second);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(hash_is_sha256_of_the_sorted_text),
                cmocka_unit_test(hash_depends_on_content_and_not_on_order),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
