/* SPDX-License-Identifier: MIT */
/* From image to projects and stages: see matcher.h. */
#include "webhookd/delivery/matcher.h"

void match_done(Match *match) {
        assert(match);

        match->project = project_free(match->project);
        match->stage = stage_free(match->stage);
}

void match_list_done(MatchList *list) {
        assert(list);

        for (size_t i = 0; i < list->n; i++)
                match_done(&list->items[i]);
        free(list->items);
        *list = (MatchList){ 0 };
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

/* Takes the project out of the list. */
static int match_project(Store *store, Project *project, const char *tag, Match *ret) {
        Project *own;
        int r;

        r = match_stage(project, store, tag, &ret->stage);
        if (r < 0)
                return r;

        own = malloc(sizeof(*own));
        if (!own)
                return -ENOMEM;

        *own = *project;
        *project = (Project){ 0 };
        ret->project = own;
        ret->verdict = ret->stage ? MATCH_STAGE : MATCH_NO_STAGE;
        return 0;
}

int match_images(Store *store, const ImageRef *ref, MatchList *ret) {
        _cleanup_(project_list_done) ProjectList projects = { 0 };
        _cleanup_(match_list_done) MatchList list = { 0 };
        _cleanup_free_ char *repository = NULL;
        int r;

        assert(store);
        assert(ref);
        assert(ret);

        r = image_ref_repository(ref, &repository);
        if (r >= 0)
                r = store_list_projects_of_image(store, repository, &projects);
        if (r < 0)
                return r;

        if (projects.n > 0) {
                list.items = calloc(projects.n, sizeof(*list.items));
                if (!list.items)
                        return -ENOMEM;
        }

        while (list.n < projects.n) {
                Match *match = &list.items[list.n];

                r = match_project(store, &projects.items[list.n++], match_tag(ref), match);
                if (r < 0)
                        return r;
        }

        *ret = list;
        list = (MatchList){ 0 };
        return 0;
}

const Match *match_list_first(const MatchList *list) {
        assert(list);

        for (size_t i = 0; i < list->n; i++)
                if (list->items[i].verdict == MATCH_STAGE)
                        return &list->items[i];

        return list->n > 0 ? &list->items[0] : NULL;
}
