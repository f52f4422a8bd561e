/* SPDX-License-Identifier: MIT */
/* ProjectConfig: what root's file says of a project, once it is read, and of whom it is asked. */
#pragma once

#include <jansson.h>

#include "deployerd/config/project-command.h"
#include "deployerd/config/project-health.h"
#include "deployerd/config/project-limits.h"

/* Bytes of a file, and of the sentence about what is wrong with one. */
#define PROJECT_FILE_MAX     (256U * 1024U)
#define PROJECT_PROBLEM_SIZE 1024U
/* Stages in one file, names of one `shareable`, keys of `unchecked`, variables and files of them. */
#define PROJECT_STAGES_MAX    256U
#define PROJECT_SHAREABLE_MAX 256U
#define PROJECT_UNCHECKED_MAX 64U
#define PROJECT_ENV_MAX       1024U
#define PROJECT_ENV_FILES_MAX 16U
#define PROJECT_VOLUMES_MAX   64U

/* What is to be deployed. */
typedef struct ProjectSubject {
        const char *project;
        const char *stage;
        const char *repository; /* "domain/path"; NULL: whichever the file names */
        unsigned api_minor;     /* version 1.<this> of the engine's API is spoken; 0: none is known */
} ProjectSubject;

/* How a new container comes to the place of the old one. */
typedef enum ProjectReplace {
        PROJECT_REPLACE_AS_NEEDED, /* side by side, unless they cannot be */
        PROJECT_REPLACE_RECREATE,
        PROJECT_REPLACE_OVERLAP,
} ProjectReplace;

/* When a registry is asked. */
typedef enum ProjectPull {
        PROJECT_PULL_ALWAYS,  /* what a tag names by now, and for what is not here */
        PROJECT_PULL_MISSING, /* only for what is not here */
        PROJECT_PULL_NEVER,
} ProjectPull;

/* What a stage is. */
typedef enum ProjectKind {
        PROJECT_SERVICE, /* it runs until it is replaced */
        PROJECT_JOB,     /* it runs to its end, once a deploy */
} ProjectKind;

typedef struct ProjectConfig {
        bool exists;
        ProjectKind kind;
        json_t *container; /* an array of merge patches, to be applied in this order; NULL: nothing */
        json_t *volumes;   /* an object: the path of a VOLUME, and "discard"; NULL: nothing */
        json_t *env;       /* an object: a variable's value, or null where it is taken away; NULL: nothing */
        json_t *env_files; /* an object: what files say of variables; NULL: nothing */
        ProjectHealth health;
        char **shareable; /* NULL-terminated: the project's and the stage's; NULL: nothing */
        ProjectLimits limits;
        ProjectReplace replace;
        ProjectPull pull;
        ProjectCommand predeploy;  /* before anything of a new version is started */
        ProjectCommand postdeploy; /* after the switch to it */
        ProjectCommand job;        /* without words: those are its container's; no time-out: the deploy's */
        uint64_t watch_usec;       /* how long what was deployed is watched on; 0: it is not */
} ProjectConfig;
