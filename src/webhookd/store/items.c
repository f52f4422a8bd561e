/* SPDX-License-Identifier: MIT */
/* Arrays that grow by one: see items.h. */
#include "webhookd/store/items.h"

void *items_grow(void *items, size_t n, size_t size) {
        /* Room is 8, 16, 32, …; it is used up where the number of items is one of those. */
        if (n != 0 && (n < 8 || (n & (n - 1)) != 0))
                return items;

        return reallocarray(items, n == 0 ? 8 : 2 * n, size);
}
