/* SPDX-License-Identifier: MIT */
/* The parts of a project's file: see project-parts.h. */
#include "deployerd/config/project-parts.h"

#include "shared/conf/conf.h"
#include "shared/conf/parse.h"
#include "shared/json.h"
#include "shared/protocol.h"

static int read_container(ProjectReader *reader, json_t *patch, const char *pointer, bool counts) {
        char problem[CONTAINER_PROBLEM_SIZE];

        if (project_container_check(patch, pointer, &reader->rules, problem) < 0)
                return project_reader_fail(reader, -EBADMSG, ": %s", problem);
        if (!counts)
                return 0;

        if (!reader->config->container)
                reader->config->container = json_array();
        return json_array_append(reader->config->container, patch) < 0 ? -ENOMEM : 0;
}

static int read_healthcheck(ProjectReader *reader, json_t *value, const char *pointer, bool counts) {
        _cleanup_(project_health_done) ProjectHealth health = { .check = NULL };
        char place[JSON_POINTER_SIZE], problem[HEALTH_PROBLEM_SIZE];
        const char *key = "";
        int r;

        r = project_health_read(value, &health, &key, problem);
        if (r == -EBADMSG && isempty(key))
                return project_reader_fail(reader, r, ": %s: %s", pointer, problem);
        if (r == -EBADMSG) {
                json_pointer_append(pointer, key, place);
                return project_reader_fail(reader, r, ": %s: %s", place, problem);
        }
        if (r < 0 || !counts)
                return r;

        project_health_done(&reader->config->health);
        reader->config->health = health;
        health = (ProjectHealth){ .check = NULL };
        return 0;
}

/* A stage's takes the place of the project's as a whole. Its patch is held to what any other is. */
static int read_command(ProjectReader *reader, json_t *value, const char *pointer,
                        ProjectCommand *config /* NULL: it does not count */) {
        _cleanup_(project_command_done) ProjectCommand command = { .words = NULL };
        char place[JSON_POINTER_SIZE], problem[CONTAINER_PROBLEM_SIZE];
        const char *key = "", *expected = "";

        if (project_command_read(value, &command, &key, &expected) < 0) {
                json_pointer_append(pointer, key, place);
                return project_reader_fail(reader, -EBADMSG, ": %s: %s", isempty(key) ? pointer : place,
                                           expected);
        }

        json_pointer_append(pointer, "container", place);
        if (command.container &&
            project_container_check(command.container, place, &reader->rules, problem) < 0)
                return project_reader_fail(reader, -EBADMSG, ": %s", problem);
        if (json_object_get(command.container, "Cmd"))
                return project_reader_fail(reader, -EBADMSG, ": %s/Cmd: stands beside container here",
                                           place);
        if (!config)
                return 0;

        project_command_done(config);
        *config = command;
        command = (ProjectCommand){ .words = NULL };
        return 0;
}

static int read_predeploy(ProjectReader *reader, json_t *value, const char *pointer, bool counts) {
        return read_command(reader, value, pointer, counts ? &reader->config->predeploy : NULL);
}

static int read_postdeploy(ProjectReader *reader, json_t *value, const char *pointer, bool counts) {
        return read_command(reader, value, pointer, counts ? &reader->config->postdeploy : NULL);
}

static int read_shareable(ProjectReader *reader, json_t *value, const char *pointer, bool counts) {
        if (!json_is_array(value) || json_array_size(value) > PROJECT_SHAREABLE_MAX)
                return project_reader_fail(reader, -EBADMSG, ": %s: has to be an array of at most %u names",
                                           pointer, PROJECT_SHAREABLE_MAX);

        for (size_t i = 0; i < json_array_size(value); i++) {
                const char *name = json_string_value(json_array_get(value, i));
                int r;

                if (isempty(name))
                        return project_reader_fail(
                                        reader, -EBADMSG,
                                        ": %s/%zu: has to be the name of a volume or a path of the host",
                                        pointer, i);
                if (!counts)
                        continue;

                r = strv_add(&reader->config->shareable, name, strlen(name));
                if (r < 0)
                        return r;
        }

        return 0;
}

/* Absolute, and written the one way in which an image declares it but for a slash at its end. */
static bool path_is_clean(const char *path) {
        while (*path == '/') {
                size_t n = strcspn(++path, "/");

                if (n == 0 || (n <= 2 && strspn(path, ".") >= n))
                        return false;

                path += n;
                if (streq(path, "/"))
                        return true;
        }

        return *path == '\0';
}

static int read_volumes(ProjectReader *reader, json_t *value, const char *pointer, bool counts) {
        const char *path;
        json_t *wish;

        if (!json_is_object(value) || json_object_size(value) > PROJECT_VOLUMES_MAX)
                return project_reader_fail(reader, -EBADMSG, ": %s: has to be an object of at most %u paths",
                                           pointer, PROJECT_VOLUMES_MAX);

        json_object_foreach(value, path, wish) {
                char place[JSON_POINTER_SIZE];

                json_pointer_append(pointer, path, place);
                if (!path_is_clean(path))
                        return project_reader_fail(reader, -EBADMSG,
                                                   ": %s: has to be an absolute path without //, . and ..",
                                                   place);
                if (!streq(strempty(json_string_value(wish)), "discard"))
                        return project_reader_fail(reader, -EBADMSG, ": %s: has to be \"discard\"", place);
        }
        if (!counts)
                return 0;

        if (!reader->config->volumes)
                reader->config->volumes = json_object();
        return json_object_update(reader->config->volumes, value) < 0 ? -ENOMEM : 0;
}

/* A name that an engine takes: what stands before the first "=". */
static bool is_variable(const char *name) {
        for (const char *p = name; *p; p++)
                if (*p <= ' ' || *p > '~' || *p == '=')
                        return false;

        return !isempty(name);
}

static int read_env(ProjectReader *reader, json_t *value, const char *pointer, bool counts) {
        const char *name;
        json_t *content;
        unsigned n = 0;

        if (!json_is_object(value) || json_object_size(value) > PROJECT_ENV_MAX)
                return project_reader_fail(reader, -EBADMSG,
                                           ": %s: has to be an object of at most %u variables", pointer,
                                           PROJECT_ENV_MAX);

        json_object_foreach(value, name, content) {
                char place[JSON_POINTER_SIZE];

                /* What is no name is a value in its place, as likely as not. */
                n++;
                if (!is_variable(name))
                        return project_reader_fail(reader, -EBADMSG,
                                                   ": %s: what variable %u is called is no name of one",
                                                   pointer, n);

                json_pointer_append(pointer, name, place);
                if (!json_is_string(content) && !json_is_null(content))
                        return project_reader_fail(reader, -EBADMSG,
                                                   ": %s: has to be a string, or null to take it away",
                                                   place);
        }
        if (!counts)
                return 0;

        if (!reader->config->env)
                reader->config->env = json_object();
        return json_object_update(reader->config->env, value) < 0 ? -ENOMEM : 0;
}

static int read_env_files(ProjectReader *reader, json_t *value, const char *pointer, bool counts) {
        if (!json_is_array(value) || json_array_size(value) > PROJECT_ENV_FILES_MAX)
                return project_reader_fail(reader, -EBADMSG, ": %s: has to be an array of at most %u files",
                                           pointer, PROJECT_ENV_FILES_MAX);

        for (size_t i = 0; i < json_array_size(value); i++) {
                _cleanup_(json_freep) json_t *variables = NULL;
                const char *name = strempty(json_string_value(json_array_get(value, i)));
                int r;

                if (isempty(name) || name[0] == '.' || strchr(name, '/'))
                        return project_reader_fail(
                                        reader, -EBADMSG,
                                        ": %s/%zu: has to be the name of a file beside this one, such as \"shop.env\"",
                                        pointer, i);

                r = project_reader_env(reader, name, &variables);
                if (r < 0)
                        return r;
                if (!counts)
                        continue;

                if (!reader->config->env_files)
                        reader->config->env_files = json_object();
                if (json_object_update(reader->config->env_files, variables) < 0)
                        return -ENOMEM;
        }

        return 0;
}

static int read_limits(ProjectReader *reader, json_t *value, const char *pointer, bool counts) {
        ProjectLimits limits = reader->config->limits;
        const char *key, *expected = "";
        json_t *span;

        if (!json_is_object(value))
                return project_reader_fail(reader, -EBADMSG, ": %s: has to be an object of time spans",
                                           pointer);

        json_object_foreach(value, key, span) {
                char place[JSON_POINTER_SIZE];
                ProjectLimit limit;

                json_pointer_append(pointer, key, place);
                if (!project_limit_find(key, &limit))
                        return project_reader_fail(
                                        reader, -EBADMSG,
                                        ": %s: is no limit: there are health, stable, stop, drain, pull and run",
                                        place);
                if (!json_is_string(span))
                        return project_reader_fail(reader, -EBADMSG,
                                                   ": %s: has to be a string, such as \"5min\"", place);
                if (project_limit_parse(json_string_value(span), limit, &limits, &expected) < 0)
                        return project_reader_fail(reader, -EBADMSG, ": %s: has to be %s", place, expected);
        }

        if (counts)
                reader->config->limits = limits;
        return 0;
}

/* The number of the word that `value` is; -EBADMSG, explained. */
static int read_word(ProjectReader *reader, const json_t *value, const char *pointer,
                     const char *const *words, size_t n, const char *expected) {
        const char *text = strempty(json_string_value(value));

        for (size_t i = 0; i < n; i++)
                if (streq(text, words[i]))
                        return (int) i;

        return project_reader_fail(reader, -EBADMSG, ": %s: has to be %s", pointer, expected);
}

static int read_replace(ProjectReader *reader, json_t *value, const char *pointer, bool counts) {
        static const char *const words[] = {
                [PROJECT_REPLACE_AS_NEEDED] = "as-needed",
                [PROJECT_REPLACE_RECREATE] = "recreate",
                [PROJECT_REPLACE_OVERLAP] = "overlap",
        };
        int r;

        r = read_word(reader, value, pointer, words, ELEMENTSOF(words),
                      "\"recreate\", \"overlap\" or \"as-needed\"");
        if (r >= 0 && counts)
                reader->config->replace = (ProjectReplace) r;
        return r < 0 ? r : 0;
}

static int read_pull(ProjectReader *reader, json_t *value, const char *pointer, bool counts) {
        static const char *const words[] = {
                [PROJECT_PULL_ALWAYS] = "always",
                [PROJECT_PULL_MISSING] = "missing",
                [PROJECT_PULL_NEVER] = "never",
        };
        int r;

        r = read_word(reader, value, pointer, words, ELEMENTSOF(words),
                      "\"always\", \"missing\" or \"never\"");
        if (r >= 0 && counts)
                reader->config->pull = (ProjectPull) r;
        return r < 0 ? r : 0;
}

static int read_kind(ProjectReader *reader, json_t *value, const char *pointer, bool counts) {
        static const char *const words[] = {
                [PROJECT_SERVICE] = "service",
                [PROJECT_JOB] = "job",
        };
        int r;

        r = read_word(reader, value, pointer, words, ELEMENTSOF(words), "\"service\" or \"job\"");
        if (r >= 0 && counts)
                reader->config->kind = (ProjectKind) r;
        return r < 0 ? r : 0;
}

/* A stage may take back what its project says. */
static int read_watch(ProjectReader *reader, json_t *value, const char *pointer, bool counts) {
        const char *text = json_string_value(value);
        uint64_t usec = 0;

        if (!text || parse_sec(text, &usec) < 0 || (usec > 0 && usec < USEC_PER_SEC) ||
            usec > WATCH_MAX_USEC)
                return project_reader_fail(
                                reader, -EBADMSG,
                                ": %s: has to be a time span from 1s to 1d, such as \"5min\", or \"0\"",
                                pointer);

        if (counts)
                reader->config->watch_usec = usec;
        return 0;
}

typedef int (*ReadPart)(ProjectReader *reader, json_t *value, const char *pointer, bool counts);

static const struct {
        const char *key;
        ReadPart read;
} parts[] = {
        { "container", read_container },
        { "env", read_env },
        { "env_files", read_env_files },
        { "healthcheck", read_healthcheck },
        { "kind", read_kind },
        { "limits", read_limits },
        { "postdeploy", read_postdeploy },
        { "predeploy", read_predeploy },
        { "pull", read_pull },
        { "replace", read_replace },
        { "shareable", read_shareable },
        { "volumes", read_volumes },
        { "watch", read_watch },
};

int project_part_read(ProjectReader *reader, const char *pointer, const char *key, json_t *value,
                      bool counts, const char *unknown) {
        char place[JSON_POINTER_SIZE], problem[CONTAINER_PROBLEM_SIZE];

        assert(reader);

        json_pointer_append(pointer, key, place);
        for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                if (streq(parts[i].key, key))
                        return parts[i].read(reader, value, place, counts);

        /* Whoever knows the engine's keys writes them a level too high. */
        if (project_container_claims(pointer, key, problem))
                return project_reader_fail(reader, -EBADMSG, ": %s", problem);

        return project_reader_fail(reader, -EBADMSG, ": %s: %s", place, unknown);
}
