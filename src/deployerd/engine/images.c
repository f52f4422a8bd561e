/* SPDX-License-Identifier: MIT */
/* Inspecting and resolving images: see images.h. Pulling is in pull.c. */
#include "deployerd/engine/images.h"
#include "deployerd/engine/tags.h"

#include <stdio.h>

#include "deployerd/engine/registry-auth.h"
#include "deployerd/engine/registry-error.h"
#include "shared/conf/parse.h"
#include "shared/json.h"
#include "shared/utf8.h"

#define PORTS_MAX        1024U
#define REPO_DIGESTS_MAX 256U

int engine_image_name(const ImageRef *ref, char **ret) {
        char *name;

        assert(ref);
        assert(ref->digest || ref->tag);
        assert(ret);

        if (asprintf(&name, "%s/%s%c%s", ref->domain, ref->path, ref->digest ? '@' : ':',
                     ref->digest ? ref->digest : ref->tag) < 0)
                return -ENOMEM;

        *ret = name;
        return 0;
}

void engine_image_done(EngineImage *image) {
        assert(image);

        free(image->id);
        free(image->digest);
        json_decref(image->volumes);
        json_decref(image->healthcheck);
        json_decref(image->labels);
        *image = (EngineImage){ .port = 0 };
}

/* A key is "80/tcp", or "80", which means the same. */
static bool port_parse(const char *key, uint16_t *ret) {
        size_t length = strcspn(key, "/");
        char digits[6];
        uint64_t port;

        if (length >= sizeof(digits) || (key[length] != '\0' && !streq(key + length, "/tcp")))
                return false;

        memcpy(digits, key, length);
        digits[length] = '\0';
        if (parse_uint(digits, UINT16_MAX, &port) < 0 || port == 0)
                return false;

        *ret = (uint16_t) port;
        return true;
}

static int compare_ports(const void *a, const void *b) {
        const uint16_t *first = a, *second = b;

        return (*first > *second) - (*first < *second);
}

static void image_read_ports(EngineImage *image, const json_t *exposed) {
        const char *key;
        json_t *value;
        unsigned n = 0;

        json_object_foreach((json_t *) (uintptr_t) exposed, key, value) {
                uint16_t port;

                if (++n > PORTS_MAX)
                        break;
                if (!port_parse(key, &port))
                        continue;

                if (image->n_ports < IMAGE_PORTS_MAX)
                        image->ports[image->n_ports++] = port;
        }

        qsort(image->ports, image->n_ports, sizeof(image->ports[0]), compare_ports);
        image->port = image->n_ports > 0 ? image->ports[0] : 0;
}

static int image_read_labels(EngineImage *image, const json_t *labels) {
        size_t n_bytes = 0;
        const char *key;
        json_t *value;

        image->labels = json_object();
        if (!image->labels)
                return -ENOMEM;

        json_object_foreach((json_t *) (uintptr_t) labels, key, value) {
                if (!json_is_string(value))
                        continue;

                n_bytes += strlen(key) + json_string_length(value);
                if (n_bytes > IMAGE_LABELS_BYTES_MAX || json_object_size(image->labels) >= IMAGE_LABELS_MAX)
                        return 0;
                if (json_object_set(image->labels, key, value) < 0)
                        return -ENOMEM;
        }

        return 0;
}

static int image_read_volumes(EngineImage *image, const json_t *volumes) {
        const char *path;
        json_t *value;

        image->volumes = json_array();
        if (!image->volumes)
                return -ENOMEM;

        json_object_foreach((json_t *) (uintptr_t) volumes, path, value)
                if (path[0] == '/' && json_array_size(image->volumes) < IMAGE_VOLUMES_MAX &&
                    json_array_append_new(image->volumes, json_string(path)) < 0)
                        return -ENOMEM;

        return 0;
}

/* An image can have digests of several repositories, and the engine shortens the names: compare them normalised. */
static int image_read_digest(EngineImage *image, const ImageRef *ref, const json_t *repo_digests) {
        size_t n = json_array_size(repo_digests);

        for (size_t i = 0; i < n && i < REPO_DIGESTS_MAX && !image->digest; i++) {
                _cleanup_(image_ref_freep) ImageRef *known = NULL;
                const char *text = json_string_value(json_array_get(repo_digests, i));
                int r;

                r = image_ref_parse(strempty(text), &known, NULL);
                if (r == -ENOMEM)
                        return r;
                if (r < 0 || !known->digest || !streq(known->domain, ref->domain) ||
                    !streq(known->path, ref->path))
                        continue;
                if (ref->digest && !streq(known->digest, ref->digest))
                        continue;

                image->digest = TAKE_PTR(known->digest);
        }

        return 0;
}

/* A test of ["NONE"] switches an inherited health check off. */
static bool is_healthcheck(const json_t *healthcheck) {
        const char *kind = json_string_value(json_array_get(json_object_get(healthcheck, "Test"), 0));

        return !isempty(kind) && !streq(kind, "NONE");
}

/* Either of the engine's interfaces may tell it. */
static void image_read_healthcheck(EngineImage *image, json_t *healthcheck) {
        if (image->healthcheck || !is_healthcheck(healthcheck))
                return;

        image->has_healthcheck = true;
        image->healthcheck = json_incref(healthcheck);
}

static int engine_image_get(Engine *engine, const char *prefix, const char *name, json_t **ret) {
        _cleanup_free_ char *escaped = NULL, *path = NULL;

        escaped = url_escape(name, "/:@");
        if (!escaped)
                return -ENOMEM;

        if (asprintf(&path, "%s/images/%s/json", prefix, escaped) < 0) {
                path = NULL;
                return -ENOMEM;
        }

        return engine_get(engine, path, "inspect the image", ret);
}

static int image_read_id(EngineImage *image, const json_t *json) {
        const char *id = strempty(json_get_string(json, "Id"));

        if (!image_digest_is_valid(id))
                return 0;

        image->id = strdup(id);
        return image->id ? 0 : -ENOMEM;
}

int engine_image_read(const json_t *json, const json_t *libpod, const ImageRef *ref, EngineImage *ret) {
        _cleanup_(engine_image_done) EngineImage image = { .port = 0 };
        const json_t *config = json_object_get(json, "Config");
        int r;

        assert(ref);
        assert(ret);

        r = image_read_id(&image, json);
        if (r < 0)
                return r;

        image_read_healthcheck(&image, json_object_get(config, "Healthcheck"));
        image_read_healthcheck(&image, json_object_get(libpod, "Healthcheck"));
        image_read_ports(&image, json_object_get(config, "ExposedPorts"));
        r = image_read_labels(&image, json_object_get(config, "Labels"));
        if (r >= 0)
                r = image_read_volumes(&image, json_object_get(config, "Volumes"));
        if (r >= 0)
                r = image_read_digest(&image, ref, json_object_get(json, "RepoDigests"));
        if (r < 0)
                return r;

        *ret = image;
        image = (EngineImage){ .port = 0 };
        return 0;
}

/* By a name that the engine takes. Only one with a tag in the repository counts, where `needs_tag`. */
static int image_inspect(Engine *engine, const char *name, const ImageRef *ref, bool needs_tag,
                         EngineImage *ret) {
        _cleanup_(json_freep) json_t *json = NULL, *libpod = NULL, *list = NULL;
        _cleanup_(image_tag_list_done) ImageTagList tags = { .n = 0 };
        int r;

        r = engine_image_get(engine, engine_prefix(engine), name, &json);
        if (r <= 0)
                return r;

        if (needs_tag) {
                list = json_pack("[O]", json);
                r = list ? image_tag_list_read(list, ref, &tags) : -ENOMEM;
                if (r < 0 || tags.n == 0)
                        return r == -ENOMEM ? r : 0;
        }

        if (engine_quirks(engine)->health_in_libpod) {
                r = engine_image_get(engine, engine_libpod_prefix(engine), name, &libpod);
                if (r < 0)
                        return r;
        }

        r = engine_image_read(json, libpod, ref, ret);
        return r < 0 ? r : 1;
}

int engine_image_inspect(Engine *engine, const ImageRef *ref, EngineImage *ret) {
        _cleanup_free_ char *name = NULL;
        int r;

        assert(engine);
        assert(ref);
        assert(ret);

        r = engine_image_name(ref, &name);
        return r < 0 ? r : image_inspect(engine, name, ref, /* needs_tag= */ false, ret);
}

int engine_image_find(Engine *engine, const ImageRef *ref, EngineImage *ret) {
        int r;

        r = engine_image_inspect(engine, ref, ret);
        if (r != 0 || !ref->digest)
                return r;

        return image_inspect(engine, ref->digest, ref, /* needs_tag= */ true, ret);
}

int engine_image_resolve(Engine *engine, const ImageRef *ref, char **ret_digest) {
        /* The statuses with which the engine passes on what a registry said. */
        static const int told[] = { 400, 401, 403, 404, 429, 500, 502, 503, 0 };
        _cleanup_free_ char *name = NULL, *escaped = NULL, *path = NULL;
        _cleanup_(engine_answer_done) EngineAnswer answer = { .status = 0 };
        _cleanup_(registry_auth_erasep) char *auth = NULL;
        const char *digest, *message;
        int r;

        assert(engine);
        assert(ref);
        assert(ret_digest);

        r = engine_image_name(ref, &name);
        if (r < 0)
                return r;

        escaped = url_escape(name, "/:@");
        if (!escaped)
                return -ENOMEM;

        if (asprintf(&path, "/distribution/%s/json", escaped) < 0) {
                path = NULL;
                return -ENOMEM;
        }

        r = registry_auth_header(engine_worker(engine), engine_registries(engine), ref, &auth);
        if (r < 0)
                return r;

        r = engine_call(engine,
                        &(EngineRequest){
                                        .method = "GET",
                                        .path = path,
                                        .header = auth,
                                        .accepted = told,
                                        .what = "ask the registry for the digest",
                                        .timeout_usec = ENGINE_REGISTRY_USEC,
                        },
                        &answer);
        if (r < 0)
                return r;

        if (answer.status != 200) {
                message = engine_message(answer.json, "no reason given");
                r = answer.status == 401 || answer.status == 403 || answer.status == 404
                                    ? -ENOPKG
                                    : registry_error_classify(message);
                return worker_fail(engine_worker(engine), r, "The registry of %s refuses or fails: %.*s",
                                   name, utf8_cut(message, ENGINE_WORDS_MAX), message);
        }

        digest = json_string_value(json_path(answer.json, "Descriptor", "digest", NULL));
        if (!digest || !image_digest_is_valid(digest))
                return worker_fail(engine_worker(engine), -EIO,
                                   "Cannot ask the registry for the digest: the engine's answer has none");

        *ret_digest = strdup(digest);
        return *ret_digest ? 0 : -ENOMEM;
}
