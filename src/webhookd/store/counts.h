/* SPDX-License-Identifier: MIT */
/*
 * How many rows there are of what each turn asks for. census.c has sqlite count them once, and whoever changes those rows keeps them;
 * what is rolled back, or fails, makes them unknown again. From inside the store alone.
 */
#pragma once

#include "webhookd/store/store.h"

typedef struct Counts {
        bool known;
        uint64_t queued, running, projects, auto_created;
} Counts;

/* A row came to be in this state (+1), or is there no more (-1). States that nobody counts are left alone. */
void counts_add_deploy(Counts *counts, DeployState state, int change);
void counts_add_project(Counts *counts, bool auto_created);
/* They are counted anew when somebody asks. */
void counts_forget(Counts *counts);
