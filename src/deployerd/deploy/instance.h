/* SPDX-License-Identifier: MIT */
/*
 * Instance: a container that a deploy made, recognised by its labels alone. InstanceList is what a stage (or
 * everything) consists of at a moment; which of it has to go is decided here, without asking anyone.
 */
#pragma once

#include "deployerd/engine/container-list.h"
#include "deployerd/engine/containers.h"

#define LABEL_PROJECT "org.tinyforge.project"
#define LABEL_STAGE   "org.tinyforge.stage"
#define LABEL_DEPLOY  "org.tinyforge.deploy"
#define LABEL_DIGEST  "org.tinyforge.digest"
#define LABEL_CONFIG  "org.tinyforge.config"
#define LABEL_STORE   "org.tinyforge.store"
#define LABEL_COMMAND \
        "org.tinyforge.command"         /* what a container that is no instance is for; see command-body.h */
#define LABEL_PORT "org.tinyforge.port" /* the project's, inside the container; not there: it has none */

/* Two names, a number, two dashes, a part of a store, the suffix, and a NUL. */
#define INSTANCE_NAME_SIZE 168U

/* Strings are borrowed from the container. */
typedef struct Instance {
        Container container;
        const char *project;
        const char *stage;
        const char *store;
        const char *digest;
        const char *config;
        uint64_t deploy;
        bool pending;  /* the switch to it has not happened */
        bool retire;   /* set by instance_list_plan() */
        bool made_way; /* set by the deploy that stops it before its successor is started */
} Instance;

typedef struct InstanceList {
        Instance *items; /* newest deploy first */
        size_t n;
} InstanceList;

/* "<project>-<stage>-<deploy>", with INSTANCE_PENDING_SUFFIX where `pending`. */
void instance_name(const char *project, const char *stage, uint64_t deploy, bool pending,
                   char ret[static INSTANCE_NAME_SIZE]);
/* Of a pending one of `store`, where the name above is taken: "<project>-<stage>-<deploy>.<part of the store><the suffix>". */
void instance_spare_name(const char *project, const char *stage, uint64_t deploy, const char *store,
                         char ret[static INSTANCE_NAME_SIZE]);

/* Reads the labels of `container` and takes it over. -EBADMSG: it is none of ours, or a command's, and stays the caller's. */
int instance_read(Container *container, Instance *ret);

/* All instances of a project and stage; NULL: of all. Containers that vanish meanwhile are left out. */
int instance_list(Engine *engine, const char *project, const char *stage, InstanceList *ret);
void instance_list_done(InstanceList *list);

/* The same in two steps: which there are, and what each is. */
int instance_list_rows(Engine *engine, const char *project, const char *stage, ContainerList *ret);
/* Looks at those of `stage` (NULL: at all). Errors of engine.h. */
int instance_list_look(Engine *engine, const ContainerList *rows, const char *stage, InstanceList *ret);
/*
 * Whether no deploy has left anything half done in `stage`, as far as a list tells: all that is there runs, has its final name, is no command's and is of
 * another deploy than `deploy`. False is no more than a reason to look closer. Pure.
 */
bool instance_rows_are_settled(const ContainerList *rows, const char *stage, uint64_t deploy);
/* Adds one that came later. -EBADMSG: it is none of ours, and stays the caller's; -ENOMEM. Takes it over. */
int instance_list_add(InstanceList *list, Container *container);

/* Notes which volumes it leaves to the next one. Errors of volumes_remember(). */
int instance_note_volumes(Engine *engine, const Instance *instance);
/* Removes a container whose volumes are noted, and those of them that end with it. Errors of engine.h. */
int instance_remove_noted(Engine *engine, const Instance *instance);
/* Removes the container, and those of its volumes that end with it; the others are noted for the next one. Errors of engine.h. */
int instance_remove(Engine *engine, const Instance *instance);

/* The project's port, as the container's label has it; 0: it has none. */
uint16_t instance_port(const Container *container);
/* container_endpoint() of that port. */
void instance_endpoint(const Container *container, char ret[static ENDPOINT_SIZE]);

/* Whether a deploy of `store` is to replace it: whoever made it, where it takes over. */
bool instance_is_owned(const Instance *instance, const char *store, bool take_over);

/* Running and, where its own HEALTHCHECK is what counts, not known to be ill. */
bool instance_is_well(const Instance *instance, bool check_counts);

/*
 * Marks what has to be retired once `current` (a deploy of `store`) runs: every instance of the store that is pending, that
 * is an older one of a digest already counted, or that is beyond the newest `max_instances` digests. `current` counts
 * first and stays; instances of other stores are never marked. Pure.
 */
void instance_list_plan(InstanceList *list, const char *store, uint64_t current, unsigned max_instances);
