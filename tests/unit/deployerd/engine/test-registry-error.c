/* SPDX-License-Identifier: MIT */
#include "deployerd/engine/registry-error.h"

#include "unit.h"

/* As Docker 20.10 and Podman 4.3 say it. */
static void registry_error_is_final_where_asking_again_cannot_help(void **state) {
        static const char *const sentences[] = {
                "manifest unknown: manifest unknown",
                "manifest for registry.example/a:b not found: manifest unknown: manifest unknown",
                "initializing source docker://registry.example/a:b: reading manifest b in registry.example/a: "
                "manifest unknown: manifest unknown",
                "pull access denied for acme/none, repository does not exist or may require 'docker login': denied: "
                "requested access to the resource is denied",
                "unauthorized: authentication required",
                "Get \"https://registry.example/v2/a/manifests/b\": no basic auth credentials",
                "no matching manifest for linux/arm64/v8 in the manifest list entries",
                "choosing an image from manifest list docker://registry.example/a:b: no image found in manifest "
                "list for architecture arm64, variant \"\", OS linux",
                "unsupported media type application/vnd.cncf.helm.config.v1+json",
                "parsing image configuration: unsupported image-specific operation on artifact with type "
                "\"application/vnd.cncf.helm.config.v1+json\"",
                "Get \"https://127.0.0.1:5000/v2/\": http: server gave HTTP response to HTTPS client",
                "Get \"https://registry.example/v2/\": x509: certificate signed by unknown authority",
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(sentences); i++)
                assert_int_equal(registry_error_classify(sentences[i]), -ENOPKG);
}

static void registry_error_is_worth_another_attempt_otherwise(void **state) {
        static const char *const sentences[] = {
                "toomanyrequests: You have reached your pull rate limit. You may increase the limit by "
                "authenticating and upgrading: unauthorized",
                "received unexpected HTTP status: 503 Service Unavailable",
                "error parsing HTTP 429 response body: not found",
                "Get \"http://127.0.0.1:5999/v2/\": dial tcp 127.0.0.1:5999: connect: connection refused",
                "initializing source docker://127.0.0.1:5999/a:b: pinging container registry 127.0.0.1:5999: Get "
                "\"https://127.0.0.1:5999/v2/\": dial tcp 127.0.0.1:5999: connect: connection refused",
                "Get \"https://registry.example/v2/\": dial tcp: lookup registry.example: no such host",
                "Get \"https://registry.example/v2/\": net/http: TLS handshake timeout",
                "Get \"https://registry.example/v2/\": context deadline exceeded",
                "unexpected EOF",
                "",
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(sentences); i++)
                assert_int_equal(registry_error_classify(sentences[i]), -EHOSTUNREACH);
}

/* Docker while it fetches and while it unpacks, Podman for either. */
static void registry_error_tells_a_full_disk(void **state) {
        static const char *const sentences[] = {
                "write /var/lib/docker/tmp/GetImageBlob1: no space left on device",
                "failed to register layer: Error processing tar file(exit status 1): write /usr/lib/x: no space left on device",
                "writing blob: storing blob to file \"/var/tmp/storage1/1\": write /var/tmp/storage1/1: no space left on device",
                "timeout; then: disk quota exceeded",
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(sentences); i++)
                assert_int_equal(registry_error_classify(sentences[i]), -ENOSPC);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(registry_error_is_final_where_asking_again_cannot_help),
                cmocka_unit_test(registry_error_is_worth_another_attempt_otherwise),
                cmocka_unit_test(registry_error_tells_a_full_disk),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
