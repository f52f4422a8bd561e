/* SPDX-License-Identifier: MIT */
/* Host aliases, and how webhookd.conf has them. */
#include "webhookd/payload/host-alias.h"

#include <fcntl.h>
#include <stdio.h>

#include "unit.h"
#include "webhookd/webhook-config.h"

static void alias_has_a_host_on_the_left_and_a_domain_on_the_right(void **state) {
        static const char *const good[] = {
                "registry=registry.example.com",
                "registry:5000=registry.example.com:443",
                "aliyun=registry.cn-example.example.com",
                "127.0.0.1:5000=localhost:5000",
                "[2001:db8::1]:5000=registry.example.com",
                "acme.jfrog.example.com/local=acme.jfrog.example.com/local",
                "old.example.com=docker.io",
        };
        static const char *const bad[] = {
                "",
                "registry",
                "=registry.example.com",
                "registry=",
                "registry=other",
                "a=b.example.com=c.example.com",
                "a b=c.example.com",
                "a=c.example.com:tag",
                "a=c.example.com/Path",
                "a=C.example.com",
                "a=c.example.com/",
                "a=https://c.example.com",
                "/a=c.example.com",
                "a=c.example.com/x@sha256:0",
                "a\n=c.example.com",
                "https://a=c.example.com@",
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                if (!host_alias_is_valid(good[i]))
                        fail_msg("%s", good[i]);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (host_alias_is_valid(bad[i]))
                        fail_msg("%s", bad[i]);
}

static void alias_is_found_by_the_whole_host_without_capitals(void **state) {
        static char a[] = "Registry:5000=a.example.com", b[] = "registry=b.example.com",
                    c[] = "registry/team=c.example.com";
        static char *aliases[] = { a, b, c, NULL };

        (void) state;

        assert_string_equal(host_alias_find(aliases, "registry:5000", NULL), "a.example.com");
        assert_string_equal(host_alias_find(aliases, "REGISTRY", NULL), "b.example.com");
        assert_string_equal(host_alias_find(aliases, "registry", "team"), "c.example.com");
        assert_string_equal(host_alias_find(aliases, "registry", "other"), "b.example.com");
        assert_null(host_alias_find(aliases, "registry:50", NULL));
        assert_null(host_alias_find(aliases, "regis", NULL));
        assert_null(host_alias_find(aliases, "registry:50000", "team"));
        assert_null(host_alias_find(NULL, "registry", NULL));
        assert_true(host_alias_is_same(b, "REGISTRY=c.example.com"));
        assert_false(host_alias_is_same(a, b));
}

/* Loads a configuration with these lines; returns what webhook_config_load() did. */
static int load(const char *lines, WebhookConfig *config) {
        char path[] = "/tmp/tinyforge-alias.XXXXXX";
        int fd = mkostemp(path, O_CLOEXEC), r;

        assert_true(fd >= 0);
        assert_true(dprintf(fd, "[Webhook]\n%s", lines) > 0);
        (void) close(fd);
        r = webhook_config_load(path, config);
        (void) unlink(path);
        return r;
}

static void configuration_takes_aliases_and_refuses_what_is_none(void **state) {
        static const char *const bad[] = {
                "HostAliases=registry\n",
                "HostAliases=a=b.example.com A=c.example.com\n",
                "HostAliases=a=b.example.com\nHostAliases=a=b.example.com\n",
        };
        WebhookConfig config = { 0 };

        (void) state;

        assert_int_equal(load("HostAliases=a=b.example.com c=d.example.com\nHostAliases=e=f.example.com\n",
                              &config),
                         0);
        assert_string_equal(host_alias_find(config.host_aliases, "e", NULL), "f.example.com");
        assert_string_equal(host_alias_find(config.host_aliases, "c", NULL), "d.example.com");
        webhook_config_done(&config);

        assert_int_equal(load("HostAliases=a=b.example.com\nHostAliases=\n", &config), 0);
        assert_null(host_alias_find(config.host_aliases, "a", NULL));
        webhook_config_done(&config);

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                assert_int_equal(load(bad[i], &config), -EINVAL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(alias_has_a_host_on_the_left_and_a_domain_on_the_right),
                cmocka_unit_test(alias_is_found_by_the_whole_host_without_capitals),
                /* Files of other people's are refused before they are read. */
                UNIT_TEST_IF(geteuid() == 0, "wants root",
                             configuration_takes_aliases_and_refuses_what_is_none),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
