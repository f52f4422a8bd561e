/* SPDX-License-Identifier: MIT */
/* The table of verbs, and the help that is made of it: see verbs.h. */
#include "ctl/verbs.h"

/* What is the same for all verbs that wait for a deploy. */
#define HELP_TIMEOUT "     --timeout=SPAN   Wait so long at most (default 1h); the deploy goes on\n"
#define HELP_WAIT                                                \
        "     --no-wait        Return when it is in the queue\n" \
        "     --wait           Wait for the outcome (the default)\n" HELP_TIMEOUT
#define HELP_FOLLOW \
        "     --follow         Show the way there: a line that moves on a terminal, plain lines elsewhere\n"
#define HELP_OUTCOME                                                                                               \
        "Exit code 0 for succeeded and unchanged, 1 for every other outcome, 130 after Ctrl-C, which ends\n"       \
        "the waiting and not the deploy.\n\n"                                                                      \
        "JSON: one object, as of deploys; with --follow, before it one line for each step:\n"                      \
        "{\"phase\",\"detail\"}. Phases: queued, running, resolved, pulling, pulled, created, stopped, started,\n" \
        "probing, healthy, switched, retired; from the beginning again where the deployer had to.\n"

static const Verb verbs[] = {
        {
                        .name = "status",
                        .arguments = "",
                        .summary = "Show the units, the queue, the engine, and what runs where",
                        .details = "Says first what systemd says of the units; a service that is inactive is normal. Then asks\n"
                                   "both daemons, which starts them. Exit code 1 where one of the three does not answer.\n\n"
                                   "Instances come from the engine, and are shown to whom polkit lets see them. Unmanaged is what webhookd has no\n"
                                   "deploy of.\n\n"
                                   "JSON: {\"units\":[{\"unit\",\"load\",\"active\",\"sub\"}],\n"
                                   "       \"webhookd\":{\"version\",\"public_url\",\"projects\",\"queued\",\"running\"},\n"
                                   "       \"engine\":{\"name\",\"version\",\"api_version\"},\n"
                                   "       \"instances\":[as of endpoint, of all states, and \"managed\"]}; a part that is missing is null.\n",
                        .run = verb_status,
        },
        {
                        .name = "url",
                        .arguments = "",
                        .summary = "Show the URL that CI calls; it is a secret",
                        .details = "The part before the path is PublicURL= of webhookd.conf, or the socket's default.\n\n"
                                   "JSON: {\"url\",\"path\"}.\n",
                        .run = verb_url,
        },
        {
                        .name = "regenerate-secret",
                        .arguments = "",
                        .summary = "Make a new secret, and show the new URL",
                        .details = "The old URL is dead when this returns.\n\n"
                                   "JSON: {\"url\",\"path\"}.\n",
                        .run = verb_regenerate_secret,
        },
        {
                        .name = "projects",
                        .arguments = "",
                        .summary = "List the projects",
                        .details = "JSON: [{\"name\",\"image\",\"port\",\"healthcheck\",\"auto_created\",\"created_at\"}]. The port\n"
                                   "is null where the image decides.\n",
                        .run = verb_projects,
        },
        {
                        .name = "project show",
                        .arguments = "PROJECT [STAGE]",
                        .n_min = 1,
                        .n_max = 2,
                        .summary = "Show a project, and the containers it makes",
                        .details = "Of each stage, what the engine is asked for by a deploy today: what tinyforge says itself, and\n"
                                   "merged into it what is in /etc/tinyforge/projects.d. The image is the newest that came up.\n"
                                   "Exit code 1 where that is refused, with the reason. The containers are shown to root, and to whom polkit lets.\n\n"
                                   "JSON: {\"name\",\"image\",\"port\",\"healthcheck\",\"auto_created\",\"created_at\",\"stages\":[{\"name\",\n"
                                   "       \"tag_pattern\",\"auto_deploy\",\"max_instances\",\"image\",\"container\":{...},\"error\"}]}.\n",
                        .run = verb_project_show,
        },
        {
                        .name = "stages",
                        .arguments = "[PROJECT]",
                        .n_max = 1,
                        .summary = "List stages, in the order in which they are asked",
                        .details = "A stage is shadowed by an earlier one that takes every tag it would take: no push reaches "
                                   "it.\n\n"
                                   "JSON: [{\"project\",\"name\",\"tag_pattern\",\"auto_deploy\",\"max_instances\",\"shadowed_by\"}].\n",
                        .run = verb_stages,
        },
        {
                        .name = "deploys",
                        .arguments = "[PROJECT [STAGE]]",
                        .n_max = 2,
                        .options = VERB_LIMIT,
                        .summary = "List deploys, newest first",
                        .details = "  -n --limit=N    So many at most (default 20, at most 1000)\n\n"
                                   "JSON: [{\"id\",\"project\",\"stage\",\"image\",\"state\",\"queued_at\",\"finished_at\",\"reason\"}].\n"
                                   "States: queued, running, succeeded, unchanged, rolled-back, failed, superseded, cancelled.\n",
                        .run = verb_deploys,
        },
        {
                        .name = "deploy",
                        .arguments = "PROJECT STAGE [TAG]",
                        .n_min = 2,
                        .n_max = 3,
                        .options = VERB_WAIT | VERB_FOLLOW,
                        .summary = "Deploy a tag, and wait for the outcome",
                        .details = "TAG is \"v1\", \"@sha256:...\" or \"v1@sha256:...\". Without one, what was pushed while "
                                   "auto_deploy was\noff is deployed.\n\n" HELP_WAIT HELP_FOLLOW
                                   "\n" HELP_OUTCOME,
                        .run = verb_deploy,
        },
        {
                        .name = "rollback",
                        .arguments = "PROJECT STAGE",
                        .n_min = 2,
                        .n_max = 2,
                        .options = VERB_WAIT | VERB_FOLLOW | VERB_HOLD,
                        .summary = "Go back to the deploy before, and wait for the outcome",
                        .details = "Goes to the newest deploy that succeeded before the one that runs, so twice goes back two.\n"
                                   "What is queued for the stage is cancelled. Where there is nothing to go back to, nothing is\n"
                                   "stopped, and the exit code is 1.\n\n"
                                   "     --hold           Switch the stage's auto_deploy off as well, so that no push undoes it\n" HELP_WAIT
                                                   HELP_FOLLOW "\n" HELP_OUTCOME,
                        .run = verb_rollback,
        },
        {
                        .name = "follow",
                        .arguments = "ID",
                        .n_min = 1,
                        .n_max = 1,
                        .options = VERB_WAIT,
                        .follows = true,
                        .summary = "Show the way of a deploy, and wait for the outcome",
                        .details = HELP_TIMEOUT "\n" HELP_OUTCOME,
                        .run = verb_follow,
        },
        {
                        .name = "cancel",
                        .arguments = "ID",
                        .n_min = 1,
                        .n_max = 1,
                        .options = VERB_WAIT,
                        .summary = "Cancel a deploy that is queued or running, and wait for its end",
                        .details = "What ran before keeps running, or runs again. After the switch to the new one it is too late:\n"
                                   "see rollback.\n\n" HELP_WAIT "\n"
                                   "Exit code 0 for cancelled, 1 for every other end, 4 where there is no such deploy.\n\n"
                                   "JSON: one object, as of deploys.\n",
                        .run = verb_cancel,
        },
        {
                        .name = "endpoint",
                        .arguments = "PROJECT STAGE",
                        .n_min = 2,
                        .n_max = 2,
                        .summary = "Show where a stage answers now",
                        .details = "One line for each running instance that publishes a port. Exit code 1 where there is "
                                   "none.\n\n"
                                   "JSON: [{\"project\",\"stage\",\"deploy\",\"state\",\"health\",\"digest\",\"started_at\",\"endpoint\",\n"
                                   "       \"container\",\"name\",\"store\"}].\n",
                        .run = verb_endpoint,
        },
        {
                        .name = "match",
                        .arguments = "IMAGE",
                        .n_min = 1,
                        .n_max = 1,
                        .summary = "Show where a push of an image would go, and why",
                        .details = "Deploys nothing. Exit code 4 where no project or no stage takes it.\n\n"
                                   "JSON: {\"image\",\"tag\",\"project\",\"stage\",\"auto_deploy\",\n"
                                   "       \"stages\":[{\"name\",\"tag_pattern\",\"auto_deploy\",\"matches\",\"takes\"}]}.\n",
                        .run = verb_match,
        },
        {
                        .name = "parse-image",
                        .arguments = "REFERENCE",
                        .n_min = 1,
                        .n_max = 1,
                        .summary = "Take an image reference apart, and normalise it",
                        .details = "Asks no daemon. Exit code 1, and the reason, for what is no reference.\n\n"
                                   "JSON, always: {\"domain\",\"path\",\"tag\",\"digest\",\"normalized\"}.\n",
                        .run = verb_parse_image,
        },
        {
                        .name = "match-tag",
                        .arguments = "PATTERN TAG",
                        .n_min = 2,
                        .n_max = 2,
                        .summary = "Tell whether a pattern takes a tag",
                        .details = "Asks no daemon. Exit code 0: it does; 1: it does not; 2: that is no pattern.\n\n"
                                   "JSON: {\"match\"}.\n",
                        .run = verb_match_tag,
        },
};

/* Whether `name` is of two words, and this is the first. */
static bool name_is_of_group(const char *name, const char *word) {
        size_t length = strlen(word);

        return strncmp(name, word, length) == 0 && name[length] == ' ';
}

const Verb *verb_find(char *const *words, size_t n_words, size_t *ret_n_used) {
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
                const char *space = strchr(verbs[i].name, ' ');
                bool found;

                if (space)
                        found = n_words > 1 && name_is_of_group(verbs[i].name, words[0]) &&
                                streq(space + 1, words[1]);
                else
                        found = n_words > 0 && streq(verbs[i].name, words[0]);
                if (found) {
                        *ret_n_used = space ? 2 : 1;
                        return &verbs[i];
                }
        }

        return NULL;
}

bool verbs_have_group(const char *word) {
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                if (name_is_of_group(verbs[i].name, word))
                        return true;

        return false;
}

static void help_common(FILE *file) {
        (void) fputs("\nOptions:\n"
                     "     --json        Print JSON, for programs\n"
                     "     --no-legend   Print no headings and no hints\n"
                     "     --no-ask-password\n"
                     "                   Ask for no password, and fail where one is needed\n"
                     "  -h --help        Show this help, or that of a verb\n"
                     "     --version     Show the version\n\n"
                     "Times in JSON are microseconds since the epoch, what is absent is null.\n"
                     "Exit codes: 0 success, 1 failure, 2 wrong usage, 4 no such project, stage or deploy.\n",
                     file);
}

void verbs_help(const char *group, FILE *file) {
        (void) fputs("tinyforgectl [OPTIONS...] VERB [ARGUMENTS...]\n\n"
                     "Ask tinyforge what it does, and tell it what to do.\n\nVerbs:\n",
                     file);
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++) {
                int n;

                if (group && !name_is_of_group(verbs[i].name, group))
                        continue;

                n = fprintf(file, "  %s %s", verbs[i].name, verbs[i].arguments);

                (void) fprintf(file, "%*s%s\n", n < 32 ? 32 - n : 1, "", verbs[i].summary);
        }
        help_common(file);
}

void verb_help(const Verb *verb, FILE *file) {
        (void) fprintf(file, "tinyforgectl [OPTIONS...] %s%s%s\n\n%s.\n\n%s", verb->name,
                       isempty(verb->arguments) ? "" : " ", verb->arguments, verb->summary, verb->details);
        help_common(file);
}
