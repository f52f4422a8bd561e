/* SPDX-License-Identifier: MIT */
/*
 * The schema: the migrations that lead to it, from an empty file on. What a request could break is held by the schema too: names
 * are unique, a stage has one running and one queued row at most, an id is never used again.
 */
#include "webhookd/store/migrations.h"

#define APPLICATION_ID_SQL "1952871015"
static_assert(STORE_APPLICATION_ID == 1952871015, "the text says it, too");

/*
 * Version 1. The tests of states are written out, since a partial index serves only what its condition
 * follows from. `deliveries.state` is NULL as long as the row of the deploy is there, and how it ended once
 * that was forgotten.
 */
static const char migration_1[] =
                "CREATE TABLE settings("
                " key TEXT NOT NULL PRIMARY KEY,"
                " value TEXT NOT NULL"
                ") STRICT, WITHOUT ROWID;"

                "CREATE TABLE projects("
                " id INTEGER PRIMARY KEY AUTOINCREMENT,"
                " name TEXT NOT NULL UNIQUE CHECK(length(name) BETWEEN 1 AND 63),"
                " image TEXT NOT NULL UNIQUE CHECK(length(image) BETWEEN 1 AND 1024),"
                " port INTEGER NOT NULL CHECK(port BETWEEN 0 AND 65535),"
                " healthcheck TEXT NOT NULL CHECK(length(healthcheck) <= 512),"
                " created_at INTEGER NOT NULL CHECK(created_at > 0),"
                " auto_created INTEGER NOT NULL CHECK(auto_created IN (0, 1))"
                ") STRICT;"

                "CREATE TABLE stages("
                " id INTEGER PRIMARY KEY AUTOINCREMENT,"
                " project_id INTEGER NOT NULL REFERENCES projects(id) ON DELETE CASCADE,"
                " name TEXT NOT NULL CHECK(length(name) BETWEEN 1 AND 63),"
                " tag_pattern TEXT NOT NULL CHECK(length(tag_pattern) BETWEEN 1 AND 1024),"
                " auto_deploy INTEGER NOT NULL CHECK(auto_deploy IN (0, 1)),"
                " max_instances INTEGER NOT NULL CHECK(max_instances BETWEEN 1 AND 16),"
                " available TEXT CHECK(length(available) BETWEEN 1 AND 1024),"
                " UNIQUE(project_id, name)"
                ") STRICT;"

                "CREATE TABLE deploys("
                " id INTEGER PRIMARY KEY AUTOINCREMENT,"
                " stage_id INTEGER NOT NULL REFERENCES stages(id) ON DELETE CASCADE,"
                " image TEXT NOT NULL CHECK(length(image) BETWEEN 1 AND 1024),"
                " digest TEXT CHECK(length(digest) BETWEEN 1 AND 256),"
                " source TEXT NOT NULL CHECK(length(source) BETWEEN 1 AND 32),"
                " state TEXT NOT NULL CHECK(state IN ('queued', 'running', 'succeeded', 'unchanged',"
                "  'rolled-back', 'failed', 'superseded', 'cancelled')),"
                " reason TEXT NOT NULL DEFAULT '' CHECK(length(reason) <= 4096),"
                " attempts INTEGER NOT NULL DEFAULT 0 CHECK(attempts BETWEEN 0 AND 5),"
                " queued_at INTEGER NOT NULL CHECK(queued_at > 0),"
                " started_at INTEGER NOT NULL DEFAULT 0 CHECK(started_at >= 0),"
                " finished_at INTEGER NOT NULL DEFAULT 0 CHECK(finished_at >= 0),"
                " CHECK((state NOT IN ('queued', 'running')) = (finished_at > 0)),"
                " CHECK(state <> 'running' OR started_at > 0)"
                ") STRICT;"
                "CREATE UNIQUE INDEX deploys_queued ON deploys(stage_id) WHERE state = 'queued';"
                "CREATE UNIQUE INDEX deploys_running ON deploys(stage_id) WHERE state = 'running';"
                "CREATE INDEX deploys_finished ON deploys(stage_id, id)"
                " WHERE state NOT IN ('queued', 'running');"

                "CREATE TABLE deliveries("
                " hook TEXT NOT NULL CHECK(length(hook) BETWEEN 1 AND 63),"
                " delivery_id TEXT NOT NULL CHECK(length(delivery_id) BETWEEN 1 AND 255),"
                " stage_id INTEGER NOT NULL REFERENCES stages(id) ON DELETE CASCADE,"
                " image TEXT NOT NULL CHECK(length(image) BETWEEN 1 AND 1024),"
                " deploy_id INTEGER NOT NULL CHECK(deploy_id > 0),"
                " state TEXT CHECK(state IN ('succeeded', 'unchanged', 'rolled-back', 'failed',"
                "  'superseded', 'cancelled')),"
                " received_at INTEGER NOT NULL CHECK(received_at > 0),"
                " PRIMARY KEY(hook, delivery_id, stage_id, image)"
                ") STRICT, WITHOUT ROWID;"
                "CREATE INDEX deliveries_deploy ON deliveries(stage_id, deploy_id);"
                "CREATE INDEX deliveries_age ON deliveries(received_at);"

                "PRAGMA application_id = " APPLICATION_ID_SQL ";"
                "PRAGMA user_version = 1;";

/*
 * Version 2. `generation` is the deploy whose image a rollback brings back, `cancel` says that cancelling was asked for
 * while the row ran, `again` that a push joined it before its digest was known.
 */
static const char migration_2[] =
                "ALTER TABLE deploys ADD COLUMN generation INTEGER CHECK(generation > 0);"
                "ALTER TABLE deploys ADD COLUMN cancel INTEGER NOT NULL DEFAULT 0 CHECK(cancel IN (0, 1));"
                "ALTER TABLE deploys ADD COLUMN again INTEGER NOT NULL DEFAULT 0 CHECK(again IN (0, 1));"
                "PRAGMA user_version = 2;";

/*
 * Version 3. `policy` says how a stage reads its `tag_pattern`, and `downgrade` whether it follows a version that is lower
 * than the one it has. `hooks` are those beside the main one: `previous` is the secret before the latest, good until
 * `previous_until`; `images` are patterns with a space between them, none of them meaning every image.
 */
static const char migration_3[] =
                "ALTER TABLE stages ADD COLUMN policy TEXT NOT NULL DEFAULT 'glob'"
                " CHECK(policy IN ('glob', 'semver', 'regex', 'digest'));"
                "ALTER TABLE stages ADD COLUMN downgrade INTEGER NOT NULL DEFAULT 0 CHECK(downgrade IN (0, 1));"

                "CREATE TABLE hooks("
                " id INTEGER PRIMARY KEY AUTOINCREMENT,"
                " name TEXT NOT NULL UNIQUE CHECK(length(name) BETWEEN 1 AND 63 AND name <> 'main'),"
                " secret TEXT NOT NULL UNIQUE CHECK(length(secret) = 36),"
                " previous TEXT CHECK(length(previous) = 36),"
                " previous_until INTEGER NOT NULL DEFAULT 0 CHECK(previous_until >= 0),"
                " images TEXT NOT NULL CHECK(length(images) <= 4096),"
                " signature TEXT NOT NULL CHECK(signature IN ('none', 'optional', 'required')),"
                " created_at INTEGER NOT NULL CHECK(created_at > 0),"
                " rotated_at INTEGER NOT NULL CHECK(rotated_at > 0),"
                " CHECK((previous IS NULL) = (previous_until = 0))"
                ") STRICT;"
                "PRAGMA user_version = 3;";

/*
 * Version 4. `used_ids` are delivery ids that are good once, whatever came of the delivery. Counters outlive what they count;
 * see metrics.c. Some stores of version 3 have these three already; those of 0.1.0 do not. `tries` are the attempts that
 * were begun, `retry_since` is when the first failed that RetryForSec= bounds, and `next_at` when a row that waits is
 * tried again.
 */
static const char migration_4[] =
                "CREATE TABLE IF NOT EXISTS used_ids("
                " hook TEXT NOT NULL CHECK(length(hook) BETWEEN 1 AND 63),"
                " id TEXT NOT NULL CHECK(length(id) BETWEEN 1 AND 255),"
                " used_at INTEGER NOT NULL CHECK(used_at > 0),"
                " PRIMARY KEY(hook, id)"
                ") STRICT, WITHOUT ROWID;"
                "CREATE INDEX IF NOT EXISTS used_ids_age ON used_ids(used_at);"

                "CREATE TABLE IF NOT EXISTS delivery_counters("
                " provider TEXT NOT NULL CHECK(length(provider) BETWEEN 1 AND 32),"
                " outcome TEXT NOT NULL CHECK(outcome IN ('accepted', 'known', 'ignored', 'refused')),"
                " n INTEGER NOT NULL CHECK(n > 0),"
                " PRIMARY KEY(provider, outcome)"
                ") STRICT, WITHOUT ROWID;"

                "CREATE TABLE IF NOT EXISTS deploy_counters("
                " stage_id INTEGER NOT NULL REFERENCES stages(id) ON DELETE CASCADE,"
                " state TEXT NOT NULL CHECK(state IN ('succeeded', 'unchanged', 'rolled-back', 'failed',"
                "  'superseded', 'cancelled')),"
                " bucket INTEGER NOT NULL CHECK(bucket BETWEEN 0 AND 9),"
                " n INTEGER NOT NULL CHECK(n > 0),"
                " usec INTEGER NOT NULL CHECK(usec >= 0),"
                " finished_at INTEGER NOT NULL CHECK(finished_at > 0),"
                " PRIMARY KEY(stage_id, state, bucket)"
                ") STRICT, WITHOUT ROWID;"

                "ALTER TABLE deploys ADD COLUMN tries INTEGER NOT NULL DEFAULT 0 CHECK(tries >= 0);"
                "ALTER TABLE deploys ADD COLUMN retry_since INTEGER NOT NULL DEFAULT 0 CHECK(retry_since >= 0);"
                "ALTER TABLE deploys ADD COLUMN next_at INTEGER NOT NULL DEFAULT 0 CHECK(next_at >= 0);"
                "PRAGMA user_version = 4;";

/* Version 5. `force` says that what runs is to be replaced, also where it is what the row would bring. */
static const char migration_5[] =
                "ALTER TABLE deploys ADD COLUMN force INTEGER NOT NULL DEFAULT 0 CHECK(force IN (0, 1));"
                "PRAGMA user_version = 5;";

/*
 * Version 6. What a project learned of an image is kept beside what a person set, and does not bind the next image. Before, it was
 * written to `port` and `healthcheck` of projects that deliveries made. It is taken from there, unless the health check is one that
 * only a person can have written: then the port may be that person's as well.
 */
static const char migration_6[] =
                "ALTER TABLE projects ADD COLUMN learned_port INTEGER NOT NULL DEFAULT 0"
                " CHECK(learned_port BETWEEN 0 AND 65535);"
                "ALTER TABLE projects ADD COLUMN learned_healthcheck TEXT NOT NULL DEFAULT ''"
                " CHECK(length(learned_healthcheck) <= 512);"
                "UPDATE projects SET learned_port = port, learned_healthcheck = healthcheck, port = 0, healthcheck = ''"
                " WHERE auto_created = 1 AND healthcheck IN ('', 'image');"
                "PRAGMA user_version = 6;";

/*
 * Version 7. `pushes` is when the image of a deploy was pushed, by the clock of the sender that called through `hook`;
 * `image` is without a digest. See push.c.
 */
static const char migration_7[] = "CREATE TABLE pushes("
                                  " stage_id INTEGER NOT NULL REFERENCES stages(id) ON DELETE CASCADE,"
                                  " hook TEXT NOT NULL CHECK(length(hook) BETWEEN 1 AND 63),"
                                  " image TEXT NOT NULL CHECK(length(image) BETWEEN 1 AND 1024),"
                                  " deploy_id INTEGER NOT NULL REFERENCES deploys(id) ON DELETE CASCADE,"
                                  " pushed_at INTEGER NOT NULL CHECK(pushed_at > 0),"
                                  " PRIMARY KEY(stage_id, hook, image, deploy_id)"
                                  ") STRICT, WITHOUT ROWID;"
                                  "CREATE INDEX pushes_deploy ON pushes(deploy_id);"
                                  "PRAGMA user_version = 7;";

/* Version 8. `local` says that no registry is asked for the image of a row. */
static const char migration_8[] =
                "ALTER TABLE deploys ADD COLUMN local INTEGER NOT NULL DEFAULT 0 CHECK(local IN (0, 1));"
                "PRAGMA user_version = 8;";

/* Version 9. `bare` says that a call of the hook without a body is one, too. */
static const char migration_9[] = "ALTER TABLE hooks ADD COLUMN bare INTEGER NOT NULL DEFAULT 0"
                                  " CHECK(bare IN (0, 1) AND (bare = 0 OR images <> ''));"
                                  "PRAGMA user_version = 9;";

/*
 * Version 10. `uid`, `user`, `hook` and `provider` say who asked for a deploy, see asker.h; all of them are NULL in older rows.
 * `superseded_by` is the deploy that took the place of one that waited.
 */
static const char migration_10[] =
                "ALTER TABLE deploys ADD COLUMN uid INTEGER CHECK(uid BETWEEN 0 AND 4294967295);"
                "ALTER TABLE deploys ADD COLUMN user TEXT CHECK(length(user) BETWEEN 1 AND 64);"
                "ALTER TABLE deploys ADD COLUMN hook TEXT CHECK(length(hook) BETWEEN 1 AND 63);"
                "ALTER TABLE deploys ADD COLUMN provider TEXT CHECK(length(provider) BETWEEN 1 AND 32);"
                "ALTER TABLE deploys ADD COLUMN superseded_by INTEGER CHECK(superseded_by > 0);"
                "PRAGMA user_version = 10;";

/* Version 11. `bare_calls` is which tag a bare call meant that named none; see bare-call.c. */
static const char migration_11[] = "CREATE TABLE bare_calls("
                                   " hook TEXT NOT NULL CHECK(length(hook) BETWEEN 1 AND 63),"
                                   " delivery_id TEXT NOT NULL CHECK(length(delivery_id) BETWEEN 1 AND 255),"
                                   " tag TEXT NOT NULL CHECK(length(tag) BETWEEN 1 AND 128),"
                                   " called_at INTEGER NOT NULL CHECK(called_at > 0),"
                                   " PRIMARY KEY(hook, delivery_id)"
                                   ") STRICT, WITHOUT ROWID;"
                                   "CREATE INDEX bare_calls_age ON bare_calls(called_at);"
                                   "PRAGMA user_version = 11;";

/*
 * Version 12. However many rows have ended: what waits is found in its order, and all that a stage has without a look at what others
 * have; so is what goes with a stage. `state` is in the index for who looks for rows of some states only.
 */
static const char migration_12[] =
                "CREATE INDEX deploys_waiting ON deploys(id, state) WHERE state = 'queued';"
                "CREATE INDEX deploys_stage ON deploys(stage_id, id, state);"
                "DROP INDEX deploys_finished;"
                "PRAGMA user_version = 12;";

/*
 * Version 13. The same tests of words as before: of a list of words sqlite makes a table of its own, each time that it tests one. Only
 * the text of the schema changes, in the way that https://www.sqlite.org/lang_altertable.html describes.
 */
static const char migration_13[] =
                "PRAGMA writable_schema = ON;"
                "UPDATE sqlite_schema SET sql = replace(sql, "
                "'state IN (''queued'', ''running'', ''succeeded'', ''unchanged'',"
                "  ''rolled-back'', ''failed'', ''superseded'', ''cancelled'')', "
                "'state = ''queued'' OR state = ''superseded'' OR state = ''running'' OR state = ''succeeded''"
                " OR state = ''unchanged'' OR state = ''failed'' OR state = ''rolled-back'' OR state = ''cancelled''')"
                " WHERE name = 'deploys';"
                "UPDATE sqlite_schema SET sql = replace(sql, "
                "'state IN (''succeeded'', ''unchanged'', ''rolled-back'', ''failed'',"
                "  ''superseded'', ''cancelled'')', "
                "'state = ''superseded'' OR state = ''succeeded'' OR state = ''unchanged''"
                " OR state = ''failed'' OR state = ''rolled-back'' OR state = ''cancelled''')"
                " WHERE name = 'deliveries';"
                "UPDATE sqlite_schema SET sql = replace(sql, "
                "'state IN (''succeeded'', ''unchanged'', ''rolled-back'', ''failed'',"
                "  ''superseded'', ''cancelled'')', "
                "'state = ''superseded'' OR state = ''succeeded'' OR state = ''unchanged''"
                " OR state = ''failed'' OR state = ''rolled-back'' OR state = ''cancelled''')"
                " WHERE name = 'deploy_counters';"
                "UPDATE sqlite_schema SET sql = replace(sql, "
                "'outcome IN (''accepted'', ''known'', ''ignored'', ''refused'')', "
                "'outcome = ''accepted'' OR outcome = ''known'' OR outcome = ''ignored'' OR outcome = ''refused''')"
                " WHERE name = 'delivery_counters';"
                "UPDATE sqlite_schema SET sql = replace(sql, "
                "'policy IN (''glob'', ''semver'', ''regex'', ''digest'')', "
                "'policy = ''glob'' OR policy = ''semver'' OR policy = ''regex'' OR policy = ''digest''')"
                " WHERE name = 'stages';"
                "UPDATE sqlite_schema SET sql = replace(sql, "
                "'signature IN (''none'', ''optional'', ''required'')', "
                "'signature = ''none'' OR signature = ''optional'' OR signature = ''required''')"
                " WHERE name = 'hooks';"
                "PRAGMA writable_schema = RESET;"
                "PRAGMA user_version = 13;";

/* Version 14. However many projects there are: those that deliveries created are counted without a look at the others. */
static const char migration_14[] =
                "CREATE INDEX projects_auto_created ON projects(auto_created) WHERE auto_created = 1;"
                "PRAGMA user_version = 14;";

/*
 * Version 15. `took` is how long the steps of the latest attempt took, as deploy-steps.h writes it; `step_counters` is what all attempts of
 * the stage took in a step.
 */
static const char migration_15[] =
                "ALTER TABLE deploys ADD COLUMN took TEXT CHECK(length(took) BETWEEN 2 AND 191);"
                "CREATE TABLE step_counters("
                " stage_id INTEGER NOT NULL REFERENCES stages(id) ON DELETE CASCADE,"
                " step TEXT NOT NULL CHECK(length(step) BETWEEN 1 AND 16),"
                " n INTEGER NOT NULL CHECK(n > 0),"
                " msec INTEGER NOT NULL CHECK(msec >= 0),"
                " PRIMARY KEY(stage_id, step)"
                ") STRICT, WITHOUT ROWID;"
                "PRAGMA user_version = 15;";

/*
 * Version 16. A stage's rows are found in their order, and a row that changes its state stays where it is in that index: it had two places
 * in it, that before and that after, and with hundreds of rows a stage each was on a page of its own.
 *
 * Several projects may have one image: what kept it unique is an index like any other from now on, with the same contents, so
 * no row moves. Only the text of the schema changes, as in version 13.
 *
 * `after_id` is the project whose deploys those of this one wait for, where one delivery brings both. `awaited` is which deploys
 * wait for which, and of which stages they are: see awaited.c. It goes with a stage, and does not name the rows themselves, nor do
 * `pushes` any more: each row that is forgotten would be looked for there, at a tenth of the price of a delivery. `ended` says that what is waited for is through, and that nobody has looked at what follows of that yet.
 */
static const char migration_16[] =
                "DROP INDEX deploys_stage;"
                "CREATE INDEX deploys_stage ON deploys(stage_id);"

                "PRAGMA writable_schema = ON;"
                "UPDATE sqlite_schema SET sql = replace(replace(sql, 'image TEXT NOT NULL UNIQUE', 'image TEXT NOT NULL'),"
                " ') STRICT', ', after_id INTEGER REFERENCES projects(id) ON DELETE SET NULL) STRICT')"
                " WHERE type = 'table' AND name = 'projects';"
                "UPDATE sqlite_schema SET name = 'projects_image', sql = 'CREATE INDEX projects_image ON projects(image)'"
                " WHERE type = 'index' AND name = 'sqlite_autoindex_projects_2';"
                "UPDATE sqlite_schema SET sql = replace(sql, 'REFERENCES deploys(id) ON DELETE CASCADE', 'CHECK(deploy_id > 0)')"
                " WHERE type = 'table' AND name = 'pushes';"
                "PRAGMA writable_schema = RESET;"
                "CREATE INDEX projects_after ON projects(after_id) WHERE after_id IS NOT NULL;"

                "CREATE TABLE awaited("
                " deploy_id INTEGER NOT NULL CHECK(deploy_id > 0),"
                " after_id INTEGER NOT NULL CHECK(after_id > 0),"
                " stage_id INTEGER NOT NULL REFERENCES stages(id) ON DELETE CASCADE,"
                " after_stage_id INTEGER NOT NULL REFERENCES stages(id) ON DELETE CASCADE,"
                " ended INTEGER NOT NULL DEFAULT 0 CHECK(ended IN (0, 1)),"
                " PRIMARY KEY(deploy_id, after_id)"
                ") STRICT, WITHOUT ROWID;"
                "CREATE INDEX awaited_after ON awaited(after_id);"
                "CREATE INDEX awaited_stage ON awaited(stage_id);"
                "CREATE INDEX awaited_after_stage ON awaited(after_stage_id);"
                "CREATE INDEX awaited_ended ON awaited(ended) WHERE ended = 1;"

                /*
                 * What a deploy brought is watched on: `watch_span` is for how long, by the attempt that runs, `watch` what became of it,
                 * `watch_until` when it ends, and `watch_reason` why it ended so; `watch_counters` is how often each end came in a stage. The
                 * indexes are of few rows: a stage without them is told from them alone.
                 */
                "ALTER TABLE deploys ADD COLUMN watch TEXT CHECK(watch = 'watching' OR watch = 'held' OR watch = 'failed'"
                " OR watch = 'gone' OR watch = 'replaced');"
                "ALTER TABLE deploys ADD COLUMN watch_span INTEGER NOT NULL DEFAULT 0 CHECK(watch_span >= 0);"
                "ALTER TABLE deploys ADD COLUMN watch_until INTEGER NOT NULL DEFAULT 0 CHECK(watch_until >= 0);"
                "ALTER TABLE deploys ADD COLUMN watch_reason TEXT CHECK(length(watch_reason) <= 4096);"
                "CREATE INDEX deploys_watched ON deploys(stage_id) WHERE watch = 'watching';"
                "CREATE INDEX deploys_failed_watch ON deploys(stage_id, id) WHERE watch = 'failed';"
                "CREATE TABLE watch_counters("
                " stage_id INTEGER NOT NULL REFERENCES stages(id) ON DELETE CASCADE,"
                " verdict TEXT NOT NULL CHECK(length(verdict) BETWEEN 1 AND 16),"
                " n INTEGER NOT NULL CHECK(n > 0),"
                " PRIMARY KEY(stage_id, verdict)"
                ") STRICT, WITHOUT ROWID;"
                "PRAGMA user_version = 16;";

/* The n-th brings a file from version n to n + 1, and says so in user_version. */
static const char *const migrations[] = { migration_1,  migration_2,  migration_3,  migration_4,
                                          migration_5,  migration_6,  migration_7,  migration_8,
                                          migration_9,  migration_10, migration_11, migration_12,
                                          migration_13, migration_14, migration_15, migration_16 };

static_assert(ELEMENTSOF(migrations) == STORE_SCHEMA_VERSION, "each version has its migration");

const char *store_migration(unsigned version) {
        assert(version < ELEMENTSOF(migrations));

        return migrations[version];
}
