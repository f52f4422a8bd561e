/* SPDX-License-Identifier: MIT */
/* The table of verbs, and the help that is made of it: see verbs.h. */
#include "ctl/verbs.h"

/* What is the same for all verbs that wait for a deploy. */
#define HELP_TIMEOUT "     --timeout=SPAN   Wait so long at most (default 1h); the deploy goes on\n"
#define HELP_WAIT                                                \
        "     --no-wait        Return when it is in the queue\n" \
        "     --wait           Wait for the outcome (the default)\n" HELP_TIMEOUT
#define HELP_FOLLOW \
        "  -f --follow         Show the way there: a line that moves on a terminal, plain lines elsewhere\n"
#define HELP_OUTCOME                                                                                               \
        "Exit code 0 for succeeded and unchanged, 1 for every other outcome, 130 after Ctrl-C, which ends\n"       \
        "the waiting and not the deploy.\n\n"                                                                      \
        "JSON: one object, as of deploys; with --follow, before it one line for each step:\n"                      \
        "{\"phase\",\"detail\"}. Phases: queued, running, resolved, pulling, pulled, created, stopped, started,\n" \
        "probing, healthy, switched, retired; from the beginning again where the deployer had to.\n"

#define HELP_PROJECT                                                                               \
        "     --port=PORT          The port that the container listens on; 0: the image says it\n" \
        "     --healthcheck=CHECK  image, tcp, http:/path, or nothing for whatever there is\n"
#define HELP_STOP                                                                               \
        "What runs is not forgotten, and a deploy that is queued or running is in the way.\n\n" \
        "     --stop  Stop and remove what runs first, and give up its images\n"

static const Verb verbs[] = {
        {
                        .name = "status",
                        .arguments = "",
                        .summary = "Show the units, the queue, the engine, and what runs where",
                        .details = "Says first what systemd says of the units; a service that is inactive is normal. Then asks\n"
                                   "both daemons, which starts them. Exit code 1 where one of the three does not answer.\n\n"
                                   "Instances come from the engine, and are shown to root only. Unmanaged is what webhookd has no\n"
                                   "deploy of.\n\n"
                                   "JSON: {\"units\":[{\"unit\",\"load\",\"active\",\"sub\",\"since\"}],\n"
                                   "       \"webhookd\":{\"version\",\"public_url\",\"projects\",\"queued\",\"running\"},\n"
                                   "       \"engine\":{\"name\",\"version\",\"api_version\"},\n"
                                   "       \"instances\":[as of endpoint, of all states, and \"managed\"]}; a part that is missing is null.\n",
                        .run = verb_status,
        },
        {
                        .name = "url",
                        .arguments = "[HOOK]",
                        .n_max = 1,
                        .summary = "Show the URL that CI calls; it is a secret",
                        .details = "Without HOOK that of the main hook. The part before the path is PublicURL= of webhookd.conf,\n"
                                   "or the socket's default.\n\n"
                                   "JSON: {\"url\",\"path\"}.\n",
                        .run = verb_url,
        },
        {
                        .name = "regenerate-secret",
                        .arguments = "",
                        .summary = "Make a new secret, and show the new URL",
                        .details = "Of the main hook. The old URL is dead when this returns.\n\n"
                                   "JSON: {\"url\",\"path\"}.\n",
                        .run = verb_regenerate_secret,
        },
        {
                        .name = "hooks",
                        .arguments = "",
                        .summary = "List the hooks beside the main one",
                        .details = "Without images a hook is for all of them. The URL of one is shown by url HOOK.\n\n"
                                   "JSON: [{\"name\",\"images\":[],\"signature\",\"has_key\",\"created_at\",\"rotated_at\",\"previous_until\"}].\n",
                        .run = verb_hooks,
        },
        {
                        .name = "hook create",
                        .arguments = "HOOK",
                        .n_min = 1,
                        .n_max = 1,
                        .options = VERB_HOOK | VERB_IMAGE,
                        .summary = "Make one more URL, and show it",
                        .details = "     --image=PATTERN   Images (domain/path) that may come through it; again for more. All by default\n"
                                   "     --signature=RULE  optional: a proof of origin that is sent has to be right, where there is a\n"
                                   "                       key (the default); required: there has to be one; none: not looked at\n\n"
                                   "The keys of its sender, one a line, are the credential signing-key.HOOK of\n"
                                   "tinyforge-webhookd.service, which reads them when it starts:\n\n"
                                   "     LoadCredential=signing-key.HOOK:/etc/tinyforge/signing-key.HOOK\n\n"
                                   "JSON: {\"url\",\"path\"}.\n",
                        .run = verb_hook_create,
        },
        {
                        .name = "hook rotate",
                        .arguments = "HOOK",
                        .n_min = 1,
                        .n_max = 1,
                        .options = VERB_GRACE,
                        .summary = "Give a hook a new secret, and show the new URL",
                        .details = "     --grace=SPAN     The old URL works for so long, at most 30 days; by default it is dead at once\n\n"
                                   "The main hook has regenerate-secret.\n\n"
                                   "JSON: {\"url\",\"path\"}.\n",
                        .run = verb_hook_rotate,
        },
        {
                        .name = "hook remove",
                        .arguments = "HOOK",
                        .n_min = 1,
                        .n_max = 1,
                        .summary = "Remove a hook; its URL is dead when this returns",
                        .details = "What was deployed through it stays.\n\n"
                                   "JSON: {\"removed\"}.\n",
                        .run = verb_hook_remove,
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
                                   "Exit code 1 where that is refused, with the reason. The containers are shown to root.\n\n"
                                   "JSON: {\"name\",\"image\",\"port\",\"healthcheck\",\"auto_created\",\"created_at\",\"stages\":[{\"name\",\n"
                                   "       \"policy\",\"tag_pattern\",\"auto_deploy\",\"max_instances\",\"image\",\"container\":{...},\"error\"}]}.\n",
                        .run = verb_project_show,
        },
        {
                        .name = "project create",
                        .arguments = "NAME IMAGE",
                        .n_min = 2,
                        .n_max = 2,
                        .options = VERB_PROJECT,
                        .summary = "Make a project of an image's repository",
                        .details = "It has no stage yet: see stage set.\n\n" HELP_PROJECT "\n"
                                   "JSON: {\"project\"}.\n",
                        .run = verb_project_create,
        },
        {
                        .name = "project set",
                        .arguments = "NAME",
                        .n_min = 1,
                        .n_max = 1,
                        .options = VERB_PROJECT | VERB_IMAGE,
                        .summary = "Change a project, from its next deploy on",
                        .details = "     --image=REPOSITORY   Deploy another image; what was available is forgotten\n" HELP_PROJECT
                                   "\nJSON: {\"project\"}.\n",
                        .run = verb_project_set,
        },
        {
                        .name = "project remove",
                        .arguments = "NAME",
                        .n_min = 1,
                        .n_max = 1,
                        .options = VERB_STOP,
                        .summary = "Forget a project, its stages and their deploys",
                        .details = HELP_STOP "\nJSON: {\"project\"}.\n",
                        .run = verb_project_remove,
        },
        {
                        .name = "stages",
                        .arguments = "[PROJECT]",
                        .n_max = 1,
                        .summary = "List stages, in the order in which they are asked",
                        .details = "A stage is shadowed by an earlier one that takes every tag it would take: no push reaches "
                                   "it.\n\n"
                                   "Available is what was pushed while auto_deploy was off: deploy without a tag takes it.\n\n"
                                   "JSON: [{\"project\",\"name\",\"policy\",\"tag_pattern\",\"auto_deploy\",\"max_instances\",\n"
                                   "       \"allow_downgrade\",\"available\",\"shadowed_by\"}].\n",
                        .run = verb_stages,
        },
        {
                        .name = "stage set",
                        .arguments = "PROJECT STAGE",
                        .n_min = 2,
                        .n_max = 2,
                        .options = VERB_STAGE | VERB_POLICY,
                        .summary = "Make a stage, or change which tags it takes and how",
                        .details = "Stages are asked in the order of their names, and the first that takes a tag gets it. To pin a\n"
                                   "stage to some tags, first narrow or remove one that takes all, such as the dev that a push made.\n\n"
                                   "     --pattern=PATTERN       Which tags; a new stage needs one\n"
                                   "     --policy=POLICY         How the pattern is read:\n"
                                   "                               glob    v*; the default\n"
                                   "                               semver  a range: ^1.4, ~1.2, \">=1.2 <2\", 1.x; the highest wins\n"
                                   "                               regex   an extended regular expression for the whole tag\n"
                                   "                               digest  one tag, such as latest, whose digest moves\n"
                                   "     --auto-deploy=BOOL      Whether a push is deployed, or only made available\n"
                                   "     --max-instances=N       How many versions run side by side, 1 to 16\n"
                                   "     --allow-downgrade=BOOL  Whether semver follows a lower version, too\n\n"
                                   "JSON: one row, as of stages, in an array.\n",
                        .run = verb_stage_set,
        },
        {
                        .name = "stage remove",
                        .arguments = "PROJECT STAGE",
                        .n_min = 2,
                        .n_max = 2,
                        .options = VERB_STOP,
                        .summary = "Forget a stage and its deploys",
                        .details = HELP_STOP "\nJSON: {\"project\",\"stage\"}.\n",
                        .run = verb_stage_remove,
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
                        .name = "promote",
                        .arguments = "PROJECT FROM TO",
                        .n_min = 3,
                        .n_max = 3,
                        .options = VERB_WAIT | VERB_FOLLOW,
                        .summary = "Deploy to a stage what another one runs, by its digest",
                        .details = "Whatever the tag stands for by now, TO gets what came up in FROM.\n\n" HELP_WAIT
                                        HELP_FOLLOW "\n" HELP_OUTCOME,
                        .run = verb_promote,
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
                        .name = "logs",
                        .arguments = "PROJECT [STAGE]",
                        .n_min = 1,
                        .n_max = 2,
                        .options = VERB_LIMIT | VERB_FOLLOW | VERB_SINCE,
                        .summary = "Show what was done for a project, and what its containers say",
                        .details = "By journalctl, with its pager: what both daemons tell of the project's deploys, and the lines of\n"
                                   "its containers, those that did not come up included. Root and the group systemd-journal can\n"
                                   "read them.\n\n"
                                   "  -f --follow       Wait for more\n"
                                   "  -n --limit=N      The newest N lines (at most 1000); without it all, or 10 with --follow\n"
                                   "     --since=TIME   From then on: \"2026-01-31 12:00\", \"yesterday\", \"-2h\"\n"
                                   "     --until=TIME   Until then\n\n"
                                   "Exit code 4 for what does not exist, otherwise that of journalctl.\n\n"
                                   "JSON: one entry a line, with all its fields, as of journalctl --output=json.\n",
                        .run = verb_logs,
        },
        {
                        .name = "metrics",
                        .arguments = "",
                        .options = VERB_OUTPUT,
                        .summary = "Show counters and gauges as OpenMetrics text",
                        .details = "For the textfile collector of node_exporter, which tinyforge-metrics.timer serves, or for any\n"
                                   "reader of that format. Asks both daemons, which starts them. Instances are told to root only;\n"
                                   "exit code 1 where they cannot be asked for, after the rest was written.\n\n"
                                   "     --output=FILE  Replace this file at once, instead of printing\n\n"
                                   "JSON: [{\"name\",\"labels\":{...},\"value\"}].\n",
                        .run = verb_metrics,
        },
        {
                        .name = "cat-config",
                        .arguments = "",
                        .summary = "Show the configuration that is in force, and where it comes from",
                        .details = "As both daemons would read it if they started now; what runs may have read older files. A list\n"
                                   "has one row for each line that adds to it. For root, who can read the files. Exit code 1 where a\n"
                                   "daemon would refuse to start, with the file and the line.\n\n"
                                   "JSON: [{\"daemon\",\"section\",\"key\",\"value\",\"path\",\"line\"}]; path and line are null for a\n"
                                   "default.\n",
                        .run = verb_cat_config,
        },
        {
                        .name = "match",
                        .arguments = "IMAGE",
                        .n_min = 1,
                        .n_max = 1,
                        .summary = "Show where a push of an image would go, and why",
                        .details = "Deploys nothing. Exit code 4 where no project or no stage takes it.\n\n"
                                   "JSON: {\"image\",\"tag\",\"project\",\"stage\",\"auto_deploy\",\n"
                                   "       \"stages\":[{\"name\",\"policy\",\"tag_pattern\",\"auto_deploy\",\"matches\",\"takes\"}]}.\n",
                        .run = verb_match,
        },
        {
                        .name = "test-payload",
                        .arguments = "FILE",
                        .n_min = 1,
                        .n_max = 1,
                        .options = VERB_PAYLOAD,
                        .summary = "Show what a body that a sender posts would do, without doing it",
                        .details = "FILE is the body; - reads it from standard input. What would be queued is not, and a signature is\n"
                                   "checked as if it had come over HTTP. For root.\n\n"
                                   "     --header='K: V'  A header of the request; again for more. Without a Content-Type it is JSON.\n"
                                   "                      @FILE has one on each line, so that no token stands in the command line\n"
                                   "     --hook=HOOK      The hook that it comes through; by default the main one\n\n"
                                   "Exit code 0 where the sender would be content (2xx, also for what is ignored), 1 for other answers.\n\n"
                                   "JSON: {\"status\",\"provider\",\"signature\",\"pushes\":[{\"image\",\"project\",\"stage\",\"outcome\",\n"
                                   "       \"reason\",\"new_project\"}],\"answer\":{...}}; signature: right, wrong, missing, unchecked;\n"
                                   "outcome: queued, joined, known (a redelivery), ignored.\n",
                        .run = verb_test_payload,
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
                        .options = VERB_POLICY,
                        .summary = "Tell whether a pattern takes a tag",
                        .details = "     --policy=POLICY  How the pattern is read: glob (the default), semver, regex or digest\n\n"
                                   "Asks no daemon. Exit code 0: it does; 1: it does not; 2: that is no pattern.\n\n"
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
                     "  -h --help        Show this help, or that of a verb\n"
                     "     --version     Show the version\n\n"
                     "Times in JSON are microseconds since the epoch, what is absent is null.\n"
                     "Exit codes: 0 success, 1 failure, 2 wrong usage, 4 no such project, stage, deploy or\n"
                     "hook, 130 Ctrl-C.\n",
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

                (void) fprintf(file, "%*s%s\n", n < 31 ? 32 - n : 2, "", verbs[i].summary);
        }
        help_common(file);
}

void verb_help(const Verb *verb, FILE *file) {
        (void) fprintf(file, "tinyforgectl [OPTIONS...] %s%s%s\n\n%s.\n\n%s", verb->name,
                       isempty(verb->arguments) ? "" : " ", verb->arguments, verb->summary, verb->details);
        help_common(file);
}
