/* SPDX-License-Identifier: MIT */
/*
 * deployerd.conf, section [Deployer]: root's word, which nothing that comes over the bus can overrule.
 *
 * The room config/ is all that root writes for this daemon: deployerd.conf, one file a project below projects.d, and what both
 * mean for an image and for the body of a container. deploy/, job/ and bus/ come here for a value; deployerd.c
 * and main.c read the first file. It never asks the engine, and never changes a file.
 */
#pragma once

#include <stdio.h>

#include "shared/conf/conf.h"
#include "shared/macro.h"
#include "shared/protocol.h"

/* What is left of the caller's time-out is for ending a deploy that is over its deadline. */
#define DEPLOY_DEADLINE_MAX_USEC (TRIGGER_DEPLOY_TIMEOUT_USEC - 60 * USEC_PER_SEC)

typedef struct DeployerConfig {
        char **allow_images;       /* patterns over "domain/path"; NULL: every image */
        char **auto_create_images; /* the same, for projects without a file in projects.d */
        char *publish_address;     /* where ports are published; an IPv4 or IPv6 address */
        char *engine;              /* the engine's socket; NULL: the first of the usual ones that is there */
        char *projects_dir;        /* "<directory of the file>/projects.d" */
        char *registries;          /* "<directory of the file>/registries.json" */
        unsigned max_deploys;
        unsigned retain;               /* generations before the running one whose images are kept */
        uint64_t deploy_deadline_usec; /* a whole deploy, pull included */
        uint64_t stable_usec; /* how long a new container has to run, or to be well; 0: nobody says */
        uint64_t health_deadline_usec; /* from the start of a container to its health */
        uint64_t probe_interval_usec;  /* between two probes from the host */
        uint64_t probe_timeout_usec;   /* of one probe */
        uint64_t drain_usec;      /* how long what is replaced goes on after the switch; 0: not at all */
        uint64_t stop_grace_usec; /* between SIGTERM and SIGKILL of a container that is retired */
        uint64_t idle_usec;
} DeployerConfig;

/* Reads `path` and its drop-ins. Logs what is wrong, and returns a negative errno; on success `*ret` is to be
 * released with deployer_config_done(). */
int deployer_config_load(const char *path, DeployerConfig *ret);
void deployer_config_done(DeployerConfig *config);

/* Prints what deployer_config_load() would read, as conf_print() does; logs what is wrong. */
int deployer_config_print(const char *path, FILE *file);

/* ConfParse of the settings that a project may have its own of, with their maxima. */
int deployer_parse_deploy_deadline(const char *value, void *field /* uint64_t, µs */,
                                   const char **ret_expected);
int deployer_parse_stop_grace(const char *value, void *field /* uint64_t, µs */, const char **ret_expected);
int deployer_parse_drain(const char *value, void *field /* uint64_t, µs */, const char **ret_expected);
