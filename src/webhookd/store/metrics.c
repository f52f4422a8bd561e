/* SPDX-License-Identifier: MIT */
/*
 * Counters that only grow, kept beside what they count and in the same transaction, at the end of it: rows of the queue are
 * forgotten, the journal is rotated, and this process does not live long. A counter goes when its stage goes.
 */
#include <sqlite3.h>

#include "webhookd/store/metrics.h"
#include "webhookd/store/show.h"
#include "webhookd/store/statement.h"

/* Upper bounds of the buckets of a deploy's duration; what takes longer is in one more. */
static const struct {
        uint64_t usec;
        const char *label;
} bounds[] = {
        { 1 * USEC_PER_SEC, "1.0" },     { 5 * USEC_PER_SEC, "5.0" },     { 15 * USEC_PER_SEC, "15.0" },
        { 30 * USEC_PER_SEC, "30.0" },   { 60 * USEC_PER_SEC, "60.0" },   { 120 * USEC_PER_SEC, "120.0" },
        { 300 * USEC_PER_SEC, "300.0" }, { 900 * USEC_PER_SEC, "900.0" },
};

static_assert(ELEMENTSOF(bounds) == 8, "the schema has nine buckets, and that of rows which never ran");

static const char *const outcomes[] = {
        [DELIVERY_ACCEPTED] = "accepted",
        [DELIVERY_KNOWN] = "known",
        [DELIVERY_IGNORED] = "ignored",
        [DELIVERY_REFUSED] = "refused",
};

static int write_deliveries(Store *store, const Tallied *item) {
        static const char sql[] = "INSERT INTO delivery_counters(provider, outcome, n) VALUES(?1, ?2, ?3) "
                                  "ON CONFLICT DO UPDATE SET n = n + excluded.n";

        return store_write(store, sql,
                           VALUES(value_text(item->provider), value_text(outcomes[item->outcome]),
                                  value_id(item->n)));
}

/* The stage may be gone by now. */
static int write_ends(Store *store, const Tallied *item) {
        static const char sql[] =
                        "INSERT INTO deploy_counters(stage_id, state, bucket, n, usec, finished_at) "
                        "SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS(SELECT 1 FROM stages WHERE id = ?1) "
                        "ON CONFLICT DO UPDATE SET n = n + excluded.n, usec = usec + excluded.usec,"
                        " finished_at = max(finished_at, excluded.finished_at)";

        return store_write(store, sql,
                           VALUES(value_number(item->stage_id),
                                  value_text(deploy_state_to_string(item->state)),
                                  value_number(item->bucket), value_id(item->n), value_id(item->usec),
                                  value_id(item->finished_at)));
}

int store_write_tally(Store *store) {
        int r = 0;

        tally_merge(&store->tally);
        for (size_t i = 0; i < store->tally.n && r >= 0; i++) {
                const Tallied *item = &store->tally.items[i];

                r = item->provider ? write_deliveries(store, item) : write_ends(store, item);
        }

        tally_cut(&store->tally, 0);
        return r < 0 ? r : 0;
}

/* Outside of a transaction, nothing else is going to write it. */
static int count(Store *store, const Tallied *item) {
        if (tally_add(&store->tally, item) < 0)
                return store_fail_text(store, -ENOMEM, "out of memory");

        return store_in_transaction(store) ? 0 : store_write_tally(store);
}

int store_count_delivery(Store *store, const char *provider, DeliveryOutcome outcome) {
        assert(store);
        assert(provider);
        assert((unsigned) outcome < ELEMENTSOF(outcomes));

        return count(store, &(Tallied){ .provider = provider, .outcome = outcome, .n = 1 });
}

/* Bucket 0 is for rows that ended in the queue: they took no time of the deployer's. */
static unsigned bucket_of(uint64_t usec) {
        unsigned bucket = 1;

        for (size_t i = 0; i < ELEMENTSOF(bounds); i++)
                bucket += usec > bounds[i].usec;

        return bucket;
}

int store_count_end(Store *store, int64_t stage_id, uint64_t started_at, DeployState state,
                    uint64_t finished_at) {
        Tallied item = { .state = state, .stage_id = stage_id, .n = 1, .finished_at = finished_at };

        if (started_at > 0) {
                item.usec = finished_at > started_at ? finished_at - started_at : 0;
                item.bucket = bucket_of(item.usec);
        }

        return count(store, &item);
}

/* Where the metrics go to. */
typedef struct Sink {
        MetricFunction function;
        void *userdata;
} Sink;

static int sink_add(const Sink *sink, const char *name, double value, const MetricLabel *labels,
                    size_t n_labels) {
        return sink->function(
                        &(Metric){ .name = name, .value = value, .labels = labels, .n_labels = n_labels },
                        sink->userdata);
}

/* Of one series: a row has three at most, and a histogram one more. */
#define LABELS_MAX 4

/* Adds the series of one row; `labels` are filled from its first columns. */
typedef int (*AddRow)(const Sink *sink, sqlite3_stmt *row, MetricLabel labels[static LABELS_MAX]);

/* Adds each row of `sql`, whose first columns are the labels with these names (NULL-terminated). */
static int visit_rows(Store *store, const Sink *sink, const char *sql, const char *const *names,
                      AddRow add) {
        _cleanup_(statement_releasep) sqlite3_stmt *statement = NULL;
        int r;

        r = store_query(store, sql, NO_VALUES, &statement);
        while (r >= 0 && (r = store_step(store, statement)) > 0) {
                MetricLabel labels[LABELS_MAX] = { 0 };

                for (int i = 0; names[i]; i++)
                        labels[i] = (MetricLabel){ names[i],
                                                   (const char *) sqlite3_column_text(statement, i) };

                r = add(sink, statement, labels);
        }

        return r;
}

static int add_deliveries(const Sink *sink, sqlite3_stmt *row, MetricLabel labels[static LABELS_MAX]) {
        return sink_add(sink, "tinyforge_deliveries_total", (double) sqlite3_column_int64(row, 2), labels,
                        2);
}

static int visit_deliveries(Store *store, const Sink *sink) {
        static const char sql[] = "SELECT provider, outcome, n FROM delivery_counters ORDER BY 1, 2";
        static const char *const names[] = { "provider", "outcome", NULL };

        return visit_rows(store, sink, sql, names, add_deliveries);
}

/* One series of a histogram; the row's fourth label is free for the bound. */
static int add_durations(const Sink *sink, sqlite3_stmt *row, int first,
                         MetricLabel labels[static LABELS_MAX]) {
        double n = 0;
        int r = 0;

        for (size_t i = 0; r >= 0 && i <= ELEMENTSOF(bounds); i++) {
                n += (double) sqlite3_column_int64(row, first + (int) i);
                labels[3] = (MetricLabel){ "le", i < ELEMENTSOF(bounds) ? bounds[i].label : "+Inf" };
                r = sink_add(sink, "tinyforge_deploy_duration_seconds_bucket", n, labels, 4);
        }
        if (r >= 0)
                r = sink_add(sink, "tinyforge_deploy_duration_seconds_count", n, labels, 3);
        if (r >= 0)
                r = sink_add(sink, "tinyforge_deploy_duration_seconds_sum",
                             (double) sqlite3_column_int64(row, 4) / (double) USEC_PER_SEC, labels, 3);
        return r;
}

static int add_ends(const Sink *sink, sqlite3_stmt *row, MetricLabel labels[static LABELS_MAX]) {
        int r;

        r = sink_add(sink, "tinyforge_deploys_total", (double) sqlite3_column_int64(row, 3), labels, 3);
        if (r >= 0 && sqlite3_column_int64(row, 5) > 0)
                r = add_durations(sink, row, 6, labels);
        return r;
}

static int visit_ends(Store *store, const Sink *sink) {
        static const char sql[] =
                        "SELECT p.name, s.name, c.state, sum(c.n), sum(c.usec), sum(iif(c.bucket > 0, c.n, 0)),"
                        " sum(iif(c.bucket = 1, c.n, 0)), sum(iif(c.bucket = 2, c.n, 0)),"
                        " sum(iif(c.bucket = 3, c.n, 0)), sum(iif(c.bucket = 4, c.n, 0)),"
                        " sum(iif(c.bucket = 5, c.n, 0)), sum(iif(c.bucket = 6, c.n, 0)),"
                        " sum(iif(c.bucket = 7, c.n, 0)), sum(iif(c.bucket = 8, c.n, 0)),"
                        " sum(iif(c.bucket = 9, c.n, 0)) "
                        "FROM deploy_counters c JOIN stages s ON s.id = c.stage_id"
                        " JOIN projects p ON p.id = s.project_id "
                        "GROUP BY c.stage_id, c.state ORDER BY 1, 2, 3";
        static const char *const names[] = { "project", "stage", "outcome", NULL };

        return visit_rows(store, sink, sql, names, add_ends);
}

static int add_steps(const Sink *sink, sqlite3_stmt *row, MetricLabel labels[static LABELS_MAX]) {
        int r;

        r = sink_add(sink, "tinyforge_deploy_step_seconds_count", (double) sqlite3_column_int64(row, 3),
                     labels, 3);
        if (r >= 0)
                r = sink_add(sink, "tinyforge_deploy_step_seconds_sum",
                             (double) sqlite3_column_int64(row, 4) / 1000, labels, 3);
        return r;
}

static int visit_steps(Store *store, const Sink *sink) {
        static const char sql[] = "SELECT p.name, s.name, c.step, c.n, c.msec "
                                  "FROM step_counters c JOIN stages s ON s.id = c.stage_id"
                                  " JOIN projects p ON p.id = s.project_id ORDER BY 1, 2, 3";
        static const char *const names[] = { "project", "stage", "step", NULL };

        return visit_rows(store, sink, sql, names, add_steps);
}

/* How watching what was deployed has ended. */
static int add_watches(const Sink *sink, sqlite3_stmt *row, MetricLabel labels[static LABELS_MAX]) {
        return sink_add(sink, "tinyforge_watches_total", (double) sqlite3_column_int64(row, 3), labels, 3);
}

static int visit_watches(Store *store, const Sink *sink) {
        static const char sql[] = "SELECT p.name, s.name, c.verdict, c.n "
                                  "FROM watch_counters c JOIN stages s ON s.id = c.stage_id"
                                  " JOIN projects p ON p.id = s.project_id ORDER BY 1, 2, 3";
        static const char *const names[] = { "project", "stage", "verdict", NULL };

        return visit_rows(store, sink, sql, names, add_watches);
}

static int add_success(const Sink *sink, sqlite3_stmt *row, MetricLabel labels[static LABELS_MAX]) {
        return sink_add(sink, "tinyforge_deploy_last_success_timestamp_seconds",
                        (double) sqlite3_column_int64(row, 2) / (double) USEC_PER_SEC, labels, 2);
}

/* When a stage last got, or was found to have, what was asked for. */
static int visit_successes(Store *store, const Sink *sink) {
        static const char sql[] =
                        "SELECT p.name, s.name, max(c.finished_at) "
                        "FROM deploy_counters c JOIN stages s ON s.id = c.stage_id"
                        " JOIN projects p ON p.id = s.project_id "
                        "WHERE c.state IN ('succeeded', 'unchanged') GROUP BY c.stage_id ORDER BY 1, 2";
        static const char *const names[] = { "project", "stage", NULL };

        return visit_rows(store, sink, sql, names, add_success);
}

/* What there is at the moment. */
static int visit_gauges(Store *store, const Sink *sink) {
        static const char stages_sql[] = "SELECT count(*) FROM stages";
        static const DeployState waiting[] = { DEPLOY_QUEUED, DEPLOY_RUNNING };
        uint64_t n = 0;
        int64_t stages = 0;
        int r;

        for (size_t i = 0; i < ELEMENTSOF(waiting); i++) {
                const MetricLabel label = { "state", deploy_state_to_string(waiting[i]) };

                r = store_count_deploys(store, waiting[i], &n);
                if (r >= 0)
                        r = sink_add(sink, "tinyforge_queue_deploys", (double) n, &label, 1);
                if (r < 0)
                        return r;
        }

        r = store_count_projects(store, /* only_auto_created= */ false, &n);
        if (r >= 0)
                r = store_read_number(store, stages_sql, NO_VALUES, &stages);
        if (r >= 0)
                r = sink_add(sink, "tinyforge_projects", (double) n, NULL, 0);
        return r < 0 ? r : sink_add(sink, "tinyforge_stages", (double) stages, NULL, 0);
}

int store_visit_metrics(Store *store, MetricFunction function, void *userdata) {
        const Sink sink = { .function = function, .userdata = userdata };
        int r;

        assert(store);
        assert(function);

        r = store_write_tally(store);
        if (r >= 0)
                r = visit_deliveries(store, &sink);
        if (r >= 0)
                r = visit_ends(store, &sink);
        if (r >= 0)
                r = visit_steps(store, &sink);
        if (r >= 0)
                r = visit_watches(store, &sink);
        if (r >= 0)
                r = visit_successes(store, &sink);
        if (r >= 0)
                r = visit_gauges(store, &sink);
        return r < 0 ? r : 0;
}
