/* SPDX-License-Identifier: MIT */
/*
 * EngineType, EngineKey: what container-create of the Engine API takes. The table is made of the API's own descriptions, a few of
 * its versions; where a key came or went between two of them is not known any better than that. Pure data.
 */
#pragma once

#include "shared/macro.h"

typedef enum EngineKind {
        ENGINE_FREE, /* an object, whose keys are anybody's */
        ENGINE_BOOL,
        ENGINE_INTEGER,
        ENGINE_STRING,
        ENGINE_WORDS, /* a string, or an array of them */
        ENGINE_ARRAY,
        ENGINE_MAP,    /* an object, whose keys are anybody's and whose values are not */
        ENGINE_OBJECT, /* of these keys and no others */
} EngineKind;

typedef struct EngineType EngineType;
typedef struct EngineKey EngineKey;

struct EngineType {
        EngineKind kind;
        const EngineType *of;  /* what an array or a map has */
        const EngineKey *keys; /* what an object has, in the order of their names */
        size_t n;
};

/* Versions are the second numbers of 1.x. */
struct EngineKey {
        const char *name;
        const EngineType *type;
        unsigned lacking; /* the last version that is known not to have it; 0: the oldest has it */
        unsigned since;   /* the first that is known to have it, where `lacking` is set */
        unsigned gone;    /* the first that is known not to have it any more; 0: the newest has it */
};

extern const EngineType engine_create_body;
