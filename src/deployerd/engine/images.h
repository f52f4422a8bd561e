/* SPDX-License-Identifier: MIT */
/*
 * Images, as the engine and its registries know them. What a registry says is sorted into what trying again may mend
 * (-EHOSTUNREACH) and what it cannot (-ENOPKG); other errors are those of engine.h.
 */
#pragma once

#include "deployerd/engine/engine.h"
#include "shared/image-ref.h"

/* What InspectImage tells of labels at most, and what is read of one. */
#define IMAGE_LABELS_MAX       128U
#define IMAGE_LABELS_BYTES_MAX (16U * 1024U)
/* Exposed ports of an image that count. */
#define IMAGE_PORTS_MAX 64U
/* VOLUMEs of an image that count. */
#define IMAGE_VOLUMES_MAX 64U

typedef struct EngineImage {
        char *id;      /* the engine's, as a digest is written; NULL: it told none */
        char *digest;  /* of the repository that was asked for; NULL where the image was never pulled */
        uint16_t port; /* the lowest exposed port of tcp, or 0 */
        uint16_t ports[IMAGE_PORTS_MAX]; /* those of tcp that are exposed, lowest first */
        unsigned n_ports;
        bool has_healthcheck;
        json_t *volumes;     /* the paths of its VOLUMEs: an array of strings */
        json_t *healthcheck; /* what the engine tells of it, where has_healthcheck; else NULL */
        json_t *labels;      /* an object of strings, within the limits above */
} EngineImage;

/* "domain/path@digest" where `ref` has a digest, else "domain/path:tag": what the engine takes as a name. -ENOMEM. */
int engine_image_name(const ImageRef *ref, char **ret);

/*
 * Reads what inspecting an image told; `libpod` is what the engine's own API told, or NULL. Pure; -ENOMEM is the only
 * error. `*ret` is to be released with engine_image_done().
 */
int engine_image_read(const json_t *json, const json_t *libpod, const ImageRef *ref, EngineImage *ret);

/* What is known of an image that is here. 1; 0: it is not here; errors. */
int engine_image_inspect(Engine *engine, const ImageRef *ref, EngineImage *ret);
void engine_image_done(EngineImage *image);

/*
 * The same; what stands for the digest of `ref` may also be the id of an image that has a tag in the repository: that is all
 * there is of one that no registry ever saw.
 */
int engine_image_find(Engine *engine, const ImageRef *ref, EngineImage *ret);

/* Asks the registry, through the engine, what digest a tag has. Only where the engine has_distribution. */
int engine_image_resolve(Engine *engine, const ImageRef *ref, char **ret_digest);

/*
 * Pulls, by the digest where there is one. Returns when the image is here; an error inside the stream is an error.
 * -EINTR at once when the process is to end; -ETIME after `timeout_usec` (0: never).
 */
int engine_image_pull(Engine *engine, const ImageRef *ref, uint64_t timeout_usec);
