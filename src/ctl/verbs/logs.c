/* SPDX-License-Identifier: MIT */
/*
 * logs: what both daemons did for a project, and what its containers say. journalctl shows it; here is only decided what it
 * is asked for. Fields that anybody can send are never trusted alone: each match begins with who wrote the entry.
 */
#include <inttypes.h>
#include <stdio.h>

#include "ctl/client.h"
#include "ctl/print/rows.h"
#include "ctl/report.h"
#include "ctl/verbs/find.h"
#include "ctl/verbs/verbs.h"
#include "shared/conf/conf.h"

/* Of a stage, containers of so many deploys are looked for by their names: Podman's entries have no labels. */
#define TAGS_MAX 100U
/* And with --follow those of so many to come. */
#define TAGS_AHEAD 32U

static int words_add(const Ctl *ctl, char ***words, const char *format, ...) _printf_(3, 4);

static int words_add(const Ctl *ctl, char ***words, const char *format, ...) {
        _cleanup_free_ char *word = NULL;
        va_list args;
        int r;

        va_start(args, format);
        r = vasprintf(&word, format, args);
        va_end(args);
        if (r < 0)
                word = NULL;
        if (r < 0 || strv_add(words, word, strlen(word)) < 0)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        return 0;
}

static int add_options(const Ctl *ctl, char ***words) {
        int r;

        r = words_add(ctl, words, "journalctl");
        if (r >= 0 && ctl->json)
                r = words_add(ctl, words, "--output=json");
        if (r >= 0 && !ctl->legend)
                r = words_add(ctl, words, "--quiet");
        if (r >= 0 && ctl->limit > 0)
                r = words_add(ctl, words, "--lines=%u", ctl->limit);
        if (r >= 0 && ctl->follow)
                r = words_add(ctl, words, "--follow");
        if (r >= 0 && ctl->since)
                r = words_add(ctl, words, "--since=%s", ctl->since);
        if (r >= 0 && ctl->until)
                r = words_add(ctl, words, "--until=%s", ctl->until);
        return r;
}

/* "NAME=project", and "NAME=stage" where one was asked for. */
static int add_names(const Ctl *ctl, char ***words, const char *prefix, const char *project,
                     const char *stage) {
        int r;

        r = words_add(ctl, words, "%sPROJECT=%s", prefix, project);
        return r >= 0 && stage ? words_add(ctl, words, "%sSTAGE=%s", prefix, stage) : r;
}

/* What the daemons wrote, and what Docker, which adds labels, has of the containers. */
static int add_labelled(const Ctl *ctl, char ***words, const char *project, const char *stage) {
        int r;

        r = words_add(ctl, words, "_SYSTEMD_UNIT=%s", peer_webhook.unit);
        if (r >= 0)
                r = words_add(ctl, words, "_SYSTEMD_UNIT=%s", peer_deployer.unit);
        if (r >= 0)
                r = add_names(ctl, words, "TINYFORGE_", project, stage);
        if (r >= 0)
                r = words_add(ctl, words, "+");
        if (r >= 0)
                r = words_add(ctl, words, "_SYSTEMD_UNIT=docker.service");
        return r < 0 ? r : add_names(ctl, words, "ORG_TINYFORGE_", project, stage);
}

static int add_tag(const Ctl *ctl, char ***words, const char *project, const char *stage, uint64_t id) {
        return words_add(ctl, words, "CONTAINER_TAG=%s-%s-%" PRIu64, project, stage, id);
}

static int ask_deploys(Ctl *ctl, const char *project, const char *stage, unsigned limit,
                       sd_bus_message **ret_reply) {
        int r;

        r = client_call(ctl, &peer_webhook, "ListDeploys", ret_reply, "ssu", project, stage, limit);
        if (r < 0)
                return r;

        r = rows_enter(*ret_reply);
        return r < 0 ? report_answer(ctl, &peer_webhook, r) : 0;
}

/* The newest id of all; 0: there is none. */
static int find_newest(Ctl *ctl, uint64_t *ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        DeployRow row;
        int r;

        r = ask_deploys(ctl, "", "", 1, &reply);
        if (r < 0)
                return r;

        r = deploy_read(reply, &row);
        if (r < 0)
                return report_answer(ctl, &peer_webhook, r);

        *ret = r > 0 ? row.id : 0;
        return 0;
}

static int add_tags(Ctl *ctl, char ***words, const char *project, const char *stage) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        uint64_t newest = 0;
        DeployRow row;
        int r;

        r = ask_deploys(ctl, project, stage, TAGS_MAX, &reply);
        if (r < 0)
                return r;

        while ((r = deploy_read(reply, &row)) > 0) {
                r = add_tag(ctl, words, project, stage, row.id);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return report_answer(ctl, &peer_webhook, r);

        if (ctl->follow)
                r = find_newest(ctl, &newest);
        for (uint64_t id = newest + 1; ctl->follow && r >= 0 && id <= newest + TAGS_AHEAD; id++)
                r = add_tag(ctl, words, project, stage, id);
        return r;
}

/* The containers of the stage, or of all stages; -ENODEV and -ENXIO where there is none of that name, reported. */
static int add_containers(Ctl *ctl, char ***words, const char *project, const char *stage) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        StageRow row;
        int r;

        r = find_stage(ctl, project, stage);
        if (r < 0)
                return r;

        r = client_call(ctl, &peer_webhook, "ListStages", &reply, "s", project);
        if (r < 0)
                return r;

        r = rows_enter(reply);
        while (r >= 0 && (r = stage_read(reply, &row)) > 0) {
                if (stage && !streq(row.name, stage))
                        continue;

                r = add_tags(ctl, words, project, row.name);
                if (r < 0)
                        return r;
        }

        return r < 0 ? report_answer(ctl, &peer_webhook, r) : 0;
}

/* conmon is who writes for Podman; a process that calls itself so is not root's. */
static int add_matches(Ctl *ctl, char ***words, const char *project, const char *stage) {
        _cleanup_(strv_freep) char **tags = NULL;
        int r;

        r = add_containers(ctl, &tags, project, stage);
        if (r >= 0)
                r = add_labelled(ctl, words, project, stage);
        if (r < 0 || !tags)
                return r;

        r = words_add(ctl, words, "+");
        if (r >= 0)
                r = words_add(ctl, words, "_COMM=conmon");
        if (r >= 0)
                r = words_add(ctl, words, "_UID=0");
        for (char **tag = tags; r >= 0 && *tag; tag++)
                r = words_add(ctl, words, "%s", *tag);
        return r;
}

int verb_logs(Ctl *ctl, char *args[]) {
        _cleanup_(strv_freep) char **words = NULL;
        int r;

        r = add_options(ctl, &words);
        if (r >= 0)
                r = add_matches(ctl, &words, args[0], args[1]);
        if (r < 0)
                return r;

        /* Its pager, its colours, its exit code; it says itself which group may read what. */
        (void) execvp(words[0], words);
        r = ctl_fail(ctl, -errno, "Cannot run journalctl: %m");
        ctl_hint(ctl, "It comes with systemd; is it in PATH=?");
        return r;
}
