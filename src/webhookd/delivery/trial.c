/* SPDX-License-Identifier: MIT */
/* What a delivery would do: see trial.h. */
#include "webhookd/delivery/trial.h"

#include "shared/conf/conf.h"

static void trial_push_done(TrialPush *push) {
        free(push->image);
        free(push->project);
        free(push->stage);
}

void trial_done(Trial *trial) {
        assert(trial);

        answer_done(&trial->answer);
        for (size_t i = 0; i < trial->n; i++)
                trial_push_done(&trial->pushes[i]);
        free(trial->pushes);
        strv_free(trial->created);
        *trial = (Trial){ .n = 0 };
}

static bool is_created(const Trial *trial, const char *project) {
        for (char **name = trial->created; name && *name; name++)
                if (streq(*name, project))
                        return true;

        return false;
}

int trial_add(Trial *trial, const char *image, const char *project, const char *stage, const char *outcome,
              const char *reason) {
        TrialPush push, *grown;

        assert(trial);
        assert(outcome);

        grown = reallocarray(trial->pushes, trial->n + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;

        trial->pushes = grown;
        push = (TrialPush){
                .image = strdup(strempty(image)),
                .project = strdup(strempty(project)),
                .stage = strdup(strempty(stage)),
                .outcome = outcome,
                .reason = strempty(reason),
                .creates_project = is_created(trial, strempty(project)),
        };
        if (!push.image || !push.project || !push.stage) {
                trial_push_done(&push);
                return -ENOMEM;
        }

        trial->pushes[trial->n++] = push;
        return 0;
}

int trial_add_project(Trial *trial, const char *project) {
        assert(trial);
        assert(project);

        return strv_add(&trial->created, project, strlen(project));
}

const char *trial_signature(const Trial *trial) {
        static const char *const words[] = {
                [HOOK_ADMITTED_UNCHECKED] = "unchecked",
                [HOOK_ADMITTED_UNSIGNED] = "missing",
                [HOOK_ADMITTED] = "right",
                [HOOK_ADMITTED_FINAL_ID] = "right",
                [HOOK_WITHOUT_KEY] = "unchecked",
                [HOOK_SIGNATURE_MISSING] = "missing",
                [HOOK_SIGNATURE_WEAK] = "missing",
                [HOOK_SIGNATURE_WRONG] = "wrong",
        };

        assert(trial);
        assert((size_t) trial->verdict < ELEMENTSOF(words));

        return words[trial->verdict];
}
