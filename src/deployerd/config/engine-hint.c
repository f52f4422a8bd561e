/* SPDX-License-Identifier: MIT */
/* Keys in the wrong place, and keys that are misspelt: see engine-hint.h. */
#include "deployerd/config/engine-hint.h"

#include <ctype.h>
#include <strings.h>

/* No object of container-create lies deeper. */
#define DEPTH_MAX 8U

/* One search through all objects. What is found is the nearest so far. */
typedef struct Search {
        const EngineType *preferred; /* or NULL */
        const char *key;
        unsigned distance;
        const char *name; /* NULL: nothing yet */
        char pointer[JSON_POINTER_SIZE];
} Search;

static unsigned least(unsigned a, unsigned b) {
        return a < b ? a : b;
}

/* How many letters have to be changed, added, left out, or swapped with the next, whatever their case. */
static unsigned distance(const char *a, const char *b) {
        unsigned rows[3][HINT_KEY_MAX + 1], *before = rows[0], *last = rows[1], *row = rows[2];
        size_t n = strlen(a), m = strlen(b);

        if (n > HINT_KEY_MAX || m > HINT_KEY_MAX)
                return HINT_KEY_MAX;

        for (size_t j = 0; j <= m; j++)
                last[j] = before[j] = (unsigned) j;

        for (size_t i = 1; i <= n; i++) {
                unsigned *oldest = before;

                row[0] = (unsigned) i;
                for (size_t j = 1; j <= m; j++) {
                        int x = tolower((unsigned char) a[i - 1]), y = tolower((unsigned char) b[j - 1]);

                        row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (x != y));
                        if (i > 1 && j > 1 && x == tolower((unsigned char) b[j - 2]) &&
                            tolower((unsigned char) a[i - 2]) == y)
                                row[j] = least(row[j], before[j - 2] + 1);
                }

                before = last;
                last = row;
                row = oldest;
        }

        return last[m];
}

static void search_object(Search *search, const EngineType *type, const char *pointer) {
        for (size_t i = 0; i < type->n; i++) {
                /* Of keys that are equally near, one of the same object is more likely. */
                unsigned d = 2 * distance(search->key, type->keys[i].name) + (type != search->preferred);

                if (d >= search->distance)
                        continue;

                search->distance = d;
                search->name = type->keys[i].name;
                memcpy(search->pointer, pointer, strlen(pointer) + 1);
        }
}

/* Visits the objects that lie exactly `depth` keys deep. */
static void search_at(Search *search, const EngineType *type, const char *pointer, unsigned depth) {
        char place[JSON_POINTER_SIZE];

        if (type->kind == ENGINE_ARRAY || type->kind == ENGINE_MAP) {
                json_pointer_append(pointer, "*", place);
                search_at(search, type->of, place, depth);
                return;
        }
        if (type->kind != ENGINE_OBJECT)
                return;
        if (depth == 0) {
                search_object(search, type, pointer);
                return;
        }

        for (size_t i = 0; i < type->n; i++) {
                json_pointer_append(pointer, type->keys[i].name, place);
                search_at(search, type->keys[i].type, place, depth - 1);
        }
}

static bool search_run(Search *search, char ret_pointer[static JSON_POINTER_SIZE], const char **ret_name) {
        for (unsigned depth = 0; depth < DEPTH_MAX; depth++)
                search_at(search, &engine_create_body, "", depth);
        if (!search->name)
                return false;

        memcpy(ret_pointer, search->pointer, sizeof(search->pointer));
        *ret_name = search->name;
        return true;
}

bool engine_hint_home(const char *key, char ret_pointer[static JSON_POINTER_SIZE], const char **ret_name) {
        Search search = { .key = key, .distance = 2 };

        assert(key);
        assert(ret_name);

        return search_run(&search, ret_pointer, ret_name);
}

bool engine_hint_nearest(const EngineType *type, const char *key, char ret_pointer[static JSON_POINTER_SIZE],
                         const char **ret_name) {
        Search search = { .preferred = type, .key = key };

        assert(type);
        assert(key);
        assert(ret_name);

        /* A third of the letters may be wrong: beyond that every word is near some other. */
        search.distance = 2 * (unsigned) (strlen(key) / 3 + 1) + 2;
        return search_run(&search, ret_pointer, ret_name);
}
