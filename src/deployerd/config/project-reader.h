/* SPDX-License-Identifier: MIT */
/* ProjectReader: one file of projects.d that is being read, and how its mistakes are told. For the files project-*.c alone. */
#pragma once

#include "deployerd/config/project-container.h"
#include "deployerd/config/project-types.h"

typedef struct ProjectReader {
        const ProjectSubject *subject;
        int folder; /* -1: there is none */
        char *path;
        ContainerRules rules;
        ProjectConfig *config; /* what counts for the subject so far */
        char *problem;
        size_t size;
} ProjectReader;

/* "path<format…>" becomes the problem; returns `error`. */
int project_reader_fail(ProjectReader *reader, int error, const char *format, ...) _printf_(3, 4);

/*
 * Opens the folder `dir` and the project's file in it. A descriptor; -ENOENT: one of them is not there; -EPERM and -EBADMSG,
 * explained; -ENOMEM.
 */
int project_reader_open(ProjectReader *reader, const char *dir);

/* Reads and decodes the file. -EBADMSG, explained; -ENOMEM. */
int project_reader_decode(ProjectReader *reader, int fd, json_t **ret);

/* Reads the environment file `name` of the same folder. -EBADMSG and -EPERM, explained with its own path; -ENOMEM. */
int project_reader_env(ProjectReader *reader, const char *name, json_t **ret);

void project_reader_done(ProjectReader *reader);
