/* SPDX-License-Identifier: MIT */
/* The verbs that deploy: see verb-table-deploys.h. */
#include "ctl/verb-table-deploys.h"

#include "ctl/verbs/verbs.h"

/* What is the same for all verbs that wait for a deploy. */
#define HELP_TIMEOUT "     --timeout=SPAN   Wait so long at most (default 1h); the deploy goes on\n"
#define HELP_WAIT                                                \
        "     --no-wait        Return when it is in the queue\n" \
        "     --wait           Wait for the outcome (the default)\n" HELP_TIMEOUT
#define HELP_FOLLOW                                                                          \
        "  -f --follow         Show the way there: a line that moves on a terminal, plain\n" \
        "                      lines elsewhere\n"
#define HELP_EXIT                                                                         \
        "Exit code 0 for succeeded and unchanged, 1 for every other outcome, 130 after\n" \
        "Ctrl-C, which ends the waiting and not the deploy.\n\n"
#define HELP_PHASES                                                                        \
        "{\"phase\",\"detail\"}. Phases: queued, running, resolved, pulling,\n"            \
        "      pulled, created, stopped, started, probing, healthy, switched, retired,\n"  \
        "      took (the steps, as of deploys, as text); from the beginning again where\n" \
        "      the deployer had to.\n"
#define HELP_OUTCOME                                                                              \
        HELP_EXIT "JSON: one object, as of deploys; with --follow, before it one line for each\n" \
                  "      step: " HELP_PHASES

const Verb deploy_verbs[] = {
        {
                        .name = "deploys",
                        .arguments = "[PROJECT [STAGE]]",
                        .n_max = 2,
                        .options = VERB_LIMIT | VERB_WATCH,
                        .summary = "List deploys, newest first",
                        .details = "WHO is a user, or a hook and the format of its sender. KIND is where a deploy is\n"
                                   "a rollback, a promotion or a restart. Where two have the same tag and another\n"
                                   "digest, its first digits stand behind the tag.\n\n"
                                   "  -n --limit=N    So many at most (default 20, at most 1000)\n"
                                   "     --watch      Show it again every 2 s, until Ctrl-C\n\n"
                                   "JSON: [{\"id\",\"project\",\"stage\",\"image\",\"state\",\"queued_at\",\"finished_at\",\n"
                                   "      \"reason\",\"started_at\",\"attempts\",\"next_attempt_at\",\"digest\",\n"
                                   "      \"source\",\"generation\",\"superseded_by\",\"uid\",\"user\",\"hook\",\n"
                                   "      \"provider\",\"steps\":{},\"watch\":{\"state\",\"until\",\"reason\"}}].\n"
                                   "      Steps are ms, by name: pull, predeploy, start, healthy, stable, drain,\n"
                                   "      stop, postdeploy, run.\n\n"
                                   "States: queued, running, succeeded, unchanged, rolled-back, failed, superseded,\n"
                                   "cancelled.\n",
                        .run = verb_deploys,
        },
        {
                        .name = "deploy",
                        .arguments = "PROJECT STAGE [TAG]",
                        .n_min = 2,
                        .n_max = 3,
                        .options = VERB_WAIT | VERB_FOLLOW | VERB_FORCE | VERB_LOCAL,
                        .summary = "Deploy a tag, and wait for the outcome",
                        .details = "TAG is \"v1\", \"@sha256:...\" or \"v1@sha256:...\". Without one, what was pushed\n"
                                   "while auto_deploy was off is deployed.\n\n"
                                   "     --force          Replace what runs, also where it is the same\n"
                                   "     --local          Ask no registry: the image is on this host\n" HELP_WAIT
                                                   HELP_FOLLOW "\n" HELP_OUTCOME,
                        .run = verb_deploy,
        },
        {
                        .name = "restart",
                        .arguments = "PROJECT STAGE",
                        .n_min = 2,
                        .n_max = 2,
                        .options = VERB_WAIT | VERB_FOLLOW,
                        .summary = "Replace what a stage runs by the same again",
                        .details = "A new container of the digest that came up last, by the rules of every deploy:\n"
                                   "the old one goes once the new one is well. No registry is asked what a tag\n"
                                   "stands for by now. A deploy that is queued or running is in the way.\n\n" HELP_WAIT
                                                   HELP_FOLLOW "\n" HELP_OUTCOME,
                        .run = verb_restart,
        },
        {
                        .name = "promote",
                        .arguments = "PROJECT FROM TO",
                        .n_min = 3,
                        .n_max = 3,
                        .options = VERB_WAIT | VERB_FOLLOW,
                        .summary = "Deploy to a stage what another one runs",
                        .details = "By its digest: whatever the tag stands for by now, TO gets what came up in FROM.\n\n" HELP_WAIT
                                        HELP_FOLLOW "\n" HELP_OUTCOME,
                        .run = verb_promote,
        },
        {
                        .name = "rollback",
                        .arguments = "PROJECT STAGE",
                        .n_min = 2,
                        .n_max = 2,
                        .options = VERB_WAIT | VERB_FOLLOW | VERB_HOLD,
                        .summary = "Go back to the deploy before",
                        .details = "Goes to the newest deploy that succeeded before the one that runs, so twice goes\n"
                                   "back two. What is queued for the stage is cancelled. Where there is nothing to\n"
                                   "go back to, nothing is stopped, and the exit code is 1.\n\n"
                                   "     --hold           Switch the stage's auto_deploy off as well, so that no\n"
                                   "                      push undoes it\n" HELP_WAIT HELP_FOLLOW
                                   "\n" HELP_OUTCOME,
                        .run = verb_rollback,
        },
        {
                        .name = "follow",
                        .arguments = "ID",
                        .n_min = 1,
                        .n_max = 1,
                        .options = VERB_WAIT,
                        .follows = true,
                        .summary = "Show each step of a deploy, until it ends",
                        .details = HELP_TIMEOUT
                        "\n" HELP_EXIT
                        "JSON: one line for each step, and then one object, as of deploys. A\n"
                        "      step: " HELP_PHASES,
                        .run = verb_follow,
        },
        {
                        .name = "describe",
                        .arguments = "ID",
                        .n_min = 1,
                        .n_max = 1,
                        .summary = "Show all about a deploy, and what to do",
                        .details = "With the last ten lines that the journal has of it: what both daemons did, and\n"
                                   "what its container said. Root and the group systemd-journal can read them.\n\n"
                                   "JSON: one object, as of deploys, and {\"advice\",\"lines\":[]}.\n",
                        .run = verb_describe,
        },
        {
                        .name = "cancel",
                        .arguments = "ID",
                        .n_min = 1,
                        .n_max = 1,
                        .options = VERB_WAIT,
                        .summary = "Cancel a deploy that is queued or running",
                        .details = "Waits for its end. What ran before keeps running, or runs again. After the\n"
                                   "switch to the new one it is too late: see rollback.\n\n"
                                   "     --no-wait        Return when it was told to stop\n"
                                   "     --wait           Wait for its end (the default)\n"
                                   "     --timeout=SPAN   Wait so long at most (default 1h); it stops all the same\n\n"
                                   "Exit code 0 for cancelled, 1 for every other end, 4 where there is no such\n"
                                   "deploy.\n\n"
                                   "JSON: one object, as of deploys.\n",
                        .run = verb_cancel,
        },
};

const size_t n_deploy_verbs = ELEMENTSOF(deploy_verbs);
