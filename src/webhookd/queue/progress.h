/* SPDX-License-Identifier: MIT */
/*
 * Progress: where the deploys are that run, as the deployer told last. In memory alone: the deployer tells it again, and whether a
 * deploy runs is for its row to say. Pure.
 */
#pragma once

#include "shared/macro.h"
#include "shared/protocol.h"

/* With their NUL: of what is longer the end is left away. */
#define PROGRESS_PHASE_SIZE  32U
#define PROGRESS_DETAIL_SIZE 256U

typedef struct ProgressStep {
        uint64_t deploy; /* 0: a place that is free */
        char phase[PROGRESS_PHASE_SIZE];
        char detail[PROGRESS_DETAIL_SIZE];
} ProgressStep;

/* All zero: nothing is known. */
typedef struct Progress {
        ProgressStep steps[DEPLOYS_MAX_LIMIT];
        size_t next; /* the place that is given away when all are taken */
} Progress;

void progress_note(Progress *progress, uint64_t deploy, const char *phase, const char *detail);
void progress_forget(Progress *progress, uint64_t deploy);

/* NULL: nothing is known. Borrowed until the next change. */
const ProgressStep *progress_find(const Progress *progress, uint64_t deploy);
