/* SPDX-License-Identifier: MIT */
/* What main() does in both daemons: see daemon.h. */
#include "shared/bus/daemon.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>

#include "config.h"
#include "shared/conf/as-user.h"
#include "shared/log.h"
#include "shared/std-fds.h"

typedef struct DaemonOptions {
        const char *config_path;
        bool debug;
        bool print_config;
} DaemonOptions;

static int help(const Daemon *daemon) {
        (void) printf("%s [OPTIONS...]\n\n"
                      "%s\n\n"
                      "  -h --help         Show this help\n"
                      "     --version      Show the version\n"
                      "     --config=PATH  Read this file and PATH.d/*.conf (default: %s)\n"
                      "     --print-config Print each key, its value, and the line it comes from, as JSON\n"
                      "     --debug        Log more\n",
                      daemon->name, daemon->summary, daemon->config_path);
        return 0;
}

/* 1: go on; 0: done; negative: refused. */
static int parse_argv(const Daemon *daemon, int argc, char *argv[], DaemonOptions *ret) {
        enum { ARG_VERSION = 0x100, ARG_CONFIG, ARG_PRINT_CONFIG, ARG_DEBUG };
        static const struct option options[] = {
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, ARG_VERSION },
                { "config", required_argument, NULL, ARG_CONFIG },
                { "print-config", no_argument, NULL, ARG_PRINT_CONFIG },
                { "debug", no_argument, NULL, ARG_DEBUG },
                { NULL, 0, NULL, 0 },
        };
        int c;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0)
                switch (c) {
                case 'h':
                        return help(daemon);
                case ARG_VERSION:
                        (void) printf("tinyforge %s\n", TINYFORGE_VERSION);
                        return 0;
                case ARG_CONFIG:
                        ret->config_path = optarg;
                        break;
                case ARG_PRINT_CONFIG:
                        ret->print_config = true;
                        break;
                case ARG_DEBUG:
                        ret->debug = true;
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

/* For whoever asks, and so nothing goes to the journal. What the daemon could not read is not in force, though root can. */
static int print_config(const Daemon *daemon, const char *path) {
        int r, is_other;

        is_other = as_user_begin(daemon->user);
        if (is_other < 0) {
                (void) log_error_errno(is_other, "Cannot read as the user '%s': %m", daemon->user);
                return EXIT_FAILURE;
        }

        r = daemon->print_config(path, stdout);
        if (is_other > 0 && r == -EACCES)
                log_error("%s runs as the user '%s', who has to be able to read its files: they belong to root:%s, with mode "
                          "0640, and their folders have mode 0750.",
                          daemon->name, daemon->user, daemon->user);
        if (r >= 0 && fflush(stdout) != 0)
                r = log_error_errno(-errno, "Cannot write the configuration: %s", std_fds_error(errno));
        if (is_other > 0)
                (void) as_user_end();
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int daemon_main(const Daemon *daemon, int argc, char *argv[]) {
        DaemonOptions options;
        int r;

        assert(daemon && daemon->run && daemon->print_config);

        std_fds_open();
        options = (DaemonOptions){ .config_path = daemon->config_path };
        log_open_stderr(false);
        r = parse_argv(daemon, argc, argv, &options);
        if (r <= 0)
                return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;

        if (options.print_config)
                return print_config(daemon, options.config_path);

        /* A limit on the size of files, or a peer that is gone, is an error of the write that meets it, not the end. */
        (void) signal(SIGXFSZ, SIG_IGN);
        (void) signal(SIGPIPE, SIG_IGN);

        log_open(options.debug);
        r = daemon->run(options.config_path);
        (void) log_catch_up();
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
