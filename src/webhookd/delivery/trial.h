/* SPDX-License-Identifier: MIT */
/*
 * Trial: what a delivery would do, of one that is not made: the answer that its sender would get, who was recognised, what was
 * found out about its signature, and what would become of each push.
 */
#pragma once

#include "webhookd/hook/hook.h"
#include "webhookd/request.h"

typedef struct TrialPush {
        char *image;           /* "" where none is known; owned, as the two below */
        char *project, *stage; /* "" where there is none */
        const char *outcome;   /* "queued", "joined", "known" or "ignored"; static, as the one below */
        const char *reason;    /* why it is ignored, or "" */
        bool creates_project;
} TrialPush;

typedef struct Trial {
        Answer answer;
        const char *provider; /* static; NULL: nobody was recognised */
        HookVerdict verdict;
        TrialPush *pushes;
        size_t n;
        char **created; /* names of projects that would be made; owned */
} Trial;

void trial_done(Trial *trial);

/* Copies what is not static; `project` and `stage` may be NULL. -ENOMEM. */
int trial_add(Trial *trial, const char *image, const char *project, const char *stage, const char *outcome,
              const char *reason);

/* A project of this name would be made by the pushes for it that are added from now on. -ENOMEM. */
int trial_add_project(Trial *trial, const char *project);

/* "right", "wrong", "missing", or "unchecked". */
const char *trial_signature(const Trial *trial);
