/* SPDX-License-Identifier: MIT */
/* Listing containers: see container-list.h. */
#include "deployerd/engine/container-list.h"

#include <stdio.h>

#include "shared/json.h"

void container_list_done(ContainerList *list) {
        assert(list);

        free(list->rows);
        json_decref(list->json);
        *list = (ContainerList){ .n = 0 };
}

/* Docker tells the names that links give it as well, which have another slash: its own has one. */
static const char *find_name(const json_t *names) {
        for (size_t i = 0; i < json_array_size(names); i++) {
                const char *name = strempty(json_string_value(json_array_get(names, i)));

                if (name[0] == '/')
                        name++;
                if (!strchr(name, '/'))
                        return name;
        }

        return "";
}

int container_list_read(json_t *json, ContainerList *ret) {
        size_t n = json_array_size(json);
        ContainerList list = { .n = 0 };

        assert(ret);

        if (!json_is_array(json) || n > CONTAINERS_MAX)
                return -EBADMSG;

        list.rows = calloc(n + 1, sizeof(*list.rows));
        if (!list.rows)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                const json_t *row = json_array_get(json, i);
                const char *id = json_get_string(row, "Id");

                if (isempty(id))
                        continue;

                list.rows[list.n++] = (ContainerRow){
                        .id = id,
                        .name = find_name(json_object_get(row, "Names")),
                        .image = strempty(json_get_string(row, "Image")),
                        .state = strempty(json_get_string(row, "State")),
                        .labels = json_object_get(row, "Labels"),
                };
        }

        list.json = json_incref(json);
        *ret = list;
        return 0;
}

const char *container_row_label(const ContainerRow *row, const char *key) {
        assert(row);
        assert(key);

        return json_get_string(row->labels, key);
}

/* {"label": [ … ]}, escaped for a query. */
static int filter_by(const char *key, const char *const *values, char **ret) {
        _cleanup_(json_freep) json_t *list = json_array(), *filters = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        for (const char *const *value = values; *value; value++)
                if (json_array_append_new(list, json_string(*value)) < 0)
                        return -ENOMEM;

        filters = json_pack("{s:O}", key, list);
        if (!filters)
                return -ENOMEM;

        r = json_encode(filters, &text);
        if (r < 0)
                return r;

        *ret = url_escape(text, "");
        return *ret ? 0 : -ENOMEM;
}

int engine_container_list(Engine *engine, const char *const *labels, ContainerList *ret) {
        _cleanup_(engine_answer_done) EngineAnswer answer = { .status = 0 };
        _cleanup_free_ char *filters = NULL, *path = NULL;
        int r;

        assert(engine);
        assert(labels);
        assert(ret);

        r = filter_by("label", labels, &filters);
        if (r < 0)
                return r;

        if (asprintf(&path, "/containers/json?all=1&filters=%s", filters) < 0) {
                path = NULL;
                return -ENOMEM;
        }

        r = engine_call(engine,
                        &(EngineRequest){ .method = "GET", .path = path, .what = "list the containers" },
                        &answer);
        if (r < 0)
                return r;

        r = container_list_read(answer.json, ret);
        return r == -EBADMSG ? worker_fail(engine_worker(engine), -EIO,
                                           "Cannot list the containers: no list, or more than %u",
                                           CONTAINERS_MAX)
                             : r;
}
