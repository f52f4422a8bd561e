/* SPDX-License-Identifier: MIT */
/*
 * How many rows there are of what each turn asks for, and which id is the next. census.c has sqlite count them when somebody first
 * asks, and whoever changes those rows keeps them; what is rolled back, or fails, makes them unknown again. Of projects there may be
 * any number: they are counted apart, since neither a start nor a push to one of them asks. From inside the store alone.
 */
#pragma once

#include "webhookd/store/store.h"

typedef struct Counts {
        bool deploys_known, projects_known, auto_created_known;
        uint64_t queued, running, projects, auto_created;
        uint64_t last_deploy; /* the highest id that a deploy has had */
        bool nobody_waits;    /* no row waits for another, see awaited.c */
} Counts;

/* A row came to be in this state (+1), or is there no more (-1). States that nobody counts are left alone. */
void counts_add_deploy(Counts *counts, DeployState state, int change);
void counts_add_project(Counts *counts, bool auto_created);
/* A deploy was made, with the next id. */
void counts_use_deploy_id(Counts *counts, uint64_t id);
/* They are counted anew when somebody asks. */
void counts_forget(Counts *counts);
