/* SPDX-License-Identifier: MIT */
/* What an engine tells of a container or an image is refused, or read into what its reader can rely on. */
#include "deployerd/deploy/instance.h"
#include "deployerd/engine/container-end.h"
#include "deployerd/engine/images.h"
#include "fuzz.h"
#include "shared/json.h"

static void read_container(json_t *json) {
        _cleanup_(container_done) Container container = { .json = NULL }, owned = { .json = NULL };
        _cleanup_free_ Published *published = NULL;
        char endpoint[ENDPOINT_SIZE];
        Instance instance = { .deploy = 0 };
        size_t n_published = 0;

        if (container_read(json_incref(json), &container) < 0) {
                json_decref(json);
                return;
        }

        fuzz_promise(!isempty(container.id) && container.name && !isempty(container.status));
        fuzz_promise(!isempty(container.health));
        container_endpoint(&container, 8080, endpoint);
        fuzz_promise(strlen(endpoint) < ENDPOINT_SIZE && (container.running || endpoint[0] == '\0'));
        if (container_published(&container, &published, &n_published) < 0)
                fuzz_promise(false);
        fuzz_promise(container.running || n_published == 0);
        for (size_t i = 0; i < n_published; i++)
                fuzz_promise(published[i].endpoint[0] && published[i].protocol[0]);
        if (instance_read(&container, &instance) < 0)
                return;

        owned = instance.container;
        fuzz_promise(!container.json && instance.project && instance.stage && instance.store);
        (void) instance_is_well(&instance, /* check_counts= */ true);
}

static void read_event(const json_t *json) {
        ContainerEnd end = { .known = false };
        char words[CONTAINER_END_SIZE];

        container_end_note(&end, json);
        container_end_describe(&end, words);
        fuzz_promise(strlen(words) > 0 && strlen(words) < CONTAINER_END_SIZE && end.code >= 0);
}

static void read_image(const json_t *json, const ImageRef *ref) {
        _cleanup_(engine_image_done) EngineImage image = { .port = 0 };
        size_t n = 0;
        const char *key;
        json_t *value;

        fuzz_promise(engine_image_read(json, json, ref, &image) == 0);
        fuzz_promise((image.port == 0) == (image.n_ports == 0));
        fuzz_promise(!image.digest || image_digest_is_valid(image.digest));
        fuzz_promise(json_object_size(image.labels) <= IMAGE_LABELS_MAX);
        json_object_foreach(image.labels, key, value) {
                fuzz_promise(json_is_string(value));
                n += strlen(key) + json_string_length(value);
        }
        fuzz_promise(n <= IMAGE_LABELS_BYTES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_(json_freep) json_t *json = NULL;
        JsonError error;

        if (json_decode((const char *) data, size, &json, &error) < 0)
                return 0;

        fuzz_promise(image_ref_parse("registry.example/acme/shop:v1", &ref, NULL) == 0);
        read_container(json);
        read_event(json);
        read_image(json, ref);
        return 0;
}
