/* SPDX-License-Identifier: MIT */
/* tinyforgectl: a thin client of both daemons. This file reads the command line and picks the verb. */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>

#include "config.h"
#include "ctl/verbs.h"
#include "shared/parse.h"

#define LIMIT_DEFAULT 20U
#define LIMIT_MAX     1000U

typedef struct Verb {
        const char *name;
        int min_arguments, max_arguments;
        int (*run)(Ctl *ctl, char *argv[]);
        const char *arguments;
        const char *help;
} Verb;

static const Verb verbs[] = {
        { "status", 0, 0, verb_status, "", "What runs where: units, queue, engine, instances" },
        { "url", 0, 0, verb_url, "", "The URL that CI calls; it contains the secret" },
        { "regenerate-secret", 0, 0, verb_regenerate_secret, "",
          "Replace the secret; the old URL is dead at once" },
        { "projects", 0, 0, verb_projects, "", "List projects" },
        { "stages", 0, 1, verb_stages, "[PROJECT]", "List stages in the order in which they are matched" },
        { "deploys", 0, 2, verb_deploys, "[PROJECT [STAGE]]", "List deploys, newest first" },
        { "deploy", 2, 3, verb_deploy, "PROJECT STAGE [TAG]",
          "Deploy a tag, or what is available; wait for the outcome" },
        { "endpoint", 2, 2, verb_endpoint, "PROJECT STAGE",
          "Where a stage is published, read from the engine" },
        { "match", 1, 1, verb_match, "IMAGE", "Which project and stage an image would go to, and why" },
        { "parse-image", 1, 1, verb_parse_image, "REF", "Take an image reference apart, as JSON" },
        { "match-tag", 2, 2, verb_match_tag, "PATTERN TAG",
          "Exit with 0 when the pattern takes the tag, else 1" },
};

static int help(void) {
        (void) printf("tinyforgectl [OPTIONS...] COMMAND ...\n\nQuery and control tinyforge.\n\nCommands:\n");
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                (void) printf("  %s%s%-*s %s\n", verbs[i].name, verbs[i].arguments[0] ? " " : "",
                              (int) (30 - strlen(verbs[i].name) - (verbs[i].arguments[0] ? 1 : 0)),
                              verbs[i].arguments, verbs[i].help);
        (void) printf("\nOptions:\n"
                      "  -h --help                      Show this help\n"
                      "     --version                   Show the version\n"
                      "     --json                      Print JSON\n"
                      "     --no-legend                 Print no headers and no counts\n"
                      "  -n --limit=N                   How many deploys to list (1 to %u, default %u)\n"
                      "     --no-wait                   Do not wait for the outcome of a deploy\n"
                      "     --wait                      Do (the default)\n"
                      "\nExit status: 0, or 1 for a failure, 2 for a wrong command line, 4 for what does not exist.\n",
                      LIMIT_MAX, LIMIT_DEFAULT);
        return EXIT_SUCCESS;
}

/* -1: go on; otherwise the exit code. */
static int parse_argv(int argc, char *argv[], Ctl *ctl) {
        enum { ARG_VERSION = 0x100, ARG_JSON, ARG_NO_LEGEND, ARG_WAIT, ARG_NO_WAIT };
        static const struct option options[] = {
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, ARG_VERSION },
                { "json", no_argument, NULL, ARG_JSON },
                { "no-legend", no_argument, NULL, ARG_NO_LEGEND },
                { "limit", required_argument, NULL, 'n' },
                { "wait", no_argument, NULL, ARG_WAIT },
                { "no-wait", no_argument, NULL, ARG_NO_WAIT },
                { NULL, 0, NULL, 0 },
        };
        uint64_t limit;
        int c;

        while ((c = getopt_long(argc, argv, "hn:", options, NULL)) >= 0)
                switch (c) {
                case 'h':
                        return help();
                case ARG_VERSION:
                        (void) printf("tinyforge %s\n", TINYFORGE_VERSION);
                        return EXIT_SUCCESS;
                case ARG_JSON:
                        ctl->json = true;
                        break;
                case ARG_NO_LEGEND:
                        ctl->legend = false;
                        break;
                case ARG_WAIT:
                        ctl->wait = true;
                        break;
                case ARG_NO_WAIT:
                        ctl->wait = false;
                        break;
                case 'n':
                        if (parse_uint(optarg, LIMIT_MAX, &limit) < 0 || limit == 0) {
                                (void) fprintf(stderr, "tinyforgectl: --limit wants a number from 1 to %u\n",
                                               LIMIT_MAX);
                                return EXIT_USAGE;
                        }
                        ctl->limit = (unsigned) limit;
                        break;
                default:
                        return EXIT_USAGE;
                }

        return -1;
}

static const Verb *verb_find(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                if (streq(verbs[i].name, name))
                        return &verbs[i];

        return NULL;
}

int main(int argc, char *argv[]) {
        Ctl ctl = { .legend = true, .wait = true, .limit = LIMIT_DEFAULT };
        const Verb *verb;
        int r, n;

        (void) setlocale(LC_ALL, "");
        r = parse_argv(argc, argv, &ctl);
        if (r >= 0)
                return r;

        /* Without a verb: the first thing that one wants to know. */
        n = optind < argc ? argc - optind - 1 : 0;
        verb = verb_find(optind < argc ? argv[optind] : "status");
        if (!verb) {
                (void) fprintf(stderr, "tinyforgectl: Unknown command '%s', see tinyforgectl --help\n",
                               argv[optind]);
                return EXIT_USAGE;
        }

        if (n < verb->min_arguments || n > verb->max_arguments) {
                (void) fprintf(stderr, "Usage: tinyforgectl %s %s\n", verb->name, verb->arguments);
                return EXIT_USAGE;
        }

        r = verb->run(&ctl, argv + (optind < argc ? optind + 1 : optind));
        ctl_done(&ctl);
        if (fflush(stdout) != 0 && r == EXIT_SUCCESS)
                r = ctl_fail(-errno, "Cannot write");
        return r;
}
