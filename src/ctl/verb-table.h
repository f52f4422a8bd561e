/* SPDX-License-Identifier: MIT */
/*
 * The verbs of tinyforgectl. Each gets its arguments, of a number that the table in verb-table.c allows and NULL behind them,
 * and returns 0, an exit code, or a negative errno that it has reported.
 */
#pragma once

#include "ctl/ctl.h"

typedef int (*VerbFunction)(Ctl *ctl, char *args[]);

int verb_status(Ctl *ctl, char *args[]);
int verb_url(Ctl *ctl, char *args[]);
int verb_regenerate_secret(Ctl *ctl, char *args[]);
int verb_hooks(Ctl *ctl, char *args[]);
int verb_hook_create(Ctl *ctl, char *args[]);
int verb_hook_rotate(Ctl *ctl, char *args[]);
int verb_hook_remove(Ctl *ctl, char *args[]);
int verb_projects(Ctl *ctl, char *args[]);
int verb_project_show(Ctl *ctl, char *args[]);
int verb_project_create(Ctl *ctl, char *args[]);
int verb_project_set(Ctl *ctl, char *args[]);
int verb_project_remove(Ctl *ctl, char *args[]);
int verb_stages(Ctl *ctl, char *args[]);
int verb_stage_set(Ctl *ctl, char *args[]);
int verb_stage_remove(Ctl *ctl, char *args[]);
int verb_deploys(Ctl *ctl, char *args[]);
int verb_deploy(Ctl *ctl, char *args[]);
int verb_promote(Ctl *ctl, char *args[]);
int verb_rollback(Ctl *ctl, char *args[]);
int verb_cancel(Ctl *ctl, char *args[]);
int verb_follow(Ctl *ctl, char *args[]);
int verb_endpoint(Ctl *ctl, char *args[]);
int verb_match(Ctl *ctl, char *args[]);
int verb_test_payload(Ctl *ctl, char *args[]);
int verb_parse_image(Ctl *ctl, char *args[]);
int verb_match_tag(Ctl *ctl, char *args[]);
int verb_logs(Ctl *ctl, char *args[]);
int verb_metrics(Ctl *ctl, char *args[]);
int verb_cat_config(Ctl *ctl, char *args[]);

/* Options that not every verb knows. */
typedef enum VerbOptions {
        VERB_LIMIT = 1 << 0,   /* -n */
        VERB_WAIT = 1 << 1,    /* --wait, --no-wait, --timeout= */
        VERB_HOLD = 1 << 2,    /* --hold */
        VERB_FOLLOW = 1 << 3,  /* -f, --follow */
        VERB_STOP = 1 << 4,    /* --stop */
        VERB_POLICY = 1 << 5,  /* --policy= */
        VERB_STAGE = 1 << 6,   /* --pattern=, --auto-deploy=, --max-instances=, --allow-downgrade= */
        VERB_PROJECT = 1 << 7, /* --port=, --healthcheck= */
        VERB_IMAGE = 1 << 8,   /* --image= */
        VERB_HOOK = 1 << 9,    /* --signature= */
        VERB_GRACE = 1 << 10,  /* --grace= */
        VERB_SINCE = 1 << 11,  /* --since=, --until= */
        VERB_OUTPUT = 1 << 12, /* --output= */
        VERB_PAYLOAD = 1 << 13 /* --header=, --hook= */
} VerbOptions;

typedef struct Verb {
        const char *name;      /* one word, or two: those that begin alike are a group */
        const char *arguments; /* as the help shows them */
        unsigned n_min;
        unsigned n_max;
        unsigned options;    /* of VerbOptions */
        bool follows;        /* --follow goes without saying */
        const char *summary; /* one line */
        const char *details; /* what its own help says besides: keys of the JSON, exit codes */
        VerbFunction run;
} Verb;

/* One by one, in the order of the help; NULL behind the last. */
const Verb *verb_at(size_t index);

/* Whether its name is of two words, and this is the first. */
bool verb_is_of_group(const Verb *verb, const char *word);

/* The verb that these words begin with, and how many of them are its name. NULL: no such verb. */
const Verb *verb_find(char *const *words, size_t n_words, size_t *ret_n_used);

/* Whether verbs of two words begin with this one. */
bool verbs_have_group(const char *word);

/* The help of all verbs, or of those of a group, or of one. */
void verbs_help(const char *group, FILE *file);
void verb_help(const Verb *verb, FILE *file);

/* Whether the project, and in it the stage unless that is NULL, exists: 0, or -ENODEV or -ENXIO, reported. */
int check_stage(Ctl *ctl, const char *project, const char *stage);
