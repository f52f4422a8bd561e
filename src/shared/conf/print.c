/* SPDX-License-Identifier: MIT */
/* What is in force, and from where: see conf_print() in conf.h. */
#include "shared/conf/conf.h"
#include "shared/json.h"

/* One assignment that counts. */
typedef struct Origin {
        const ConfKey *key;
        char *value;
        char *path;
        unsigned line;
} Origin;

typedef struct OriginList {
        Origin *items;
        size_t n;
} OriginList;

static void origin_done(Origin *origin) {
        free(origin->value);
        free(origin->path);
}

static void origin_list_done(OriginList *list) {
        for (size_t i = 0; i < list->n; i++)
                origin_done(&list->items[i]);
        free(list->items);
}

/* What was assigned to the key so far counts no longer. */
static void origin_list_forget(OriginList *list, const ConfKey *key) {
        size_t n = 0;

        for (size_t i = 0; i < list->n; i++)
                if (list->items[i].key == key)
                        origin_done(&list->items[i]);
                else
                        list->items[n++] = list->items[i];
        list->n = n;
}

static int on_assignment(const ConfKey *key, const char *value, const char *path, unsigned line,
                         void *userdata) {
        Origin *grown, origin = { .key = key, .line = line };
        OriginList *list = userdata;

        /* An empty value counts as well: it is why the key has none. */
        if (!key->is_list || isempty(value))
                origin_list_forget(list, key);

        grown = reallocarray(list->items, list->n + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        list->items = grown;

        origin.value = strdup(value);
        origin.path = strdup(path);
        if (!origin.value || !origin.path) {
                origin_done(&origin);
                return -ENOMEM;
        }

        list->items[list->n++] = origin;
        return 0;
}

/* `origin` is NULL for what no file has. */
static int print_line(FILE *file, const ConfKey *key, const Origin *origin) {
        const char *value = origin ? origin->value : key->fallback;
        _cleanup_(json_freep) json_t *line = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        line = json_pack("{s:s, s:s, s:o, s:o, s:o}", "section", key->section, "key", key->name, "value",
                         isempty(value) ? json_null() : json_string(value), "path",
                         origin ? json_string(origin->path) : json_null(), "line",
                         origin ? json_integer(origin->line) : json_null());
        if (!line)
                return -EINVAL;

        r = json_encode(line, &text);
        if (r < 0)
                return r;

        return fprintf(file, "%s\n", text) < 0 ? -EIO : 0;
}

/* Whether it only began the list anew, and there is more behind it. */
static bool origin_is_reset(const OriginList *list, size_t i) {
        const Origin *origin = &list->items[i];

        if (!origin->key->is_list || !isempty(origin->value))
                return false;

        for (i++; i < list->n; i++)
                if (list->items[i].key == origin->key)
                        return true;

        return false;
}

static int print_key(FILE *file, const OriginList *list, const ConfKey *key) {
        bool found = false;
        int r;

        for (size_t i = 0; i < list->n; i++) {
                if (list->items[i].key != key || origin_is_reset(list, i))
                        continue;

                found = true;
                r = print_line(file, key, &list->items[i]);
                if (r < 0)
                        return r;
        }

        return found ? 0 : print_line(file, key, NULL);
}

int conf_print(const char *path, const ConfKey *keys, size_t n_keys, void *fields, ConfWarning warn,
               void *userdata, FILE *file, ConfProblem *ret_problem) {
        _cleanup_(origin_list_done) OriginList list = { .n = 0 };
        const ConfWatch watch = { .function = on_assignment, .userdata = &list };
        int r;

        assert(file);

        r = conf_trace(path, keys, n_keys, fields, &watch, warn, userdata, ret_problem);
        if (r < 0)
                return r;

        for (size_t i = 0; r >= 0 && i < n_keys; i++)
                r = print_key(file, &list, &keys[i]);
        if (r < 0)
                (void) snprintf(ret_problem->text, sizeof(ret_problem->text), "%.250s: %s", path,
                                r == -EINVAL ? "a value is not valid UTF-8" : strerror(-r));
        return r;
}
