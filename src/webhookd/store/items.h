/* SPDX-License-Identifier: MIT */
/* Arrays that grow by one. For the files of the store alone. */
#pragma once

#include "shared/macro.h"

/* Makes room for one more of `n` items of `size` bytes; NULL without memory, and `items` is as it was. */
void *items_grow(void *items, size_t n, size_t size);
