/* SPDX-License-Identifier: MIT */
/* From image to project and stage: see matcher.h. */
#include "webhookd/delivery/matcher.h"

void match_done(Match *match) {
        assert(match);

        match->project = project_free(match->project);
        match->stage = stage_free(match->stage);
}

const char *match_tag(const ImageRef *ref) {
        assert(ref);

        return ref->tag ? ref->tag : "latest";
}

/* Takes the first stage whose pattern matches out of the list. A pattern that is malformed matches nothing. */
static int match_stage(const Project *project, Store *store, const char *tag, Stage **ret) {
        _cleanup_(stage_list_done) StageList stages = { 0 };
        int r;

        r = store_list_stages(store, project->id, &stages);
        if (r < 0)
                return r;

        for (size_t i = 0; i < stages.n; i++) {
                Stage *stage;

                r = tag_policy_match(stages.items[i].policy, stages.items[i].tag_pattern, tag);
                if (r == -ENOMEM)
                        return r;
                if (r <= 0)
                        continue;

                stage = malloc(sizeof(*stage));
                if (!stage)
                        return -ENOMEM;

                *stage = stages.items[i];
                stages.items[i] = (Stage){ 0 };
                *ret = stage;
                return 1;
        }

        *ret = NULL;
        return 0;
}

const Stage *match_shadow(const StageList *stages, size_t i) {
        assert(stages);
        assert(i < stages->n);

        for (size_t j = 0; j < i; j++)
                if (tag_policy_covers(stages->items[j].policy, stages->items[j].tag_pattern,
                                      stages->items[i].policy, stages->items[i].tag_pattern))
                        return &stages->items[j];

        return NULL;
}

int match_image(Store *store, const ImageRef *ref, Match *ret) {
        _cleanup_(project_freep) Project *project = NULL;
        _cleanup_free_ char *repository = NULL;
        Stage *stage = NULL;
        int r;

        assert(store);
        assert(ref);
        assert(ret);

        r = image_ref_repository(ref, &repository);
        if (r < 0)
                return r;

        r = store_find_project_by_image(store, repository, &project);
        if (r < 0)
                return r;
        if (r == 0) {
                *ret = (Match){ .verdict = MATCH_NO_PROJECT };
                return 0;
        }

        r = match_stage(project, store, match_tag(ref), &stage);
        if (r < 0)
                return r;

        *ret = (Match){
                .verdict = stage ? MATCH_STAGE : MATCH_NO_STAGE,
                .project = TAKE_PTR(project),
                .stage = stage,
        };
        return 0;
}
