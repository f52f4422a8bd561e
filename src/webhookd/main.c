/* SPDX-License-Identifier: MIT */
/* tinyforge-webhookd: puts the parts together and runs the loop. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "config.h"
#include "shared/log.h"
#include "shared/protocol.h"
#include "shared/service.h"
#include "webhookd/webhookd.h"

static const char *arg_config = CONFIG_DIR "/webhookd.conf";
static bool arg_debug = false;

static int help(void) {
        (void) printf("tinyforge-webhookd [OPTIONS...]\n\n"
                      "Receives webhooks and hands deploys to tinyforge-deployerd. Started by systemd.\n\n"
                      "  -h --help         Show this help\n"
                      "     --version      Show the version\n"
                      "     --config=PATH  Read this file and PATH.d/*.conf (default: %s)\n"
                      "     --debug        Log more\n",
                      CONFIG_DIR "/webhookd.conf");
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
        _cleanup_(webhookd_freep) Webhookd *webhookd = NULL;
        int r, n_fds;

        /* A limit on the size of files is an error of the write that meets it, not the end. */
        (void) signal(SIGXFSZ, SIG_IGN);

        n_fds = sd_listen_fds(/* unset_environment= */ 1);
        if (n_fds < 0)
                return log_error_errno(n_fds, "Cannot read the descriptors that systemd passes: %m");

        r = webhookd_new(arg_config, getenv("STATE_DIRECTORY"), &webhookd);
        if (r < 0)
                return r;

        for (int i = 0; i < n_fds; i++) {
                r = webhookd_listen(webhookd, SD_LISTEN_FDS_START + i);
                if (r < 0)
                        return r;
        }
        if (n_fds == 0)
                log_notice("No socket was passed: only the bus is served.");

        return webhookd_run(webhookd);
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
