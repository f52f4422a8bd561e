/* SPDX-License-Identifier: MIT */
/* One command line: its options, its verb, its exit code. See run.h. */
#include "ctl/run.h"

#include <getopt.h>

#include "config.h"
#include "ctl/agent.h"
#include "ctl/ctl.h"
#include "ctl/help.h"
#include "ctl/nearest.h"
#include "ctl/verb-table.h"
#include "ctl/watch.h"
#include "shared/conf/conf.h"
#include "shared/conf/parse.h"
#include "shared/std-fds.h"

#define LIMIT_MAX       1000U
#define TIMEOUT_DEFAULT (3600 * USEC_PER_SEC)

/* What the command line says besides what Ctl keeps. */
typedef struct Command {
        bool help;
        bool version;
        unsigned options; /* of VerbOptions: those that were given */
} Command;

enum {
        ARG_JSON = 0x100,
        ARG_NO_LEGEND,
        ARG_WAIT,
        ARG_NO_WAIT,
        ARG_TIMEOUT,
        ARG_IMAGE,
        ARG_HEADER,
        ARG_GRACE,
        ARG_NO_ASK_PASSWORD,
        ARG_FLAG,        /* and those after it: the place in `flags` */
        ARG_TEXT = 0x200 /* the same in `texts` */
};

/* Options whose value is for the verb to read. */
static const struct {
        const char *name;
        unsigned option; /* of VerbOptions */
        size_t offset;   /* in Ctl */
} texts[] = {
        { "signature", VERB_HOOK, offsetof(Ctl, signature) },
        { "hook", VERB_PAYLOAD, offsetof(Ctl, hook) },
        { "since", VERB_SINCE, offsetof(Ctl, since) },
        { "until", VERB_SINCE, offsetof(Ctl, until) },
        { "output", VERB_OUTPUT, offsetof(Ctl, output) },
        { "port", VERB_PROJECT, offsetof(Ctl, port) },
        { "healthcheck", VERB_PROJECT, offsetof(Ctl, healthcheck) },
        { "after", VERB_PROJECT, offsetof(Ctl, after) },
        { "pattern", VERB_STAGE, offsetof(Ctl, pattern) },
        { "policy", VERB_POLICY, offsetof(Ctl, policy) },
        { "auto-deploy", VERB_STAGE, offsetof(Ctl, auto_deploy) },
        { "max-instances", VERB_STAGE, offsetof(Ctl, max_instances) },
        { "allow-downgrade", VERB_STAGE, offsetof(Ctl, allow_downgrade) },
};

/* Options that say no more than that they were given. */
static const struct {
        const char *name;
        unsigned option; /* of VerbOptions */
        size_t offset;   /* of a bool in Ctl */
} flags[] = {
        { "hold", VERB_HOLD, offsetof(Ctl, hold) },
        { "stop", VERB_STOP, offsetof(Ctl, stop) },
        { "show-secrets", VERB_SECRETS, offsetof(Ctl, show_secrets) },
        { "force", VERB_FORCE, offsetof(Ctl, force) },
        { "local", VERB_LOCAL, offsetof(Ctl, local) },
        { "all", VERB_ALL, offsetof(Ctl, all) },
        { "bare", VERB_HOOK, offsetof(Ctl, bare) },
        { "watch", VERB_WATCH, offsetof(Ctl, watch) },
};

static const struct option long_options[] = {
        { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },
        { "json", no_argument, NULL, ARG_JSON },
        { "no-legend", no_argument, NULL, ARG_NO_LEGEND },
        { "limit", required_argument, NULL, 'n' },
        { "wait", no_argument, NULL, ARG_WAIT },
        { "no-wait", no_argument, NULL, ARG_NO_WAIT },
        { "timeout", required_argument, NULL, ARG_TIMEOUT },
        { "follow", no_argument, NULL, 'f' },
        { "image", required_argument, NULL, ARG_IMAGE },
        { "header", required_argument, NULL, ARG_HEADER },
        { "grace", required_argument, NULL, ARG_GRACE },
        { "no-ask-password", no_argument, NULL, ARG_NO_ASK_PASSWORD },
};

#define N_OPTIONS (ELEMENTSOF(long_options) + ELEMENTSOF(flags) + ELEMENTSOF(texts))

/* The tables as one, as getopt_long() wants it. */
static void make_options(struct option options[static N_OPTIONS + 1]) {
        struct option *next = options;

        for (size_t i = 0; i < ELEMENTSOF(long_options); i++)
                *next++ = long_options[i];
        for (size_t i = 0; i < ELEMENTSOF(flags); i++)
                *next++ = (struct option){ flags[i].name, no_argument, NULL, ARG_FLAG + (int) i };
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                *next++ = (struct option){ texts[i].name, required_argument, NULL, ARG_TEXT + (int) i };
        *next = (struct option){ NULL, 0, NULL, 0 };
}

static int parse_limit(Ctl *ctl, const char *text) {
        uint64_t limit;

        if (parse_uint(text, LIMIT_MAX, &limit) < 0 || limit == 0) {
                (void) ctl_fail(ctl, -EINVAL, "-n wants a number from 1 to %u, not '%s'", LIMIT_MAX, text);
                return CTL_EXIT_USAGE;
        }

        ctl->limit = (unsigned) limit;
        return 0;
}

/* A time span that the option of that name has. */
static int parse_span(Ctl *ctl, const char *option, const char *text, uint64_t *ret) {
        if (parse_sec(text, ret) < 0) {
                (void) ctl_fail(ctl, -EINVAL, "--%s= wants a time span such as 5min, not '%s'", option,
                                text);
                return CTL_EXIT_USAGE;
        }

        return 0;
}

/* One more of an option that can be given again. */
static int parse_more(Ctl *ctl, char ***strv, const char *text) {
        if (strv_add(strv, text, strlen(text)) < 0) {
                (void) ctl_fail(ctl, -ENOMEM, "Out of memory");
                return CTL_EXIT_FAILURE;
        }

        return 0;
}

/* 0, or an exit code. */
static int parse_option(Ctl *ctl, Command *command, int option, const char *value) {
        switch (option) {
        case 'h':
                command->help = true;
                return 0;
        case 'V':
                command->version = true;
                return 0;
        case ARG_JSON:
                ctl->json = true;
                return 0;
        case ARG_NO_LEGEND:
                ctl->legend = false;
                return 0;
        case ARG_NO_ASK_PASSWORD:
                ctl->ask_password = false;
                return 0;
        case 'n':
                command->options |= VERB_LIMIT;
                return parse_limit(ctl, value);
        case ARG_WAIT:
        case ARG_NO_WAIT:
                command->options |= VERB_WAIT;
                ctl->wait = option == ARG_WAIT;
                return 0;
        case ARG_TIMEOUT:
                command->options |= VERB_WAIT;
                return parse_span(ctl, "timeout", value, &ctl->timeout_usec);
        case 'f':
                command->options |= VERB_FOLLOW;
                ctl->follow = true;
                return 0;
        case ARG_IMAGE:
                command->options |= VERB_IMAGE;
                return parse_more(ctl, &ctl->images, value);
        case ARG_HEADER:
                command->options |= VERB_PAYLOAD;
                return parse_more(ctl, &ctl->headers, value);
        case ARG_GRACE:
                command->options |= VERB_GRACE;
                return parse_span(ctl, "grace", value, &ctl->grace_usec);
        default:
                if (option >= ARG_FLAG && option < ARG_FLAG + (int) ELEMENTSOF(flags)) {
                        command->options |= flags[option - ARG_FLAG].option;
                        *(bool *) ((char *) ctl + flags[option - ARG_FLAG].offset) = true;
                        return 0;
                }
                if (option >= ARG_TEXT && option < ARG_TEXT + (int) ELEMENTSOF(texts)) {
                        command->options |= texts[option - ARG_TEXT].option;
                        *(const char **) ((char *) ctl + texts[option - ARG_TEXT].offset) = value;
                        return 0;
                }
                return CTL_EXIT_USAGE;
        }
}

/* A long option that getopt_long() did not take: there is none, it is short for several, or it has no value. */
static void report_long_option(const Ctl *ctl, const struct option *options, const char *word) {
        size_t length = strcspn(word + 2, "="), n_longer = 0;
        char name[64];
        Nearest nearest = { .word = name };

        (void) snprintf(name, sizeof(name), "%.*s", (int) length, word + 2);
        for (; options->name; options++) {
                nearest_try(&nearest, options->name);
                n_longer += strncmp(options->name, name, strlen(name)) == 0;
        }

        if (optopt != 0)
                (void) ctl_fail(ctl, -EINVAL, "The option --%s takes no value", name);
        else if (n_longer > 1)
                (void) ctl_fail(ctl, -EINVAL, "More than one option begins with --%s", name);
        else
                (void) ctl_fail(ctl, -EINVAL, "There is no option --%s", name);
        if (nearest.found && nearest.distance > 0 && n_longer <= 1)
                ctl_hint(ctl, "Did you mean --%s?", nearest.found);
}

/* What getopt_long() answered with '?' or ':' for. */
static void report_option(const Ctl *ctl, const struct option *options, int answer, const char *word) {
        bool is_long = strncmp(word, "--", 2) == 0;

        if (answer == ':' && is_long)
                (void) ctl_fail(ctl, -EINVAL, "The option %s wants a value", word);
        else if (answer == ':')
                (void) ctl_fail(ctl, -EINVAL, "The option -%c wants a value", optopt);
        else if (is_long)
                report_long_option(ctl, options, word);
        else
                (void) ctl_fail(ctl, -EINVAL, "There is no option -%c", optopt);
        ctl_hint(ctl, "See tinyforgectl VERB --help");
}

static int parse_argv(Ctl *ctl, int argc, char *argv[], Command *ret) {
        struct option options[N_OPTIONS + 1];
        Command command = { .options = 0 };
        int option, r;

        make_options(options);
        /* Zero makes glibc begin anew, also after an earlier command line. */
        optind = 0;
        opterr = 0;
        while ((option = getopt_long(argc, argv, ":hVn:f", options, NULL)) >= 0) {
                r = parse_option(ctl, &command, option, optarg);
                if (option == '?' || option == ':')
                        report_option(ctl, options, option, argv[optind - 1]);
                if (r > 0)
                        return r;
        }

        *ret = command;
        return 0;
}

/* Whether the verb takes these arguments and options: 0, or an exit code. */
static int check_usage(const Ctl *ctl, const Verb *verb, const Command *command, size_t n_args) {
        if (n_args < verb->n_min || n_args > verb->n_max) {
                (void) ctl_fail(ctl, -EINVAL, "Too %s arguments", n_args < verb->n_min ? "few" : "many");
                ctl_hint(ctl, "Usage: tinyforgectl %s %s", verb->name, verb->arguments);
                return CTL_EXIT_USAGE;
        }

        if (command->options & ~verb->options) {
                (void) ctl_fail(ctl, -EINVAL, "That option is not for the verb '%s'", verb->name);
                ctl_hint(ctl, "See tinyforgectl %s --help", verb->name);
                return CTL_EXIT_USAGE;
        }

        if (ctl->follow && !ctl->wait) {
                (void) ctl_fail(ctl, -EINVAL, "What is not waited for cannot be followed");
                ctl_hint(ctl, "Leave out --no-wait, or follow it later: tinyforgectl follow ID");
                return CTL_EXIT_USAGE;
        }

        return 0;
}

/* The verb whose name is nearest to what was typed, with as many words as it has. */
static void suggest_verb(const Ctl *ctl, int argc, char *argv[]) {
        Nearest one = { .word = argv[0] }, two = { .word = "" };
        _cleanup_free_ char *words = NULL;
        const Verb *verb;

        if (argc > 1 && asprintf(&words, "%s %s", argv[0], argv[1]) < 0)
                words = NULL;
        if (words)
                two.word = words;

        for (size_t i = 0; (verb = verb_at(i)); i++)
                nearest_try(strchr(verb->name, ' ') ? &two : &one, verb->name);
        if (one.found || two.found)
                ctl_hint(ctl, "Did you mean '%s'?", two.found ? two.found : one.found);
}

/* A word that is none, or half of one: an exit code. */
static int report_unknown(const Ctl *ctl, int argc, char *argv[]) {
        bool is_group = verbs_have_group(argv[0]);

        if (is_group && argc == 1)
                (void) ctl_fail(ctl, -EINVAL, "The verb '%s' is not complete", argv[0]);
        else
                (void) ctl_fail(ctl, -EINVAL, "There is no verb '%s%s%s'", argv[0], is_group ? " " : "",
                                is_group ? argv[1] : "");
        suggest_verb(ctl, argc, argv);
        ctl_hint(ctl, "See tinyforgectl %s%s--help", is_group ? argv[0] : "", is_group ? " " : "");
        return CTL_EXIT_USAGE;
}

static int show_help(const Ctl *ctl, int argc, char *argv[]) {
        size_t n_used = 0;
        const Verb *verb;

        if (argc == 0 || (argc == 1 && verbs_have_group(argv[0]))) {
                help_all(argv[0], ctl->out);
                return 0;
        }

        verb = verb_find(argv, (size_t) argc, &n_used);
        if (!verb)
                return report_unknown(ctl, argc, argv);

        help_verb(verb, ctl->out);
        return 0;
}

static int run_verb(Ctl *ctl, const Command *command, int argc, char *argv[]) {
        static char status[] = "status";
        char *const no_words[] = { status };
        size_t n_used = 0, n_args;
        const Verb *verb;
        int r;

        if (command->version) {
                ctl_print(ctl, "tinyforge %s", TINYFORGE_VERSION);
                return 0;
        }

        if (command->help)
                return show_help(ctl, argc, argv);
        if (argc > 0 && streq(argv[0], "help"))
                return show_help(ctl, argc - 1, argv + 1);

        /* Without a verb: the first thing that one wants to know. */
        verb = verb_find(argc > 0 ? argv : no_words, argc > 0 ? (size_t) argc : 1, &n_used);
        if (!verb)
                return report_unknown(ctl, argc, argv);

        ctl->follow = ctl->follow || verb->follows;
        n_args = argc > 0 ? (size_t) argc - n_used : 0;
        r = check_usage(ctl, verb, command, n_args);
        if (r > 0)
                return r;

        return ctl->watch ? watch_run(ctl, verb->run, argv + argc - n_args)
                          : verb->run(ctl, argv + argc - n_args);
}

int ctl_run(int argc, char *argv[], FILE *out, FILE *err) {
        int r, out_error = 0;
        Ctl ctl = {
                .out = out,
                .err = err,
                .screen = out,
                .out_error = &out_error,
                .legend = true,
                .wait = true,
                .ask_password = true,
                .timeout_usec = TIMEOUT_DEFAULT,
        };
        Command command;

        assert(argv);
        assert(out);
        assert(err);

        r = parse_argv(&ctl, argc, argv, &command);
        if (r == 0)
                r = run_verb(&ctl, &command, argc - optind, argv + optind);
        agent_free(ctl.agent);
        sd_bus_flush_close_unref(ctl.bus);
        ctl.images = strv_free(ctl.images);
        ctl.headers = strv_free(ctl.headers);

        ctl_flush(&ctl);
        if (ferror(out)) {
                (void) ctl_fail(&ctl, -EIO, "Cannot write the answer: %s",
                                std_fds_error(out_error > 0 ? out_error : EIO));
                return CTL_EXIT_FAILURE;
        }

        return ctl_exit_code(r);
}
