/* SPDX-License-Identifier: MIT */
/*
 * Deliveries that others have captured, where they lie beside the tree: exactly these references, and no
 * others.
 */
#include "payload-fixture.h"

typedef struct Case {
        const char *name, *head, *provider, *expected;
} Case;

#define V1 "content-type: application/vnd.docker.distribution.events.v1+json\n"

static const Case cases[] = {
        { "acr-1", "", "acr",
          "+myregistry.azurecr.io/hello-world:v1@sha256:"
          "80f0d5c8786bb9e621a45ece0db56d11cdc624ad20da9fe62e9d25490f331d7d" },
        { "acr-3-digest-only", "", "acr", "-untagged(mojrodevops.azurecr.io/hello-world)" },
        { "aliyun-1-region", "", "aliyun",
          "+registry.cn-shanghai.aliyuncs.com/acme/shop:prod-1.4.7@sha256:"
          "4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c" },
        { "distribution-1", V1, "distribution",
          "-untagged(registrycluster.local/library/test) -not-a-manifest(registrycluster.local/library/test)" },
        { "distribution-2-pull", V1, "distribution", "-pull(192.168.100.227:5000/hello-world)" },
        { "dockerhub-1", "", "docker-hub", "+docker.io/svendowideit/testhook:latest" },
        { "dockerhub-3", "", "docker-hub", "+docker.io/fireflyiii/core:develop" },
        { "eventgrid-1-list", "", "event-grid",
          "+acme.azurecr.io/shop:v1.4@sha256:"
          "2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e" },
        { "eventgrid-2-validation", "", "event-grid", "-ping" },
        { "gar-1", "", "google",
          "+europe-docker.pkg.dev/acme-prod/apps/shop:v1.4@sha256:"
          "1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f" },
        { "gar-2-pubsub", "", "google",
          "+europe-docker.pkg.dev/acme-prod/apps/shop:v1.4@sha256:"
          "1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f" },
        { "gitea-1", "x-gitea-event: package\nx-github-event: package\n", "gitea",
          "+localhost:3000/user1/giteacontainer:latest" },
        { "github-1", "x-github-event: package\n", "github", "-not-a-container" },
        { "github-ping-1", "x-github-event: ping\n", "github", "-ping" },
        { "gitlab-1-registry-notification", V1, "distribution",
          "+registry.git.erxes.io/shinebayar-g/a:0.01@sha256:"
          "4afff550708506c5b8b7384ad10d401a02b29ed587cb2730cb02753095b5178d" },
        { "harbor-1", "", "harbor",
          "+harbor.mydomain.com/library/ai-rag:1.2.3@sha256:"
          "b4758aaed11c155a476b9857e1178f157759c99cb04c907a04993f5481eff848" },
        { "harbor-3", "", "harbor", "-untagged(localhost/harbor/alpine)" },
        { "helm-1-dockerhub", "", "docker-hub", "-not-a-push(docker.io/acme/shop-chart)" },
        { "jfrog-1-bare", "", "jfrog", "-no-host-alias[jfrog]" },
        { "quay-1", "", "quay", "+quay.io/mynamespace/repository:1.2.3" },
        { "zot-1", "", "zot", "-no-host-alias[zot]" },
};

/* Of the file, or of the folder with NULL. */
static void captured_path(const char *name, char *path, size_t size) {
        const char *root = getenv("SOURCE_ROOT");

        (void) snprintf(path, size, "%s/../shared/payloads%s%s%s", root ? root : ".", name ? "/" : "",
                        strempty(name), name ? ".json" : "");
}

static void captured_deliveries_name_exactly_these_images(void **state) {
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(posted_done) Posted posted = { 0 };
                _cleanup_free_ char *body = NULL;
                char path[512], described[2048], *text = NULL;
                const char *provider;

                captured_path(cases[i].name, path, sizeof(path));
                body = read_text(path);
                if (!body)
                        continue;

                assert_true(asprintf(&text, "%s\n%s", cases[i].head, body) > 0);
                posted_split(text, &posted);
                request_describe(&posted.request, NULL, described, sizeof(described), &provider);
                if (!streq(described, cases[i].expected) || !streq(provider, cases[i].provider))
                        fail_msg("%s: %s: %s", cases[i].name, provider, described);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(captured_deliveries_name_exactly_these_images),
        };
        char path[512];

        captured_path(NULL, path, sizeof(path));
        if (access(path, F_OK) < 0) {
                (void) printf("1..0 # SKIP there are none beside the tree\n");
                return EXIT_SUCCESS;
        }

        return cmocka_run_group_tests(tests, NULL, NULL);
}
