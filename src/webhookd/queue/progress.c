/* SPDX-License-Identifier: MIT */
/* Where the deploys are: see progress.h. */
#include "webhookd/queue/progress.h"

#include <stdio.h>

#include "shared/utf8.h"

static ProgressStep *progress_place(Progress *progress, uint64_t deploy) {
        for (size_t i = 0; i < ELEMENTSOF(progress->steps); i++)
                if (progress->steps[i].deploy == deploy)
                        return &progress->steps[i];

        return NULL;
}

void progress_note(Progress *progress, uint64_t deploy, const char *phase, const char *detail) {
        ProgressStep *step;

        assert(progress);
        assert(deploy > 0);
        assert(phase);
        assert(detail);

        step = progress_place(progress, deploy);
        if (!step)
                step = progress_place(progress, 0);
        if (!step) {
                step = &progress->steps[progress->next];
                progress->next = (progress->next + 1) % ELEMENTSOF(progress->steps);
        }

        step->deploy = deploy;
        (void) snprintf(step->phase, sizeof(step->phase), "%.*s", utf8_cut(phase, sizeof(step->phase) - 1),
                        phase);
        (void) snprintf(step->detail, sizeof(step->detail), "%.*s",
                        utf8_cut(detail, sizeof(step->detail) - 1), detail);
}

void progress_forget(Progress *progress, uint64_t deploy) {
        ProgressStep *step;

        assert(progress);

        step = deploy > 0 ? progress_place(progress, deploy) : NULL;
        if (step)
                *step = (ProgressStep){ .deploy = 0 };
}

const ProgressStep *progress_find(const Progress *progress, uint64_t deploy) {
        assert(progress);
        assert(deploy > 0);

        for (size_t i = 0; i < ELEMENTSOF(progress->steps); i++)
                if (progress->steps[i].deploy == deploy)
                        return &progress->steps[i];

        return NULL;
}
