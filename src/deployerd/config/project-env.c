/* SPDX-License-Identifier: MIT */
/* What becomes of Env: see project-env.h. */
#include "deployerd/config/project-env.h"

#include "shared/json.h"

/* "NAME=value", or "NAME", by its name. */
static int map_set_entry(json_t *map, const char *entry) {
        _cleanup_free_ char *name = strndup(entry, strcspn(entry, "="));

        return !name || json_object_set_new(map, name, json_string(entry)) < 0 ? -ENOMEM : 0;
}

static int map_set_entries(json_t *map, const json_t *entries) {
        for (size_t i = 0; i < json_array_size(entries); i++) {
                int r = map_set_entry(map, strempty(json_string_value(json_array_get(entries, i))));

                if (r < 0)
                        return r;
        }

        return 0;
}

/* A null takes the variable away. */
static int map_set_values(json_t *map, const json_t *values) {
        const char *name;
        json_t *value;

        json_object_foreach((json_t *) (uintptr_t) values, name, value) {
                if (json_is_null(value))
                        (void) json_object_del(map, name);
                else if (json_object_set_new(map, name,
                                             json_sprintf("%s=%s", name, json_string_value(value))) < 0)
                        return -ENOMEM;
        }

        return 0;
}

static int body_set_env(json_t *body, const json_t *map) {
        json_t *entries = json_array(), *value;
        const char *name;

        if (!entries)
                return -ENOMEM;
        if (json_object_size(map) == 0 && !json_object_get(body, "Env")) {
                json_decref(entries);
                return 0;
        }

        json_object_foreach((json_t *) (uintptr_t) map, name, value)
                if (json_array_append(entries, value) < 0) {
                        json_decref(entries);
                        return -ENOMEM;
                }

        return json_object_set_new(body, "Env", entries) < 0 ? -ENOMEM : 0;
}

int project_env_apply(const ProjectConfig *project, json_t *body) {
        _cleanup_(json_freep) json_t *map = json_object();
        int r;

        assert(project);
        assert(body);

        if (!map)
                return -ENOMEM;
        /* Whoever says nothing here keeps an Env as it was written, with whatever stands in it twice. */
        if (!project->env && !project->env_files)
                return 0;

        r = map_set_entries(map, json_object_get(body, "Env"));
        if (r >= 0)
                r = map_set_values(map, project->env_files);
        if (r >= 0)
                r = map_set_values(map, project->env);
        return r < 0 ? r : body_set_env(body, map);
}

int project_env_hide(const ProjectConfig *project, json_t *body) {
        json_t *entries = json_object_get(body, "Env");

        assert(project);

        for (size_t i = 0; i < json_array_size(entries); i++) {
                const char *entry = strempty(json_string_value(json_array_get(entries, i)));
                _cleanup_free_ char *name = strndup(entry, strcspn(entry, "="));

                if (!name)
                        return -ENOMEM;
                if (!json_object_get(project->env_files, name) || json_object_get(project->env, name))
                        continue;
                if (json_array_set_new(entries, i, json_sprintf("%s=%s", name, PROJECT_ENV_HIDDEN)) < 0)
                        return -ENOMEM;
        }

        return 0;
}

int project_env_dropped(const ProjectConfig *project, json_t **ret) {
        const json_t *own = json_object_get(json_array_get(project->container, 0), "Env"),
                     *stage = json_object_get(json_array_get(project->container, 1), "Env");
        _cleanup_(json_freep) json_t *first = json_object(), *second = json_object(),
                                     *dropped = json_array();
        const char *name;
        json_t *value;
        int r;

        assert(project);
        assert(ret);

        if (!first || !second || !dropped)
                return -ENOMEM;

        r = map_set_entries(first, stage ? own : NULL);
        if (r >= 0)
                r = map_set_entries(second, stage);
        if (r < 0)
                return r;

        json_object_foreach(first, name, value) {
                (void) value;
                if (!json_object_get(second, name) && json_array_append_new(dropped, json_string(name)) < 0)
                        return -ENOMEM;
        }

        *ret = TAKE_PTR(dropped);
        return 0;
}
