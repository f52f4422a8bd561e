/* SPDX-License-Identifier: MIT */
/* Each sender's bodies: who is recognised, which images it says were pushed, and what is left aside. */
#include <inttypes.h>

#include "payload-fixture.h"

#define SHA  "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define GHCR "ghcr.io/acme/shop"
#define REG  "registry.example.com:5000/acme/shop"
#define GAR  "europe-docker.pkg.example.com/acme/apps/shop"
#define ECR  "012345678901.dkr.ecr.eu-central-1.amazonaws.com/acme/shop"

typedef struct Case {
        const char *name, *provider, *expected;
} Case;

static const Case cases[] = {
        { "acr/tagged", "acr", "+acme.azurecr.example.com/acme/shop:v1@" SHA },
        { "acr/without-header", "acr", "+acme.azurecr.example.com/acme/shop:v1@" SHA },
        { "acr/untagged", "acr", "-untagged(acme.azurecr.example.com/acme/shop)" },
        { "acr/delete", "acr", "-delete(acme.azurecr.example.com/acme/shop)" },
        { "acr/ping", "acr", "-ping" },
        { "acr/chart", "acr", "-not-a-push(acme.azurecr.example.com/acme/shop)" },
        { "acr/malformed", "acr", "-no-image" },
        { "acr/without-host", "acr", "-no-host-alias[acr]" },
        { "aliyun/region", "aliyun", "+registry.cn-example.example.com/acme/shop:v1@" SHA },
        { "aliyun/tagged", "aliyun", "+registry.cn-example.example.com/acme/shop:v1@" SHA },
        { "aliyun/untagged", "aliyun", "-untagged(registry.cn-example.example.com/acme/shop)" },
        { "aliyun/malformed", "aliyun", "-no-image" },
        { "cloudevents/unknown", "cloudevents", "-unknown-event" },
        { "cloudevents/binary", "cloudevents", "-unknown-event" },
        { "cloudevents/batch", "cloudevents", "+" ECR ":v1@" SHA " -unknown-event" },
        { "cloudevents/malformed", "cloudevents", "-unknown-event" },
        { "distribution/tagged", "distribution", "+" REG ":v1@" SHA " -not-a-manifest(" REG ")" },
        { "distribution/index", "distribution", "+" REG ":v1@" SHA " -untagged(" REG ")" },
        { "distribution/many-tags", "distribution",
          "+" REG ":v1@" SHA " +" REG ":latest@" SHA " +registry.example.com:5000/acme/desk:v1@" SHA },
        { "distribution/untagged", "distribution", "-untagged(" REG ")" },
        { "distribution/pull", "distribution", "-pull(" REG ")" },
        { "distribution/delete", "distribution", "-delete(" REG ")" },
        { "distribution/mount", "distribution", "-not-a-push(" REG ")" },
        { "distribution/never-seen", "distribution", "-unknown-event(" REG ")" },
        { "distribution/empty", "distribution", "-no-image" },
        { "distribution/malformed", "distribution", "-unknown-event -no-image" },
        { "distribution/without-type", "distribution", "+" REG ":v1@" SHA },
        { "distribution/from-inside", "distribution", "-no-host-alias[registry]" },
        { "distribution/chart", "distribution", "-not-a-push(" REG ")" },
        { "docker-hub/tagged", "docker-hub", "+docker.io/acme/shop:v1" },
        { "docker-hub/official", "docker-hub", "+docker.io/library/shop:1" },
        { "docker-hub/untagged", "docker-hub", "-untagged(docker.io/acme/shop)" },
        { "docker-hub/attached", "docker-hub", "-attached(docker.io/acme/shop)" },
        { "docker-hub/malformed", "docker-hub", "-untagged(docker.io/acme/shop)" },
        { "docker-hub/chart", "docker-hub", "-not-a-push(docker.io/acme/shop)" },
        { "ecr/tagged", "ecr", "+" ECR ":v1@" SHA },
        { "ecr/china", "ecr", "+012345678901.dkr.ecr.cn-north-1.amazonaws.com.cn/acme/shop:v1@" SHA },
        { "ecr/untagged", "ecr", "-untagged(" ECR ")" },
        { "ecr/delete", "ecr", "-delete(" ECR ")" },
        { "ecr/malformed", "ecr", "-no-host-alias[ecr]" },
        { "ecr/bridge", "ecr", "+" ECR ":v1@" SHA },
        { "ecr/bridge-delete", "ecr", "-delete(" ECR ")" },
        { "ecr/bridge-failure", "ecr", "-not-a-push" },
        { "ecr/bridge-chart", "ecr", "-not-a-push(" ECR ")" },
        { "ecr/chart", "ecr", "-not-a-push(" ECR ")" },
        { "ecr/subject", "ecr", "+" ECR ":v1@" SHA },
        { "ecr/subject-binary", "ecr", "+" ECR ":v1" },
        { "ecr/subject-untagged", "ecr", "-untagged(" ECR ")" },
        { "event-grid/tagged", "event-grid", "+acme.azurecr.example.com/acme/shop:v1@" SHA },
        { "event-grid/without-header", "event-grid", "+acme.azurecr.example.com/acme/shop:v1@" SHA },
        { "event-grid/cloudevent", "event-grid", "+acme.azurecr.example.com/acme/shop:v1@" SHA },
        { "event-grid/untagged", "event-grid", "-untagged(acme.azurecr.example.com/acme/shop)" },
        { "event-grid/delete", "event-grid", "-delete(acme.azurecr.example.com/acme/shop)" },
        { "event-grid/chart", "event-grid", "-not-a-push(acme.azurecr.example.com/acme/shop)" },
        { "event-grid/validation", "event-grid", "-ping" },
        { "event-grid/malformed", "event-grid", "-unknown-event" },
        { "forgejo/tagged", "forgejo", "+git.example.com:3000/acme/shop:v1" },
        { "forgejo/form", "forgejo", "+git.example.com:3000/acme/shop:v1" },
        { "forgejo/untagged", "forgejo", "-untagged(git.example.com:3000/acme/shop)" },
        { "forgejo/delete", "forgejo", "-delete(git.example.com:3000/acme/shop)" },
        { "forgejo/npm", "forgejo", "-not-a-container" },
        { "forgejo/push-of-commits", "forgejo", "-unknown-event" },
        { "forgejo/malformed", "forgejo", "-not-a-container" },
        { "generic/tagged", "generic", "+registry.example.com/acme/shop:v1" },
        { "generic/digest", "generic", "+registry.example.com/acme/shop:v1@" SHA },
        { "generic/beside", "generic", "+registry.example.com/acme/shop:v1@" SHA },
        { "generic/list", "generic",
          "+registry.example.com/acme/shop:v1 +registry.example.com/acme/desk:v2" },
        { "generic/two-tags", "", "400 the image and the body name two tags" },
        { "generic/name", "generic", "+registry.example.com/acme/shop:v1" },
        { "generic/short-name", "",
          "400 \"name\" does not begin with the registry's host, such as docker.io/" },
        { "generic/foreign", "generic", "-unknown-event" },
        { "generic/malformed", "", "400 \"image\" is not a string" },
        { "gitea/tagged", "gitea", "+git.example.com:3000/acme/shop:v1" },
        { "gitea/form", "gitea", "+git.example.com:3000/acme/shop:v1" },
        { "gitea/without-time", "gitea", "+git.example.com:3000/acme/shop:v1" },
        { "gitea/untagged", "gitea", "-untagged(git.example.com:3000/acme/shop)" },
        { "gitea/delete", "gitea", "-delete(git.example.com:3000/acme/shop)" },
        { "gitea/npm", "gitea", "-not-a-container" },
        { "gitea/push-of-commits", "gitea", "-unknown-event" },
        { "gitea/malformed", "gitea", "-not-a-container" },
        { "github/tagged", "github", "+" GHCR ":v1@" SHA },
        { "github/without-header", "github", "+" GHCR ":v1@" SHA },
        { "github/registry-package", "github", "+" GHCR ":v1@" SHA },
        { "github/no-url", "github", "+" GHCR ":v1@" SHA },
        { "github/updated-old-type", "github", "+docker.pkg.example.com/acme/web/shop:v1@" SHA },
        { "github/times", "github", "+" GHCR ":v1@" SHA },
        { "github/untagged", "github", "-untagged(" GHCR ")" },
        { "github/delete", "github", "-delete(" GHCR ")" },
        { "github/npm", "github", "-not-a-container" },
        { "github/ping", "github", "-ping" },
        { "github/push-of-commits", "github", "-unknown-event" },
        { "github/malformed", "github", "-not-a-container" },
        { "github/chart", "github", "-not-a-push(" GHCR ")" },
        { "github/digest-as-tag", "github", "-untagged(" GHCR ")" },
        { "gitlab/pipeline", "gitlab", "-unknown-event" },
        { "gitlab/system", "gitlab", "-unknown-event" },
        { "gitlab/malformed", "gitlab", "-unknown-event" },
        { "gitlab/own-template", "generic", "+registry.example.com/acme/shop:v1" },
        { "gitlab/release", "gitlab", "-unknown-event" },
        { "google/tagged", "google", "+" GAR ":v1@" SHA },
        { "google/untagged", "google", "-untagged(" GAR ")" },
        { "google/delete", "google", "-delete(" GAR ")" },
        { "google/envelope", "google", "+" GAR ":v1@" SHA },
        { "google/envelope-delete", "google", "-delete(" GAR ")" },
        { "google/envelope-foreign", "google", "-unknown-event" },
        { "google/malformed", "google", "-unknown-event" },
        { "harbor/tagged", "harbor", "+harbor.example.com/acme/shop:v1@" SHA },
        { "harbor/tagged-1", "harbor", "+harbor.example.com/acme/shop:v1@" SHA },
        { "harbor/two", "harbor",
          "+harbor.example.com/acme/shop:v1@" SHA " +harbor.example.com/acme/shop:v2@sha256:"
          "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210" },
        { "harbor/untagged", "harbor", "-untagged(harbor.example.com/acme/shop)" },
        { "harbor/pull", "harbor", "-pull(harbor.example.com/acme/shop)" },
        { "harbor/delete", "harbor", "-delete(harbor.example.com/acme/shop)" },
        { "harbor/delete-1", "harbor", "-delete(harbor.example.com/acme/shop)" },
        { "harbor/scanned", "harbor", "-not-a-push(harbor.example.com/acme/shop)" },
        { "harbor/never-seen", "harbor", "-unknown-event(harbor.example.com/acme/shop)" },
        { "harbor/malformed", "harbor", "-no-image" },
        { "harbor/cloudevent", "harbor", "+harbor.example.com/acme/shop:v1@" SHA },
        { "harbor/cloudevent-pull", "harbor", "-pull(harbor.example.com/acme/shop)" },
        { "harbor/cloudevent-binary", "harbor", "+harbor.example.com/acme/shop:v1@" SHA },
        { "harbor/chart", "harbor", "-not-a-push(harbor.example.com/acme/shop)" },
        { "harbor/chart-pull", "harbor", "-not-a-push(harbor.example.com/acme/shop)" },
        { "harbor/chart-delete", "harbor", "-not-a-push(harbor.example.com/acme/shop)" },
        { "harbor/digest-as-tag", "harbor", "-untagged(harbor.example.com/acme/shop)" },
        { "jfrog/tagged", "jfrog", "+acme.jfrog.example.com/acme/shop:v1" },
        { "jfrog/untagged", "jfrog", "-untagged(acme.jfrog.example.com/acme/shop)" },
        { "jfrog/delete", "jfrog", "-delete(acme.jfrog.example.com/acme/shop)" },
        { "jfrog/promoted", "jfrog", "-not-a-push(acme.jfrog.example.com/acme/shop)" },
        { "jfrog/artifact", "jfrog", "-not-a-container" },
        { "jfrog/malformed", "jfrog", "-no-image" },
        { "jfrog/chart", "jfrog", "-not-a-push(acme.jfrog.example.com/acme/shop)" },
        { "jfrog/bare", "jfrog", "+acme.jfrog.example.com/acme/shop:v1" },
        { "jfrog/without-host", "jfrog", "-no-host-alias[jfrog]" },
        { "nexus/tagged", "nexus", "+images.example.com/acme/shop:v1" },
        { "nexus/updated", "nexus", "+images.example.com/acme/shop:v1" },
        { "nexus/without-header", "nexus", "+images.example.com/acme/shop:v1" },
        { "nexus/untagged", "nexus", "-untagged(images.example.com/acme/shop)" },
        { "nexus/delete", "nexus", "-delete(images.example.com/acme/shop)" },
        { "nexus/purge", "nexus", "-delete(images.example.com/acme/shop)" },
        { "nexus/npm", "nexus", "-not-a-container" },
        { "nexus/asset", "nexus", "-unknown-event" },
        { "nexus/malformed", "nexus", "-not-a-container" },
        { "quay/tagged", "quay", "+quay.example.com/acme/shop:v1" },
        { "quay/two", "quay", "+quay.example.com/acme/shop:v1 +quay.example.com/acme/shop:latest" },
        { "quay/object", "quay", "+quay.example.com/acme/shop:v1" },
        { "quay/untagged", "quay", "-untagged(quay.example.com/acme/shop)" },
        { "quay/build", "quay", "-unknown-event(quay.example.com/acme/shop)" },
        { "quay/malformed", "quay", "-untagged(quay.example.com/acme/shop)" },
        { "quay/robot", "quay", "+quay.example.com/acme/shop:v1" },
        { "quay/named-tags", "quay", "+quay.example.com/acme/shop:v1 +quay.example.com/acme/shop:latest" },
        { "quay/one-tag", "quay", "+quay.example.com/acme/shop:v1" },
        { "quay/homepage", "quay", "+quay.example.com/acme/shop:v1" },
        { "recognise/nobody", "", "400 no image in the body" },
        { "recognise/name-alone", "", "400 no image in the body" },
        { "recognise/empty-type", "github", "+" GHCR ":v1@" SHA },
        { "zot/tagged", "zot", "+hub.example.com/acme/shop:v1@" SHA },
        { "zot/source", "zot", "+zot.example.com/acme/shop:v1@" SHA },
        { "zot/structured", "zot", "+hub.example.com/acme/shop:v1@" SHA },
        { "zot/own-prefix", "zot", "+zot.example.com/acme/shop:v1@" SHA },
        { "zot/bare", "zot", "+hub.example.com/acme/shop:v1@" SHA },
        { "zot/untagged", "zot", "-untagged(hub.example.com/acme/shop)" },
        { "zot/delete", "zot", "-delete(hub.example.com/acme/shop)" },
        { "zot/lint", "zot", "-not-a-push(hub.example.com/acme/shop)" },
        { "zot/repository", "zot", "-not-a-push(hub.example.com/acme/shop)" },
        { "zot/chart", "zot", "-not-a-push(hub.example.com/acme/shop)" },
        { "zot/malformed", "zot", "-no-image" },
};

static void senders_are_recognised_and_say_what_they_pushed(void **state) {
        unsigned n_wrong = 0;

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(posted_done) Posted posted = { 0 };
                const char *provider;
                char described[2048];

                posted_read(cases[i].name, &posted);
                request_describe(&posted.request, fixture_aliases, described, sizeof(described), &provider);
                if (streq(described, cases[i].expected) && streq(provider, cases[i].provider))
                        continue;

                print_message("# %s: %s: %s\n", cases[i].name, provider, described);
                n_wrong++;
        }

        assert_int_equal(n_wrong, 0);
}

static void sender_without_a_host_is_ignored_until_it_has_an_alias(void **state) {
        static const Case cases_without[] = {
                { "acr/without-host", NULL, "-no-host-alias[acr]" },
                { "distribution/from-inside", NULL, "-no-host-alias[registry]" },
                { "jfrog/bare", NULL, "-no-host-alias[jfrog]" },
                { "nexus/tagged", NULL, "-no-host-alias[nexus]" },
                { "zot/tagged", NULL, "-no-host-alias[zot]" },
                { "aliyun/region-malformed", NULL, "-no-host-alias[aliyun]" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases_without); i++) {
                _cleanup_(posted_done) Posted posted = { 0 };
                char described[256];

                posted_read(cases_without[i].name, &posted);
                request_describe(&posted.request, NULL, described, sizeof(described), NULL);
                assert_string_equal(described, cases_without[i].expected);
        }
}

static void region_of_aliyun_names_its_registry_unless_an_alias_does(void **state) {
        static char scoped[] = "aliyun/cn-elsewhere=mirror.example.com",
                    whole[] = "aliyun=registry.cn-example.example.com",
                    by_name[] = "registry.cn-elsewhere.aliyuncs.com=vpc.example.com";
        static const struct {
                char *aliases[3];
                const char *expected;
        } regions[] = {
                { { NULL }, "+registry.cn-elsewhere.aliyuncs.com/acme/shop:v1@" SHA },
                { { whole, NULL }, "+registry.cn-example.example.com/acme/shop:v1@" SHA },
                { { whole, scoped, NULL }, "+mirror.example.com/acme/shop:v1@" SHA },
                { { by_name, NULL }, "+vpc.example.com/acme/shop:v1@" SHA },
        };
        _cleanup_(posted_done) Posted posted = { 0 };

        (void) state;

        posted_read("aliyun/region", &posted);
        for (size_t i = 0; i < ELEMENTSOF(regions); i++) {
                char described[256];

                request_describe(&posted.request, regions[i].aliases, described, sizeof(described), NULL);
                assert_string_equal(described, regions[i].expected);
        }
}

static void senders_tell_when_it_was_pushed(void **state) {
        static const struct {
                const char *name;
                uint64_t pushed_at;
        } times[] = {
                { "acr/tagged", UINT64_C(1704164645123456) },
                { "distribution/tagged", UINT64_C(1704164645123456) },
                { "docker-hub/tagged", UINT64_C(1700000000000000) },
                { "ecr/tagged", UINT64_C(1704164645000000) },
                { "ecr/bridge", UINT64_C(1704164645000000) },
                { "ecr/subject-binary", UINT64_C(1704164645000000) },
                { "event-grid/tagged", UINT64_C(1704164645123456) },
                { "event-grid/cloudevent", UINT64_C(1704164645123456) },
                { "forgejo/tagged", UINT64_C(1704164645000000) },
                { "gitea/tagged", UINT64_C(1704164645000000) },
                { "gitea/without-time", 0 },
                { "github/times", UINT64_C(1704164645000000) },
                { "google/envelope", UINT64_C(1704164645250000) },
                { "harbor/tagged", UINT64_C(1700000000000000) },
                { "harbor/cloudevent", UINT64_C(1704164645000000) },
                { "nexus/tagged", UINT64_C(1704164645664000) },
                { "zot/tagged", UINT64_C(1704164645500000) },
                { "zot/structured", UINT64_C(1704164645500000) },
                /* These have none, or one without a zone. */
                { "aliyun/tagged", 0 },
                { "generic/tagged", 0 },
                { "google/tagged", 0 },
                { "harbor/cloudevent-binary", 0 },
                { "jfrog/tagged", 0 },
                { "quay/tagged", 0 },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(times); i++) {
                _cleanup_(posted_done) Posted posted = { 0 };
                _cleanup_(push_list_done) PushList list = { .n = 0 };
                PayloadVerdict verdict;
                JsonError error;

                posted_read(times[i].name, &posted);
                assert_int_equal(payload_decode(&posted.request, fixture_aliases, &list, &verdict, &error),
                                 0);
                assert_true(verdict == PAYLOAD_OK && list.n > 0);
                if (list.items[0].pushed_at != times[i].pushed_at)
                        fail_msg("%s: %" PRIu64, times[i].name, list.items[0].pushed_at);
        }
}

static void alias_names_hosts_as_they_are_called_here(void **state) {
        static char inside[] = "Registry:5000=registry.example.com",
                    short_name[] = "registry=hub.example.com/team",
                    scoped[] = "acme.jfrog.example.com/local=local.jfrog.example.com",
                    hub[] = "docker.io=mirror.example.com", to_hub[] = "old.example.com=docker.io";
        static char *aliases[] = { inside, short_name, scoped, hub, to_hub, NULL };
        static const Case named[] = {
                { "{\"image\":\"registry:5000/acme/shop:v1\"}", NULL, "+registry.example.com/acme/shop:v1" },
                { "{\"image\":\"acme/shop:v1\"}", NULL, "+mirror.example.com/acme/shop:v1" },
                { "{\"image\":\"old.example.com/shop:v1\"}", NULL, "+docker.io/library/shop:v1" },
                { "{\"image\":\"other.example.com/shop:v1\"}", NULL, "+other.example.com/shop:v1" },
        };
        static const Case read[] = {
                { "distribution/from-inside", NULL, "+hub.example.com/team/acme/shop:v1@" SHA },
                { "jfrog/tagged", NULL, "+local.jfrog.example.com/acme/shop:v1" },
        };
        char described[256];

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(named); i++) {
                body_describe(named[i].name, aliases, described, sizeof(described));
                assert_string_equal(described, named[i].expected);
        }
        for (size_t i = 0; i < ELEMENTSOF(read); i++) {
                _cleanup_(posted_done) Posted posted = { 0 };

                posted_read(read[i].name, &posted);
                request_describe(&posted.request, aliases, described, sizeof(described), NULL);
                assert_string_equal(described, read[i].expected);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(senders_are_recognised_and_say_what_they_pushed),
                cmocka_unit_test(sender_without_a_host_is_ignored_until_it_has_an_alias),
                cmocka_unit_test(region_of_aliyun_names_its_registry_unless_an_alias_does),
                cmocka_unit_test(senders_tell_when_it_was_pushed),
                cmocka_unit_test(alias_names_hosts_as_they_are_called_here),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
