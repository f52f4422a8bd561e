/* SPDX-License-Identifier: MIT */
/* The command line that both daemons have, and their main(). */
#pragma once

#include <stdio.h>

#include "shared/macro.h"

typedef struct Daemon {
        const char *name;        /* "tinyforge-webhookd" */
        const char *summary;     /* a sentence for --help */
        const char *config_path; /* what --config= replaces */
        const char *user;        /* whom it runs as, and so has to be able to read its files */
        /* The daemon itself, once the log is open. A negative errno is a failure that it has logged. */
        int (*run)(const char *config_path);
        /* Prints what is in force, as conf_print() does, instead of running. */
        int (*print_config)(const char *config_path, FILE *file);
} Daemon;

/* Reads the options, opens the log, runs. Returns what main() is to return. */
int daemon_main(const Daemon *daemon, int argc, char *argv[]);
