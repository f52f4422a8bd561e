/* SPDX-License-Identifier: MIT */
/* The table of verbs: see verb-table.h. A line of their help has 80 columns at most, as a terminal has. */
#include "ctl/verb-table.h"

#include "ctl/verb-table-deploys.h"
#include "ctl/verbs/verbs.h"

#define HELP_PROJECT                                                                      \
        "     --port=PORT          Where the container listens; 0: the image says it\n"   \
        "     --healthcheck=CHECK  image, tcp, http:/path, none; nothing: as the image\n" \
        "     --after=PROJECT      A push that goes to both comes up there first;\n"      \
        "                          nothing: to none\n"
#define HELP_STOP                                                                    \
        "What runs is in the way, and so is a deploy that is queued or running.\n\n" \
        "     --stop  Stop and remove what runs first, and give up its images\n"

static const Verb setup_verbs[] = {
        {
                        .name = "status",
                        .arguments = "",
                        .options = VERB_WATCH,
                        .summary = "Show units, queue, engine, and what runs where",
                        .details = "Says first what systemd says of the units; a service that is inactive is normal.\n"
                                   "Then asks both daemons, which starts them. Exit code 1 where one of the three\n"
                                   "does not answer.\n\n"
                                   "Instances come from the engine, and are shown to root, and to whom polkit\n"
                                   "allows it. Unmanaged is what webhookd has no deploy of, and what is of another\n"
                                   "store. Containers in an engine that deploys are not in are shown below them.\n\n"
                                   "     --watch  Show it again every 2 s, until Ctrl-C\n\n"
                                   "JSON: {\"units\":[{\"unit\",\"load\",\"active\",\"sub\",\"since\"}], \"webhookd\":{\"version\",\n"
                                   "      \"public_url\",\"projects\",\"store\",\"queued\",\"running\"},\n"
                                   "      \"engine\":{\"name\",\"version\",\"api_version\",\"socket\",\"sockets\":[{\"path\",\n"
                                   "      \"group\",\"usable\"}],\"take_overs\":[]},\n"
                                   "      \"allows_any_image\", \"waiting\":[as of deploys], \"watched\":[as of deploys],\n"
                                   "      \"instances\":[as of endpoint, of all states, \"tag\", \"managed\"],\n"
                                   "      \"strays\":[{\"project\",\"stage\",\"deploy\",\"state\",\"name\",\"engine\",\n"
                                   "      \"socket\",\"digest\",\"container\",\"store\"}]};\n"
                                   "      a part that is missing is null.\n",
                        .run = verb_status,
        },
        {
                        .name = "url",
                        .arguments = "[HOOK]",
                        .n_max = 1,
                        .summary = "Show the URL that CI calls; it is a secret",
                        .details = "Without HOOK that of the main hook. The part before the path is PublicURL= of\n"
                                   "webhookd.conf; without that the URL is for callers on this machine.\n\n"
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
                                   "JSON: [{\"name\",\"images\":[],\"signature\",\"has_key\",\"bare\",\"created_at\",\n"
                                   "      \"rotated_at\",\"previous_until\"}].\n",
                        .run = verb_hooks,
        },
        {
                        .name = "hook create",
                        .arguments = "HOOK",
                        .n_min = 1,
                        .n_max = 1,
                        .options = VERB_HOOK | VERB_IMAGE,
                        .summary = "Make one more URL, and show it",
                        .details = "     --image=PATTERN   Images (domain/path) that may come through it; again for\n"
                                   "                       more. All by default\n"
                                   "     --signature=RULE  optional: a proof of origin that is sent has to be right,\n"
                                   "                       where there is a key (the default); required: there has\n"
                                   "                       to be one; none: not looked at\n"
                                   "     --bare            A POST without a body, or with ?tag=TAG, deploys TAG, or\n"
                                   "                       what was pushed last, of the one repository of --image\n\n"
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
                        .details = "     --grace=SPAN     The old URL works for so long, at most 30 days; by default\n"
                                   "                      it is dead at once\n\n"
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
                        .arguments = "[PREFIX]",
                        .n_max = 1,
                        .options = VERB_LIMIT,
                        .summary = "List the projects",
                        .details = "Those whose names begin with PREFIX, by name.\n\n"
                                   "  -n --limit=N    So many at most (at most 1000); without it all\n\n"
                                   "JSON: [{\"name\",\"image\",\"port\",\"learned_port\",\"healthcheck\",\n"
                                   "      \"learned_healthcheck\",\"auto_created\",\"created_at\",\"after\"}]. What nobody\n"
                                   "      set is null; what is learned is that of the image that came up last.\n",
                        .run = verb_projects,
        },
        {
                        .name = "project show",
                        .arguments = "PROJECT [STAGE]",
                        .n_min = 1,
                        .n_max = 2,
                        .options = VERB_SECRETS,
                        .summary = "Show a project, and the containers it makes",
                        .details = "Of each stage, what the engine is asked for by a deploy today: what tinyforge\n"
                                   "says itself, and merged into it what is in /etc/tinyforge/projects.d, whose\n"
                                   "changes have a star. The image is the newest that came up. Exit code 1 where\n"
                                   "that is refused, with the reason. The containers are shown to root, and to whom\n"
                                   "polkit allows it.\n\n"
                                   "     --show-secrets   Show what files of variables (env_files) say, too\n\n"
                                   "JSON: {\"name\",\"image\",\"port\",\"learned_port\",\"healthcheck\",\n"
                                   "      \"learned_healthcheck\",\"auto_created\",\"created_at\",\"after\",\n"
                                   "      \"stages\":[{\"name\",\"policy\",\"tag_pattern\",\"auto_deploy\",\"max_instances\",\n"
                                   "      \"image\",\"container\":{...},\"changed\":[...],\"notes\":[...],\n"
                                   "      \"commands\":{...},\"error\"}]}.\n"
                                   "      \"changed\" has JSON pointers into the container.\n",
                        .run = verb_project_show,
        },
        {
                        .name = "project create",
                        .arguments = "NAME IMAGE",
                        .n_min = 2,
                        .n_max = 2,
                        .options = VERB_PROJECT,
                        .summary = "Make a project of an image's repository",
                        .details = "It has no stage yet: see stage set. Other projects may have the same image: a\n"
                                   "push goes to each of them.\n\n" HELP_PROJECT "\n"
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
                        .details = "     --image=REPOSITORY   Deploy another image; what was available is forgotten.\n"
                                   "                          Where the project has run one, deploys are refused\n"
                                   "                          until a file in projects.d names the new one\n" HELP_PROJECT
                                   "\n"
                                   "JSON: {\"project\"}.\n",
                        .run = verb_project_set,
        },
        {
                        .name = "project remove",
                        .arguments = "NAME",
                        .n_min = 1,
                        .n_max = 1,
                        .options = VERB_STOP,
                        .summary = "Forget a project, its stages and their deploys",
                        .details = HELP_STOP "\n"
                                             "JSON: {\"project\"}.\n",
                        .run = verb_project_remove,
        },
        {
                        .name = "stages",
                        .arguments = "[PROJECT]",
                        .n_max = 1,
                        .summary = "List stages, in the order they are asked",
                        .details = "A stage is shadowed by an earlier one that takes every tag it would take: no\n"
                                   "push reaches it.\n\n"
                                   "Available is what was pushed while auto_deploy was off: deploy without a tag\n"
                                   "takes it.\n\n"
                                   "JSON: [{\"project\",\"name\",\"policy\",\"tag_pattern\",\"auto_deploy\",\"max_instances\",\n"
                                   "      \"allow_downgrade\",\"available\",\"shadowed_by\"}].\n",
                        .run = verb_stages,
        },
        {
                        .name = "stage set",
                        .arguments = "PROJECT STAGE",
                        .n_min = 2,
                        .n_max = 2,
                        .options = VERB_STAGE | VERB_POLICY,
                        .summary = "Make a stage, or change which tags it takes",
                        .details = "Stages are asked in the order of their names, and the first that takes a tag\n"
                                   "gets it. To pin a stage to some tags, first narrow or remove one that takes all,\n"
                                   "such as the dev that a push made.\n\n"
                                   "     --pattern=PATTERN       Which tags; a new stage needs one\n"
                                   "     --policy=POLICY         How the pattern is read:\n"
                                   "                               glob    v*; the default\n"
                                   "                               semver  a range: ^1.4, ~1.2, \">=1.2 <2\", 1.x; the\n"
                                   "                                       highest wins\n"
                                   "                               regex   an extended regular expression for the\n"
                                   "                                       whole tag\n"
                                   "                               digest  one tag, such as latest, whose digest\n"
                                   "                                       moves\n"
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
                        .details = HELP_STOP "\n"
                                             "JSON: {\"project\",\"stage\"}.\n",
                        .run = verb_stage_remove,
        },
        {
                        .name = "stage take-over",
                        .arguments = "PROJECT STAGE",
                        .n_min = 2,
                        .n_max = 2,
                        .summary = "Have the next deploy replace another store's",
                        .details = "What another store has in the stage, such as one that was lost, is unmanaged: no\n"
                                   "deploy replaces it. The next one does, by the rules of every deploy: the old\n"
                                   "containers go once the new one is well. Nothing is stopped now. Exit code 1\n"
                                   "where there is nothing to take over.\n\n"
                                   "JSON: {\"project\",\"stage\",\"containers\"}.\n",
                        .run = verb_stage_take_over,
        },
};

static const Verb other_verbs[] = {
        {
                        .name = "endpoint",
                        .arguments = "PROJECT STAGE",
                        .n_min = 2,
                        .n_max = 2,
                        .options = VERB_ALL,
                        .summary = "Show where a stage answers now",
                        .details = "One line for each running instance that publishes a port. Exit code 1 where\n"
                                   "there is none.\n\n"
                                   "     --all            List every published port, of all protocols\n\n"
                                   "JSON: [{\"project\",\"stage\",\"deploy\",\"state\",\"health\",\"digest\",\"started_at\",\n"
                                   "      \"endpoint\",\"container\",\"name\",\"store\"}]; with --all\n"
                                   "      [{\"project\",\"stage\",\"deploy\",\"port\",\"protocol\",\"endpoint\",\n"
                                   "      \"is_project_port\",\"container\",\"name\"}].\n",
                        .run = verb_endpoint,
        },
        {
                        .name = "logs",
                        .arguments = "PROJECT [STAGE]",
                        .n_min = 1,
                        .n_max = 2,
                        .options = VERB_LIMIT | VERB_FOLLOW | VERB_SINCE,
                        .summary = "Show what was done, and what containers say",
                        .details = "By journalctl, with its pager: what both daemons tell of the project's deploys,\n"
                                   "and the lines of its containers, those that did not come up included. Root and\n"
                                   "the group systemd-journal can read them.\n\n"
                                   "  -f --follow       Wait for more\n"
                                   "  -n --limit=N      The newest N lines (at most 1000); without it all, or 10\n"
                                   "                    with --follow\n"
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
                        .details = "For the textfile collector of node_exporter, which tinyforge-metrics.timer\n"
                                   "serves, or for any reader of that format. Asks both daemons, which starts them.\n"
                                   "Instances are told to root only; exit code 1 where they cannot be asked for,\n"
                                   "after the rest was written.\n\n"
                                   "     --output=FILE  Replace this file at once, instead of printing\n\n"
                                   "JSON: [{\"name\",\"labels\":{...},\"value\"}].\n",
                        .run = verb_metrics,
        },
        {
                        .name = "cat-config",
                        .arguments = "",
                        .summary = "Show the configuration, and where it comes from",
                        .details = "As both daemons would read it if they started now; what runs may have read older\n"
                                   "files. A list has one row for each line that adds to it. For root, who can read\n"
                                   "the files. What the user of a daemon cannot read is not in force, and told. Exit\n"
                                   "code 1 where a daemon would refuse to start, with the file and the line.\n\n"
                                   "JSON: [{\"daemon\",\"section\",\"key\",\"value\",\"path\",\"line\"}]; path and line are null\n"
                                   "      for a default.\n",
                        .run = verb_cat_config,
        },
        {
                        .name = "match",
                        .arguments = "IMAGE",
                        .n_min = 1,
                        .n_max = 1,
                        .summary = "Show where a push of an image would go, and why",
                        .details = "Of each project that has the image. Deploys nothing. Exit code 4 where no\n"
                                   "project or no stage takes it.\n\n"
                                   "JSON: {\"image\",\"tag\",\"project\",\"stage\",\"auto_deploy\",\"stages\":[{\"name\",\"policy\",\n"
                                   "      \"tag_pattern\",\"auto_deploy\",\"matches\",\"takes\"}],\n"
                                   "      \"matches\":[{\"project\",\"stage\",\"auto_deploy\",\"after\",\"stages\"}]}. The\n"
                                   "      first five are those of the first project that takes it.\n",
                        .run = verb_match,
        },
        {
                        .name = "backup",
                        .arguments = "FILE",
                        .n_min = 1,
                        .n_max = 1,
                        .summary = "Back up projects, hooks, secrets and the queue",
                        .details = "FILE is made by this, for its owner alone, and is there once it is whole; what\n"
                                   "is there already is not replaced. - writes to standard output, which must be no\n"
                                   "terminal. Deliveries go on meanwhile. How a backup is restored is in\n"
                                   "tinyforge-webhookd(8).\n\n"
                                   "JSON: {\"file\",\"bytes\"}.\n",
                        .run = verb_backup,
        },
        {
                        .name = "test-payload",
                        .arguments = "FILE",
                        .n_min = 1,
                        .n_max = 1,
                        .options = VERB_PAYLOAD,
                        .summary = "Show what a body would do, without doing it",
                        .details = "FILE is what a sender posts; - reads it from standard input. What would be\n"
                                   "queued is not, and a signature is checked as if it had come over HTTP.\n\n"
                                   "     --header='K: V'  A header of the request; again for more. Without a\n"
                                   "                      Content-Type it is JSON. @FILE has one on each line, so\n"
                                   "                      that no token stands in the command line\n"
                                   "     --hook=HOOK      The hook that it comes through; by default the main one\n\n"
                                   "Exit code 0 where the sender would be content (2xx, also for what is ignored),\n"
                                   "1 for other answers.\n\n"
                                   "JSON: {\"status\",\"provider\",\"signature\",\"pushes\":[{\"image\",\"project\",\n"
                                   "       \"stage\",\"outcome\",\"reason\",\"new_project\"}],\"answer\":{...}};\n"
                                   "signature: right, wrong, missing, unchecked;\n"
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
                        .name = "help",
                        .arguments = "[VERB]",
                        .n_max = 2,
                        .summary = "Show this help, or that of a verb",
                        .details = "The same as --help, and as VERB --help.\n\n"
                                   "JSON: none, the help is text.\n",
        },
        {
                        .name = "match-tag",
                        .arguments = "PATTERN TAG",
                        .n_min = 2,
                        .n_max = 2,
                        .options = VERB_POLICY,
                        .summary = "Tell whether a pattern takes a tag",
                        .details = "     --policy=POLICY  How the pattern is read: glob (the default), semver, regex\n"
                                   "                      or digest\n\n"
                                   "Asks no daemon. Exit code 0: it does; 1: it does not; 2: that is no pattern.\n\n"
                                   "JSON: {\"match\"}.\n",
                        .run = verb_match_tag,
        },
};

const Verb *verb_at(size_t index) {
        const struct {
                const Verb *verbs;
                size_t n;
        } parts[] = {
                { setup_verbs, ELEMENTSOF(setup_verbs) },
                { deploy_verbs, n_deploy_verbs },
                { other_verbs, ELEMENTSOF(other_verbs) },
        };

        for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                if (index < parts[i].n)
                        return &parts[i].verbs[index];

                index -= parts[i].n;
        }

        return NULL;
}

bool verb_is_of_group(const Verb *verb, const char *word) {
        size_t length = strlen(word);

        return strncmp(verb->name, word, length) == 0 && verb->name[length] == ' ';
}

const Verb *verb_find(char *const *words, size_t n_words, size_t *ret_n_used) {
        const Verb *verb;

        for (size_t i = 0; (verb = verb_at(i)); i++) {
                const char *space = strchr(verb->name, ' ');
                bool found;

                if (space)
                        found = n_words > 1 && verb_is_of_group(verb, words[0]) &&
                                streq(space + 1, words[1]);
                else
                        found = n_words > 0 && streq(verb->name, words[0]);
                if (found) {
                        *ret_n_used = space ? 2 : 1;
                        return verb;
                }
        }

        return NULL;
}

bool verbs_have_group(const char *word) {
        const Verb *verb;

        for (size_t i = 0; (verb = verb_at(i)); i++)
                if (verb_is_of_group(verb, word))
                        return true;

        return false;
}
