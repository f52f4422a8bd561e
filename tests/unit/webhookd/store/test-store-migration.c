/* SPDX-License-Identifier: MIT */
/* Files as older versions left them. */
#include "store-fixture.h"

/* What later versions have added, taken away. */
#define BACK_TO_15                                                                                         \
        "DROP TABLE watch_counters;"                                                                       \
        "DROP INDEX deploys_watched;"                                                                      \
        "DROP INDEX deploys_failed_watch;"                                                                 \
        "ALTER TABLE deploys DROP COLUMN watch;"                                                           \
        "ALTER TABLE deploys DROP COLUMN watch_span;"                                                      \
        "ALTER TABLE deploys DROP COLUMN watch_until;"                                                     \
        "ALTER TABLE deploys DROP COLUMN watch_reason;"                                                    \
        "PRAGMA foreign_keys = OFF;"                                                                       \
        "DROP TABLE awaited;"                                                                              \
        "CREATE TABLE old(id INTEGER PRIMARY KEY AUTOINCREMENT,"                                           \
        " name TEXT NOT NULL UNIQUE CHECK(length(name) BETWEEN 1 AND 63),"                                 \
        " image TEXT NOT NULL UNIQUE CHECK(length(image) BETWEEN 1 AND 1024),"                             \
        " port INTEGER NOT NULL CHECK(port BETWEEN 0 AND 65535),"                                          \
        " healthcheck TEXT NOT NULL CHECK(length(healthcheck) <= 512),"                                    \
        " created_at INTEGER NOT NULL CHECK(created_at > 0),"                                              \
        " auto_created INTEGER NOT NULL CHECK(auto_created IN (0, 1)),"                                    \
        " learned_port INTEGER NOT NULL DEFAULT 0 CHECK(learned_port BETWEEN 0 AND 65535),"                \
        " learned_healthcheck TEXT NOT NULL DEFAULT '' CHECK(length(learned_healthcheck) <= 512)) STRICT;" \
        "INSERT INTO old SELECT id, name, image, port, healthcheck, created_at, auto_created,"             \
        " learned_port, learned_healthcheck FROM projects;"                                                \
        "UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = 'projects')"       \
        " WHERE name = 'old';"                                                                             \
        "DROP TABLE projects;"                                                                             \
        "ALTER TABLE old RENAME TO projects;"                                                              \
        "CREATE INDEX projects_auto_created ON projects(auto_created) WHERE auto_created = 1;"             \
        "PRAGMA user_version = 15;"

static const char back_to_4[] = BACK_TO_15 "DROP TABLE step_counters;"
                                           "ALTER TABLE deploys DROP COLUMN took;"
                                           "DROP INDEX projects_auto_created;"
                                           "DROP INDEX deploys_waiting;"
                                           "DROP INDEX deploys_stage;"
                                           "CREATE INDEX deploys_finished ON deploys(stage_id, id)"
                                           " WHERE state NOT IN ('queued', 'running');"
                                           "DROP TABLE pushes;"
                                           "DROP TABLE bare_calls;"
                                           "ALTER TABLE hooks DROP COLUMN bare;"
                                           "ALTER TABLE deploys DROP COLUMN force;"
                                           "ALTER TABLE deploys DROP COLUMN local;"
                                           "ALTER TABLE deploys DROP COLUMN uid;"
                                           "ALTER TABLE deploys DROP COLUMN user;"
                                           "ALTER TABLE deploys DROP COLUMN hook;"
                                           "ALTER TABLE deploys DROP COLUMN provider;"
                                           "ALTER TABLE deploys DROP COLUMN superseded_by;"
                                           "ALTER TABLE projects DROP COLUMN learned_port;"
                                           "ALTER TABLE projects DROP COLUMN learned_healthcheck;"
                                           "PRAGMA user_version = 4;";

static const char back_to_3[] = "DROP TABLE used_ids;"
                                "DROP TABLE delivery_counters;"
                                "DROP TABLE deploy_counters;"
                                "ALTER TABLE deploys DROP COLUMN tries;"
                                "ALTER TABLE deploys DROP COLUMN retry_since;"
                                "ALTER TABLE deploys DROP COLUMN next_at;"
                                "PRAGMA user_version = 3;";

/* A file as version 1 left it: with what later versions added taken away again. */
static void file_of_version_1_is_migrated_and_keeps_its_rows(void **state) {
        static const char back_to_1[] = "DROP TABLE hooks;"
                                        "ALTER TABLE stages DROP COLUMN policy;"
                                        "ALTER TABLE stages DROP COLUMN downgrade;"
                                        "ALTER TABLE deploys DROP COLUMN generation;"
                                        "ALTER TABLE deploys DROP COLUMN cancel;"
                                        "ALTER TABLE deploys DROP COLUMN again;"
                                        "PRAGMA user_version = 1;";
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        Fixture *f = *state;
        uint64_t id = push_new(f->store, f->dev, APP ":1", 0);

        assert_int_equal(store_execute(f->store, back_to_4), 0);
        assert_int_equal(store_execute(f->store, back_to_3), 0);
        assert_int_equal(store_execute(f->store, back_to_1), 0);
        assert_true(store_find_deploy(f->store, id, &deploy) < 0);
        reopen(f);
        assert_int_equal(store_find_deploy(f->store, id, &deploy), 1);
        assert_int_equal(deploy->state, DEPLOY_QUEUED);
        assert_string_equal(deploy->image, APP ":1");
        assert_int_equal(deploy->generation, 0);
        assert_false(deploy->cancel);
        assert_false(deploy->again);
        assert_int_equal(store_probe(f->store), 0);
        reopen(f);
}

static void file_of_the_first_release_gets_the_tables_that_it_lacks(void **state) {
        static const char use[] = "INSERT INTO used_ids VALUES('main', 'x', 1);"
                                  "INSERT INTO delivery_counters VALUES('generic', 'accepted', 1);"
                                  "DELETE FROM deploy_counters;";
        Fixture *f = *state;

        assert_int_equal(store_execute(f->store, back_to_4), 0);
        assert_int_equal(store_execute(f->store, back_to_3), 0);
        reopen(f);
        assert_int_equal(store_execute(f->store, use), 0);
}

/* A file as version 4 left it, whose projects have what auto-create wrote, or what a person did. */
static void what_auto_create_wrote_before_counts_as_learned(void **state) {
        static const struct {
                const char *name, *row;
                uint16_t port, learned_port;
                const char *healthcheck, *learned_healthcheck;
        } projects[] = {
                { "a", "'a', 'r/a', 8080, 'image', 1, 1", 0, 8080, "", "image" },
                { "b", "'b', 'r/b', 8080, '', 1, 1", 0, 8080, "", "" },
                { "c", "'c', 'r/c', 0, '', 1, 1", 0, 0, "", "" },
                { "d", "'d', 'r/d', 9090, 'http:/up', 1, 1", 9090, 0, "http:/up", "" },
                { "e", "'e', 'r/e', 8080, 'image', 1, 0", 8080, 0, "image", "" },
        };
        Fixture *f = *state;

        assert_int_equal(store_execute(f->store, back_to_4), 0);
        for (size_t i = 0; i < ELEMENTSOF(projects); i++) {
                char sql[256];

                (void) snprintf(sql, sizeof(sql),
                                "INSERT INTO projects(name, image, port, healthcheck, created_at, auto_created) "
                                "VALUES(%s)",
                                projects[i].row);
                assert_int_equal(store_execute(f->store, sql), 0);
        }
        reopen(f);
        for (size_t i = 0; i < ELEMENTSOF(projects); i++) {
                _cleanup_(project_freep) Project *project = NULL;

                assert_int_equal(store_find_project_by_name(f->store, projects[i].name, &project), 1);
                assert_int_equal(project->port, projects[i].port);
                assert_int_equal(project->learned_port, projects[i].learned_port);
                assert_string_equal(project->healthcheck, projects[i].healthcheck);
                assert_string_equal(project->learned_healthcheck, projects[i].learned_healthcheck);
        }
}

static int64_t number_of(Store *store, const char *sql) {
        int64_t n = -1;

        assert_int_equal(store_read_number(store, sql, NO_VALUES, &n), 1);
        return n;
}

/* The index that kept images unique goes on as another, and all that refers to a project stays with it. */
static void file_of_version_15_keeps_its_projects_and_what_is_theirs(void **state) {
        static const char
                        back[] = BACK_TO_15,
                        twice[] = "INSERT INTO projects(name, image, port, healthcheck, "
                                  "created_at, auto_created) VALUES('twice', '" APP "', 0, '', 1, 1)",
                        violations[] = "SELECT count(*) FROM pragma_foreign_key_check",
                        sound[] = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'",
                        deploys[] = "SELECT count(*) FROM deploys", stages[] = "SELECT count(*) FROM stages";
        _cleanup_(project_freep) Project *project = NULL;
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        Fixture *f = *state;
        uint64_t id = push_new(f->store, f->dev, APP ":1", 0), n = 0;
        int64_t last = 0;

        for (int i = 0; i < 3; i++) {
                char name[16];

                (void) snprintf(name, sizeof(name), "p%i", i);
                last = make_project(f->store, name, name);
                (void) make_stage(f->store, last, "dev");
        }
        assert_int_equal(store_learn_project(f->store, f->project, 8080, "image"), 0);
        assert_int_equal(store_remove_project(f->store, last), 1);

        assert_int_equal(store_execute(f->store, back), 0);
        assert_int_equal(store_execute(f->store, twice), -EEXIST);
        reopen(f);
        assert_int_equal(number_of(f->store, violations), 0);
        assert_int_equal(number_of(f->store, sound), 1);
        assert_int_equal(store_find_project_by_name(f->store, "app", &project), 1);
        assert_int_equal(project->id, f->project);
        assert_string_equal(project->image, APP);
        assert_int_equal(project->learned_port, 8080);
        assert_string_equal(project->learned_healthcheck, "image");
        assert_int_equal(project->after_id, 0);
        assert_int_equal(store_find_deploy(f->store, id, &deploy), 1);
        assert_string_equal(deploy->project, "app");
        assert_int_equal(number_of(f->store, stages), 4);
        assert_int_equal(store_count_projects(f->store, false, &n), 0);
        assert_int_equal(n, 3);

        /* No id is used again, an image is there for all, and a project takes along what it has. */
        assert_true(make_project(f->store, "other", APP) > last);
        assert_int_equal(store_remove_project(f->store, f->project), 1);
        assert_int_equal(number_of(f->store, stages), 2);
        assert_int_equal(number_of(f->store, deploys), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(file_of_version_1_is_migrated_and_keeps_its_rows),
                TEST(file_of_the_first_release_gets_the_tables_that_it_lacks),
                TEST(what_auto_create_wrote_before_counts_as_learned),
                TEST(file_of_version_15_keeps_its_projects_and_what_is_theirs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
