/* SPDX-License-Identifier: MIT */
/* The table of deploys: see deploy-table.h. */
#include "ctl/print/deploy-table.h"

#include "ctl/print/deploy-words.h"
#include "shared/time-util.h"

Table *deploy_table_new(void) {
        static const Column columns[] = {
                { "ID", "id", COLUMN_RIGHT },
                { "PROJECT", "project", COLUMN_SHRINKS },
                { "STAGE", "stage", COLUMN_SHRINKS },
                { "TAG", NULL, COLUMN_SHRINKS },
                { NULL, "image", 0 },
                { "STATE", "state", COLUMN_STATE },
                { "KIND", NULL, COLUMN_RARE | COLUMN_SHRINKS },
                { "WATCH", NULL, COLUMN_RARE },
                { "AGE", NULL, COLUMN_RIGHT },
                { "TOOK", NULL, COLUMN_RIGHT | COLUMN_SPARE },
                { "WHO", NULL, COLUMN_SHRINKS },
                { "DIGEST", NULL, COLUMN_SPARE },
                { NULL, "queued_at", 0 },
                { NULL, "finished_at", 0 },
                { "REASON", "reason", COLUMN_SHRINKS | COLUMN_LONG },
                { NULL, "started_at", 0 },
                { NULL, "attempts", 0 },
                { NULL, "next_attempt_at", 0 },
                { NULL, "digest", 0 },
                { NULL, "source", 0 },
                { NULL, "generation", 0 },
                { NULL, "superseded_by", 0 },
                { NULL, "uid", 0 },
                { NULL, "user", 0 },
                { NULL, "hook", 0 },
                { NULL, "provider", 0 },
                { NULL, "steps", 0 },
                { NULL, "watch", 0 },
        };

        return table_new(columns, ELEMENTSOF(columns));
}

static void add_reason(Table *table, const DeployRow *row) {
        _cleanup_free_ char *waiting = NULL;

        if (deploy_waits(row) && deploy_waiting(row, &waiting) >= 0)
                table_add_short(table, row->reason, waiting);
        else
                table_add_text(table, row->reason);
}

static void add_asker(Table *table, const DeployRow *row) {
        if (row->uid == DEPLOY_NO_UID)
                table_add_text(table, NULL);
        else
                table_add_number(table, row->uid);
        table_add_text(table, row->user);
        table_add_text(table, row->hook);
        table_add_text(table, row->provider);
}

static json_t *watch_json(const DeployRow *row) {
        return isempty(row->watch) ? json_null()
                                   : json_pack("{s:s, s:I, s:s}", "state", row->watch, "until",
                                               (json_int_t) row->watch_until, "reason", row->watch_reason);
}

static void add_row(Table *table, const DeployRow *row, bool with_digest) {
        char word[DEPLOY_WORD_SIZE], span[SPAN_SIZE], digest[16];
        uint64_t now = now_usec(CLOCK_REALTIME);

        table_add_number(table, row->id);
        table_add_text(table, row->project);
        table_add_text(table, row->stage);
        table_add_text(table, deploy_tag(row, with_digest, word));
        table_add_text(table, row->image);
        table_add_text(table, row->state);
        table_add_text(table, deploy_kind(row, word));
        table_add_text(table, deploy_watch(row, word));
        table_add_text(table, deploy_age(row, now, span));
        table_add_text(table, deploy_took(row, now, span));
        table_add_text(table, deploy_who(row, word));
        table_add_text(table, digest_short(row->digest, digest));
        table_add_time(table, row->queued_at);
        table_add_time(table, row->finished_at);
        add_reason(table, row);
        table_add_time(table, row->started_at);
        table_add_number(table, row->attempts);
        table_add_time(table, row->next_at);
        table_add_text(table, row->digest);
        table_add_text(table, row->source);
        table_add_optional(table, row->generation);
        table_add_optional(table, row->superseded_by);
        add_asker(table, row);
        table_add_json(table,
                       deploy_steps_are_known(&row->steps) ? deploy_steps_json(&row->steps) : json_null());
        table_add_json(table, watch_json(row));
}

void deploy_table_add(Table *table, const DeployRow *row) {
        add_row(table, row, /* with_digest= */ false);
}

/* Whether another row of the same project has the same tag, and another digest. */
static bool tag_is_ambiguous(const DeployRow *rows, size_t n, const DeployRow *row) {
        char tag[DEPLOY_WORD_SIZE], other[DEPLOY_WORD_SIZE];

        (void) deploy_tag(row, /* with_digest= */ false, tag);
        for (size_t i = 0; i < n; i++)
                if (!isempty(rows[i].digest) && !streq(rows[i].digest, row->digest) &&
                    streq(rows[i].project, row->project) &&
                    streq(deploy_tag(&rows[i], /* with_digest= */ false, other), tag))
                        return true;

        return false;
}

static int read_all(sd_bus_message *reply, DeployRow **rows, size_t *n) {
        DeployRow row;
        int r;

        while ((r = deploy_read(reply, &row)) > 0) {
                DeployRow *grown = reallocarray(*rows, *n + 1, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;

                *rows = grown;
                grown[(*n)++] = row;
        }

        return r;
}

int deploy_table_add_all(Table *table, sd_bus_message *reply) {
        _cleanup_free_ DeployRow *rows = NULL;
        size_t n = 0;
        int r;

        assert(table);

        r = read_all(reply, &rows, &n);
        for (size_t i = 0; r >= 0 && i < n; i++)
                add_row(table, &rows[i], !isempty(rows[i].digest) && tag_is_ambiguous(rows, n, &rows[i]));
        return r < 0 ? r : table_error(table);
}
