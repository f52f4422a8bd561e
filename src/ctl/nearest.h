/* SPDX-License-Identifier: MIT */
/* Nearest: which of many words somebody may have meant by one that is none of them. */
#pragma once

#include "shared/macro.h"

typedef struct Nearest {
        const char *word;
        const char *found; /* NULL: none is near enough */
        size_t distance;   /* of `found` */
} Nearest;

/* Looks at one more word that there is; it is borrowed. The first of equally near ones stays. */
void nearest_try(Nearest *nearest, const char *candidate);
