/* SPDX-License-Identifier: MIT */
/* The nearest of many words: see nearest.h. */
#include "ctl/nearest.h"

/* Longer words are nobody's slip. */
#define WORD_MAX 40U

static size_t min(size_t a, size_t b) {
        return a < b ? a : b;
}

/* How many characters are to be added, removed, replaced, or exchanged with the next one. */
static size_t distance(const char *a, const char *b) {
        size_t n_a = strlen(a), n_b = strlen(b), rows[3][WORD_MAX + 1];

        for (size_t j = 0; j <= n_b; j++)
                rows[0][j] = j;
        for (size_t i = 1; i <= n_a; i++) {
                size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

                row[0] = i;
                for (size_t j = 1; j <= n_b; j++) {
                        row[j] = min(above[j - 1] + (a[i - 1] != b[j - 1]), min(above[j], row[j - 1]) + 1);
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                row[j] = min(row[j], before[j - 2] + 1);
                }
        }

        return rows[n_a % 3][n_b];
}

void nearest_try(Nearest *nearest, const char *candidate) {
        size_t length, found;

        assert(nearest && nearest->word);
        assert(candidate);

        length = strlen(nearest->word);
        if (length > WORD_MAX || strlen(candidate) > WORD_MAX)
                return;

        /* One slip in three characters is one; more is another word. */
        found = distance(nearest->word, candidate);
        if (found > length / 3 || (nearest->found && found >= nearest->distance))
                return;

        nearest->found = candidate;
        nearest->distance = found;
}
