/* SPDX-License-Identifier: MIT */
/* jansson without half measures: see json-guard.h. */
#include "shared/json-guard.h"

#include <jansson.h>
#include <malloc.h>

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

/* A block has its number at its very end, behind what jansson asked for. */
static char *block_tail(void *p) {
        return (char *) p + malloc_usable_size(p) - sizeof(size_t);
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

        memcpy(block_tail(p), &guard->n, sizeof(guard->n));
        guard->blocks[guard->n++] = p;
        return true;
}

static void forget(JsonGuard *guard, void *p) {
        size_t i;

        memcpy(&i, block_tail(p), sizeof(i));
        if (i < guard->n && guard->blocks[i] == p)
                guard->blocks[i] = NULL;
}

static void *allocate(size_t size) {
        void *p = size < SIZE_MAX / 2 ? malloc(size + sizeof(size_t)) : NULL;

        if (current && (!p || !note(current, p))) {
                free(p);
                leave(current);
        }

        return p;
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
