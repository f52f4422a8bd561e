/* SPDX-License-Identifier: MIT */
/* jansson without half measures: see json-guard.h. */
#include "shared/json-guard.h"

#include <jansson.h>

/* Of the call under way: jansson's allocator is told of nothing but sizes. */
static _Thread_local JsonGuard *current;

/* Does not return: the frames in between are jansson's, and have nothing but memory. */
static _Noreturn void leave(JsonGuard *guard) {
        current = NULL;
        for (size_t i = 0; i < guard->n; i++)
                free(guard->blocks[i]);
        free(guard->blocks);
        longjmp(guard->out, 1);
}

static bool note(JsonGuard *guard, void *p) {
        if (guard->n == guard->size) {
                size_t size = guard->size > 0 ? 2 * guard->size : 64;
                void **grown = reallocarray(guard->blocks, size, sizeof(*grown));

                if (!grown)
                        return false;

                guard->blocks = grown;
                guard->size = size;
        }

        guard->blocks[guard->n++] = p;
        return true;
}

static void *allocate(size_t size) {
        void *p = malloc(size);

        if (current && (!p || !note(current, p))) {
                free(p);
                leave(current);
        }

        return p;
}

/* What is freed was allocated lately, or before what lies inside of it: the search is short for each level of nesting. */
static void forget(JsonGuard *guard, const void *p) {
        size_t i = guard->n;

        while (i > 0 && guard->blocks[i - 1] != p)
                i--;
        if (i > 0)
                guard->blocks[i - 1] = NULL;
        while (guard->n > 0 && !guard->blocks[guard->n - 1])
                guard->n--;
}

static void release(void *p) {
        if (current && p)
                forget(current, p);
        free(p);
}

void json_guard_begin(JsonGuard *guard) {
        assert(guard);

        *guard = (JsonGuard){ .n = 0 };
        json_set_alloc_funcs(allocate, release);
        current = guard;
}

void json_guard_end(JsonGuard *guard) {
        assert(guard);
        assert(guard == current);

        current = NULL;
        free(guard->blocks);
}
