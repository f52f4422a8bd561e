/* SPDX-License-Identifier: MIT */
/*
 * What becomes of the VOLUMEs of an image. An engine gives each of them an anonymous volume of the container's own, and what a
 * version wrote would end with it; so each gets a volume of the stage, which the next version gets as well. Volumes that have a
 * name are never removed. Pure, but for those that take an Engine.
 */
#pragma once

#include <jansson.h>

#include "deployerd/engine/containers.h"

/* "tinyforge.<project>.<stage>.<path>", and a NUL. */
#define VOLUME_NAME_SIZE 256U

/* The label of a container whose value is a JSON array: the paths at which it has volumes that end with it. */
#define LABEL_DISCARD "org.tinyforge.discard"

typedef struct VolumePlan {
        const char *project;
        const char *stage;
        const json_t *paths;   /* the image's VOLUMEs, an array of strings; NULL: none */
        const json_t *wishes;  /* root's: an object of path → VOLUME_DISCARD; NULL: none */
        const json_t *lent;    /* of volumes_lent(); NULL: none */
        const json_t *noted;   /* of recall_volumes(); NULL: none */
        const Container *runs; /* what the new container replaces; NULL: nothing */
} VolumePlan;

#define VOLUME_DISCARD "discard"

/* The name of the stage's volume for `path`: another one for every path, readable where the path is. */
void volume_name(const char *project, const char *stage, const char *path,
                 char ret[static VOLUME_NAME_SIZE]);

/*
 * Mounts a volume into the container-create body at each VOLUME that has no mount of its own or lent one and is not to be discarded: the one
 * that `runs` has there, whatever its name, else the one that is noted, else the stage's. What else is a volume of the container's own is noted in
 * LABEL_DISCARD. -ENOMEM.
 */
int volumes_mount(json_t *body, const VolumePlan *plan);

/* Logs which of root's wishes are about no VOLUME among the image's `paths`. */
void volumes_check_wishes(Worker *worker, const json_t *wishes, const json_t *paths);

/*
 * Notes the anonymous volumes of a container that is to be removed, where they are not to be discarded: a later one gets them. -EBADE:
 * they cannot be noted, and nobody would find them once the container is gone.
 */
int volumes_remember(Engine *engine, const char *project, const char *stage, const Container *container);

/* Why a note cannot be read or written, in words. */
const char *volumes_note_error(int error);

/* Adds to such a note what the container leaves to a later one; of several the newest comes last. True where the note has changed. Pure. */
bool volumes_add(json_t *note, const Container *container);

/* What other containers mount for it: the paths of those that VolumesFrom in `patches` names, as the keys of an object. Errors of engine.h. */
int volumes_lent(Engine *engine, const json_t *patches, json_t **ret);

/* Whether a stage of the project has one that still is there: 1, 0. Errors of engine.h. */
int volumes_are_left(Engine *engine, const char *project);

/* Removes the volumes of a container that is gone which were its own, by its label. What fails is logged. */
void volumes_discard(Engine *engine, const Container *container);
