/* SPDX-License-Identifier: MIT */
/* What --help prints: see help.h. */
#include "ctl/help.h"

/* Where the summaries begin; a terminal has 80 columns. */
#define SUMMARY_COLUMN 32

static void help_common(FILE *file) {
        (void) fputs("\nOptions:\n"
                     "     --json        Print JSON, for programs\n"
                     "     --no-legend   Print no headings and no hints\n"
                     "     --no-ask-password\n"
                     "                   Ask for no password, and fail where one is needed\n"
                     "  -h --help        Show this help, or that of a verb\n"
                     "  -V --version     Show the version\n\n"
                     "Times in JSON are microseconds since the epoch, what is absent is null.\n"
                     "Exit codes: 0 success, 1 failure, 2 wrong usage, 4 no such project, stage,\n"
                     "deploy or hook, 130 Ctrl-C.\n",
                     file);
}

void help_all(const char *group, FILE *file) {
        const Verb *verb;

        (void) fputs("tinyforgectl [OPTIONS...] VERB [ARGUMENTS...]\n\n"
                     "Ask tinyforge what it does, and tell it what to do.\n\nVerbs:\n",
                     file);
        for (size_t i = 0; (verb = verb_at(i)); i++) {
                int n;

                if (group && !verb_is_of_group(verb, group))
                        continue;

                n = fprintf(file, "  %s %s", verb->name, verb->arguments);
                (void) fprintf(file, "%*s%s\n", n <= SUMMARY_COLUMN - 2 ? SUMMARY_COLUMN - n : 2, "",
                               verb->summary);
        }
        help_common(file);
        (void) fputs("\nA verb's own help: tinyforgectl VERB --help. All of it: man tinyforgectl.\n", file);
}

void help_verb(const Verb *verb, FILE *file) {
        (void) fprintf(file, "tinyforgectl [OPTIONS...] %s%s%s\n\n%s.\n\n%s", verb->name,
                       isempty(verb->arguments) ? "" : " ", verb->arguments, verb->summary, verb->details);
        help_common(file);
}
