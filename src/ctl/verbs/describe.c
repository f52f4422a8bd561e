/* SPDX-License-Identifier: MIT */
/* describe: all about one deploy, with its last lines, and what to do. */
#include <inttypes.h>

#include "ctl/client.h"
#include "ctl/print/deploy-table.h"
#include "ctl/print/deploy-words.h"
#include "ctl/print/moment.h"
#include "ctl/verbs/deploy-id.h"
#include "ctl/verbs/find.h"
#include "ctl/verbs/last-lines.h"
#include "ctl/verbs/outcome.h"
#include "ctl/verbs/verbs.h"
#include "shared/conf/conf.h"
#include "shared/time-util.h"

/* "Fri 2026-01-31 12:34:56, 5min ago"; nothing where it has not come yet. */
static void show_time(const Ctl *ctl, const char *name, uint64_t usec) {
        uint64_t now = now_usec(CLOCK_REALTIME);
        char when[MOMENT_SIZE], ago[SPAN_SIZE];

        if (isempty(moment_format(usec, when)))
                return;

        ctl_print(ctl, "%8s: %s, %s ago", name, when, span_format(now > usec ? now - usec : 0, 1, ago));
}

static void show_text(const Ctl *ctl, const char *name, const char *text) {
        if (!isempty(text))
                ctl_print(ctl, "%8s: %s", name, text);
}

/* Sentences, and of any length. */
static void show_reason(const Ctl *ctl, const char *reason) {
        if (!isempty(reason))
                ctl_print_prose(ctl, "%8s: %s", "Reason", reason);
}

static void show_deploy(const Ctl *ctl, const DeployRow *row) {
        char word[DEPLOY_WORD_SIZE], span[SPAN_SIZE], steps[DEPLOY_STEPS_WORDS_SIZE];
        _cleanup_free_ char *waiting = NULL;

        ctl_print(ctl, "Deploy %" PRIu64 " of %s/%s: %s", row->id, row->project, row->stage, row->state);
        show_text(ctl, "Image", row->image);
        show_text(ctl, "Digest", row->digest);
        show_text(ctl, "Kind", deploy_kind(row, word));
        show_text(ctl, "Who", deploy_who(row, word));
        show_time(ctl, "Queued", row->queued_at);
        show_time(ctl, "Started", row->started_at);
        show_time(ctl, "Finished", row->finished_at);
        show_text(ctl, "Took", deploy_took(row, now_usec(CLOCK_REALTIME), span));
        show_text(ctl, "Steps", deploy_steps_words(&row->steps, steps));
        if (row->attempts > 1)
                ctl_print(ctl, "%8s: %u", "Attempts", row->attempts);
        if (deploy_waits(row) && deploy_waiting(row, &waiting) >= 0)
                show_reason(ctl, waiting);
        else
                show_reason(ctl, row->reason);
        show_text(ctl, "Watched", deploy_watch(row, word));
        if (!isempty(row->watch_reason))
                ctl_print_prose(ctl, "%8s: %s", "Watch", row->watch_reason);
}

static int describe_text(const Ctl *ctl, const DeployRow *row, char *const *lines, const char *advice) {
        show_deploy(ctl, row);
        if (!isempty(advice)) {
                ctl_print(ctl, "%s", "");
                ctl_print_prose(ctl, "%s", advice);
        }

        ctl_print(ctl, "%s", "");
        for (char *const *line = lines; line && *line; line++)
                ctl_print(ctl, "%s", *line);
        if (!lines)
                ctl_print_prose(ctl, "%s",
                                geteuid() == 0 ? "The journal has no lines of it."
                                               : "The journal shows no lines of it to this user. Root, and the "
                                                 "group systemd-journal, can read them.");
        return 0;
}

static int describe_json(const Ctl *ctl, const DeployRow *row, char *const *lines, const char *advice) {
        _cleanup_(table_freep) Table *table = deploy_table_new();
        json_t *rows = NULL, *object = NULL, *array = json_array();

        if (table) {
                deploy_table_add(table, row);
                rows = table_steal_json(table);
                object = json_incref(json_array_get(rows, 0));
        }
        for (char *const *line = lines; line && *line; line++)
                (void) json_array_append_new(array, json_string(*line));
        if (json_object_set_new(object, "advice", isempty(advice) ? json_null() : json_string(advice)) < 0 ||
            json_object_set(object, "lines", array) < 0) {
                json_decref(object);
                object = NULL;
        }

        json_decref(array);
        json_decref(rows);
        return ctl_print_json(ctl, object);
}

int verb_describe(Ctl *ctl, char *args[]) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *list = NULL;
        _cleanup_(strv_freep) char **lines = NULL;
        char buffer[OUTCOME_ADVICE_SIZE];
        DeployRow row = { .id = 0 };
        const char *advice;
        uint64_t id = 0;
        int r;

        r = deploy_id_parse(ctl, args[0], &id);
        if (r != 0)
                return r;

        r = find_deploy(ctl, id, "", "", &list, &row);
        if (r >= 0)
                r = last_lines_read(ctl, &row, &lines);
        if (r < 0)
                return r;

        advice = outcome_advice(&row, GOAL_RUNS, buffer);
        return ctl->json ? describe_json(ctl, &row, lines, advice) : describe_text(ctl, &row, lines, advice);
}
