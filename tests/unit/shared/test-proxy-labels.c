/* SPDX-License-Identifier: MIT */
#include "shared/proxy-labels.h"

#include "shared/json.h"
#include "unit.h"

static void labels_of_proxies_are_told_from_others(void **state) {
        static const char *const proxies[] = {
                "traefik.enable", "Traefik.Enable",      "traefik.http.routers.shop.rule",
                "caddy",          "caddy.reverse_proxy", "caddy_1"
        };
        static const char *const others[] = { "org.example.traefik.enable", "traefik", "Caddy", "", "shop" };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(proxies); i++) {
                _cleanup_(json_freep) json_t *labels = json_pack("{s:s, s:s}", "shop", "1", proxies[i], "x");

                assert_string_equal(proxy_labels_find(labels), proxies[i]);
        }
        for (size_t i = 0; i < ELEMENTSOF(others); i++) {
                _cleanup_(json_freep) json_t *labels = json_pack("{s:s}", others[i], "x");

                assert_null(proxy_labels_find(labels));
        }
        assert_null(proxy_labels_find(NULL));
}

int main(void) {
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(labels_of_proxies_are_told_from_others),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
