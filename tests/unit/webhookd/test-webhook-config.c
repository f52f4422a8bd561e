/* SPDX-License-Identifier: MIT */
/* What webhookd.conf may say, and how it is refused as a whole when one line of it cannot be meant. */
#include "webhookd/webhook-config.h"

#include <stdio.h>
#include <sys/stat.h>

#include "unit.h"
#include "webhookd/payload/host-alias.h"

typedef struct Fixture {
        char folder[32], path[64];
} Fixture;

static int setup(void **state) {
        Fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        (void) snprintf(f->folder, sizeof(f->folder), "/tmp/config-XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        (void) snprintf(f->path, sizeof(f->path), "%s/webhookd.conf", f->folder);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        Fixture *f = *state;

        (void) unlink(f->path);
        assert_int_equal(rmdir(f->folder), 0);
        free(f);
        return 0;
}

/* What loading says of a file with these lines. */
static int load(const Fixture *f, const char *lines, WebhookConfig *ret) {
        FILE *file = fopen(f->path, "we");

        assert_non_null(file);
        assert_true(fprintf(file, "[Webhook]\n%s\n", lines) > 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(f->path, 0640), 0);
        return webhook_config_load(f->path, ret);
}

static void assert_refused(const Fixture *f, const char *lines) {
        WebhookConfig config;

        assert_true(load(f, lines, &config) < 0);
}

static void absent_file_leaves_the_defaults(void **state) {
        _cleanup_(webhook_config_done) WebhookConfig config = { .public_url = NULL };
        const Fixture *f = *state;

        assert_int_equal(webhook_config_load(f->path, &config), 0);
        assert_string_equal(config.public_url, "");
        assert_true(config.auto_create);
        assert_null(config.host_aliases);
        assert_int_equal(config.max_queued, 1000);
        assert_int_equal(config.max_connections, 512);
}

static void public_url_loses_its_last_slashes(void **state) {
        _cleanup_(webhook_config_done) WebhookConfig config = { .public_url = NULL };

        assert_int_equal(load(*state, "PublicURL=https://deploy.example.com/forge//", &config), 0);
        assert_string_equal(config.public_url, "https://deploy.example.com/forge");
}

static void public_url_of_another_scheme_is_refused(void **state) {
        assert_refused(*state, "PublicURL=ftp://deploy.example.com");
        assert_refused(*state, "PublicURL=deploy.example.com");
}

static void registry_is_tried_for_30_days_at_most(void **state) {
        _cleanup_(webhook_config_done) WebhookConfig config = { .public_url = NULL };

        assert_refused(*state, "RetryForSec=30d 1us");
        assert_refused(*state, "RetryForSec=for ever");
        assert_int_equal(load(*state, "RetryForSec=30d", &config), 0);
        assert_int_equal(config.retry_for_usec, 30 * 24 * 3600 * USEC_PER_SEC);
}

static void count_is_one_at_least_and_bounded(void **state) {
        _cleanup_(webhook_config_done) WebhookConfig config = { .public_url = NULL };

        assert_refused(*state, "MaxQueued=0");
        assert_refused(*state, "MaxQueued=100001");
        assert_refused(*state, "MaxConnections=0");
        assert_refused(*state, "MaxConnections=-1");
        assert_int_equal(load(*state, "MaxQueued=1\nMaxConnections=100000", &config), 0);
        assert_int_equal(config.max_queued, 1);
        assert_int_equal(config.max_connections, 100000);
}

static void signature_is_one_of_three_words(void **state) {
        _cleanup_(webhook_config_done) WebhookConfig config = { .public_url = NULL };

        assert_refused(*state, "Signature=always");
        assert_int_equal(load(*state, "Signature=required", &config), 0);
        assert_int_equal(config.signature, SIGNATURE_RULE_REQUIRED);
}

/* HostAliases= with `n` of them. */
static void write_aliases(char *text, size_t size, unsigned n) {
        size_t length = (size_t) snprintf(text, size, "HostAliases=");

        for (unsigned i = 0; i < n; i++)
                length += (size_t) snprintf(text + length, size - length, "h%u:5000=r%u.example ", i, i);
        assert_true(length < size);
}

static void host_aliases_are_bounded(void **state) {
        _cleanup_(webhook_config_done) WebhookConfig config = { .public_url = NULL };
        char text[4096];

        write_aliases(text, sizeof(text), HOST_ALIASES_MAX + 1);
        assert_refused(*state, text);
        write_aliases(text, sizeof(text), HOST_ALIASES_MAX);
        assert_int_equal(load(*state, text, &config), 0);
        assert_non_null(config.host_aliases[HOST_ALIASES_MAX - 1]);
        assert_null(config.host_aliases[HOST_ALIASES_MAX]);
}

static void host_has_one_alias(void **state) {
        assert_refused(*state, "HostAliases=a.example=b.example a.example=c.example");
        assert_refused(*state, "HostAliases=a.example");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(absent_file_leaves_the_defaults),
                TEST(public_url_loses_its_last_slashes),
                TEST(public_url_of_another_scheme_is_refused),
                TEST(registry_is_tried_for_30_days_at_most),
                TEST(count_is_one_at_least_and_bounded),
                TEST(signature_is_one_of_three_words),
                TEST(host_aliases_are_bounded),
                TEST(host_has_one_alias),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
