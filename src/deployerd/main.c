/* SPDX-License-Identifier: MIT */
/* tinyforge-deployerd: the command line. */
#include <getopt.h>
#include <stdio.h>

#include "config.h"
#include "deployerd/deployerd.h"
#include "shared/log.h"

static const char *arg_config = CONFIG_DIR "/deployerd.conf";
static bool arg_debug = false;

static int help(void) {
        (void) printf("tinyforge-deployerd [OPTIONS...]\n\n"
                      "Drives the container engine for tinyforge-webhookd. Started by systemd.\n\n"
                      "  -h --help         Show this help\n"
                      "     --version      Show the version\n"
                      "     --config=PATH  Read this file and PATH.d/*.conf (default: %s)\n"
                      "     --debug        Log more\n",
                      CONFIG_DIR "/deployerd.conf");
        return 0;
}

/* 1: go on; 0: done; negative: refused. */
static int parse_argv(int argc, char *argv[]) {
        enum { ARG_VERSION = 0x100, ARG_CONFIG, ARG_DEBUG };
        static const struct option options[] = {
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, ARG_VERSION },
                { "config", required_argument, NULL, ARG_CONFIG },
                { "debug", no_argument, NULL, ARG_DEBUG },
                { NULL, 0, NULL, 0 },
        };
        int c;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0)
                switch (c) {
                case 'h':
                        return help();
                case ARG_VERSION:
                        (void) printf("tinyforge %s\n", TINYFORGE_VERSION);
                        return 0;
                case ARG_CONFIG:
                        arg_config = optarg;
                        break;
                case ARG_DEBUG:
                        arg_debug = true;
                        break;
                default:
                        return -EINVAL;
                }

        if (optind < argc) {
                log_error("This program takes no arguments.");
                return -EINVAL;
        }

        return 1;
}

static int run(void) {
        _cleanup_(deployerd_freep) Deployerd *deployerd = NULL;
        int r;

        r = deployerd_new(arg_config, &deployerd);
        if (r < 0)
                return r;

        return deployerd_run(deployerd);
}

int main(int argc, char *argv[]) {
        int r;

        log_open_stderr(false);
        r = parse_argv(argc, argv);
        if (r <= 0)
                return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;

        log_open(arg_debug);
        return run() < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
