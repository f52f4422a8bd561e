/* SPDX-License-Identifier: MIT */
/* Verb: one row of the table of verbs: its name, what it takes, its help, and the function that runs it. */
#pragma once

#include "ctl/ctl.h"

typedef int (*VerbFunction)(Ctl *ctl, char *args[]);

/* Options that not every verb knows. */
typedef enum VerbOptions {
        VERB_LIMIT = 1 << 0,    /* -n */
        VERB_WAIT = 1 << 1,     /* --wait, --no-wait, --timeout= */
        VERB_HOLD = 1 << 2,     /* --hold */
        VERB_FOLLOW = 1 << 3,   /* -f, --follow */
        VERB_STOP = 1 << 4,     /* --stop */
        VERB_POLICY = 1 << 5,   /* --policy= */
        VERB_STAGE = 1 << 6,    /* --pattern=, --auto-deploy=, --max-instances=, --allow-downgrade= */
        VERB_PROJECT = 1 << 7,  /* --port=, --healthcheck= */
        VERB_IMAGE = 1 << 8,    /* --image= */
        VERB_HOOK = 1 << 9,     /* --signature=, --bare */
        VERB_GRACE = 1 << 10,   /* --grace= */
        VERB_SINCE = 1 << 11,   /* --since=, --until= */
        VERB_OUTPUT = 1 << 12,  /* --output= */
        VERB_PAYLOAD = 1 << 13, /* --header=, --hook= */
        VERB_SECRETS = 1 << 14, /* --show-secrets */
        VERB_FORCE = 1 << 15,   /* --force */
        VERB_ALL = 1 << 16,     /* --all */
        VERB_LOCAL = 1 << 17,   /* --local */
        VERB_WATCH = 1 << 18    /* --watch */
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
        VerbFunction run;    /* NULL: of help, which run.c answers itself */
} Verb;
