/* SPDX-License-Identifier: MIT */
/*
 * ProjectPages: the projects one after the other, by name, asked for in pages; there may be any number of them.
 * `_cleanup_(project_pages_done) ProjectPages pages = { .ctl = ctl };`
 */
#pragma once

#include "ctl/print/rows.h"

typedef struct ProjectPages {
        Ctl *ctl;
        const char *prefix;             /* names that begin so; NULL: all */
        unsigned limit;                 /* so many at most; 0: all */
        sd_bus_message *reply, *before; /* this page, and the one before */
        const char *last;               /* the name of the last row, borrowed from one of them */
        unsigned asked, n,
                        seen; /* rows that this page may have, and those that it had so far; rows before it */
} ProjectPages;

/* 1 and the next row, its strings borrowed until the next call; 0: no more; faults are reported. */
int project_pages_next(ProjectPages *pages, ProjectRow *ret);

void project_pages_done(ProjectPages *pages);
