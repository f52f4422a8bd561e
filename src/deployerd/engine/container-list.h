/* SPDX-License-Identifier: MIT */
/* ContainerList: what one list of the engine tells of containers, without a look at each. */
#pragma once

#include "deployerd/engine/engine.h"

/* The most containers that are looked at in one list. */
#define CONTAINERS_MAX 1024U

/* Strings are borrowed from the list; what the engine does not tell is empty. */
typedef struct ContainerRow {
        const char *id;
        const char *name;  /* without the engine's leading slash */
        const char *image; /* the name that it was made by, or an id where that is another image's now */
        const char *state; /* "running", "exited", … */
        const json_t *labels;
} ContainerRow;

typedef struct ContainerList {
        json_t *json; /* NULL: nothing was listed */
        ContainerRow *rows;
        size_t n;
} ContainerList;

/* Reads what listing told; rows without an id are left out. Takes a reference. -EBADMSG: no list, or more than CONTAINERS_MAX; -ENOMEM. Pure. */
int container_list_read(json_t *json, ContainerList *ret);
void container_list_done(ContainerList *list);

/* A label's value, or NULL. Borrowed. */
const char *container_row_label(const ContainerRow *row, const char *key);

/*
 * All containers, running or not, that carry every label ("key" or "key=value"; NULL-terminated). Errors are those of engine.h; `*ret` is
 * to be released with container_list_done().
 */
int engine_container_list(Engine *engine, const char *const *labels, ContainerList *ret);
