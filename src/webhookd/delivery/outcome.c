/* SPDX-License-Identifier: MIT */
/* What has become of deploys, told: see outcome.h. */
#include "webhookd/delivery/outcome.h"

#include <inttypes.h>
#include <stdio.h>

#include "shared/name.h"
#include "shared/utf8.h"
#include "webhookd/payload/payload.h"

/* What the reasons of one answer take together, bytes. Any number of senders can have theirs in memory at the same time. */
#define REASONS_TOLD_MAX ((size_t) 64 * 1024)

static_assert(DEPLOYS_TOLD_MAX >= PUSHES_MAX, "each push of a body can become a deploy");

/* What all deploys of an answer come to. */
typedef struct Sum {
        uint64_t *open;
        size_t n_open;
        bool failed;
        size_t reason_max;                                  /* of each deploy */
        char detail[REASON_MAX + 2 * NAME_MAX_LENGTH + 64]; /* of the first that failed */
} Sum;

json_t *outcome_stub(uint64_t id) {
        return json_pack("{s:I}", "id", (json_int_t) id);
}

json_t *outcome_path(uint64_t id) {
        return json_sprintf("/deploys/%" PRIu64, id);
}

static json_t *number_or_null(uint64_t number) {
        return number > 0 ? json_integer((json_int_t) number) : json_null();
}

/* null where it is not watched. */
static json_t *watch_to_json(const Deploy *deploy, size_t reason_max) {
        const char *reason = strempty(deploy->watch.reason);

        if (deploy->watch.state == WATCH_NONE)
                return json_null();

        return json_pack("{s:s, s:o, s:s#}", "state", watch_state_to_string(deploy->watch.state), "until",
                         number_or_null(deploy->watch.until), "reason", reason,
                         utf8_cut(reason, reason_max));
}

/* Times are µs since the epoch. What is not known, or not yet, is null. */
static json_t *deploy_to_json(const Deploy *deploy, size_t reason_max, const ProgressStep *step) {
        const char *reason = strempty(deploy->reason);

        return json_pack(
                        "{s:I, s:s, s:s, s:s, s:s?, s:s, s:s?, s:s?, s:s#, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", /**/
                        "id", (json_int_t) deploy->id,                             /**/
                        "project", deploy->project,                                /**/
                        "stage", deploy->stage,                                    /**/
                        "image", deploy->image,                                    /**/
                        "digest", deploy->digest,                                  /**/
                        "state", deploy_state_to_string(deploy->state),            /**/
                        "phase", step ? step->phase : NULL,                        /**/
                        "progress", step && step->detail[0] ? step->detail : NULL, /**/
                        "reason", reason, utf8_cut(reason, reason_max),            /**/
                        "attempts", (int) deploy->tries,                           /**/
                        "next_attempt", number_or_null(deploy->next_at),           /**/
                        "queued_at", number_or_null(deploy->queued_at),            /**/
                        "started_at", number_or_null(deploy->started_at),          /**/
                        "finished_at", number_or_null(deploy->finished_at),        /**/
                        "superseded_by", number_or_null(deploy->superseded_by),    /**/
                        "watch", watch_to_json(deploy, reason_max),                /**/
                        "path", outcome_path(deploy->id));
}

static void sum_fail(Sum *sum, uint64_t id, const char *project, const char *stage, const char *state,
                     const char *reason) {
        if (!sum->failed)
                (void) snprintf(sum->detail, sizeof(sum->detail), "deploy %" PRIu64 " of %s/%s %s%s%s", id,
                                project, stage, state, isempty(reason) ? "" : ": ", reason);
        sum->failed = true;
}

static uint64_t id_of(const json_t *told) {
        return (uint64_t) json_get_int(told, "id", 0);
}

static void sum_add(Sum *sum, const Deploy *deploy) {
        switch (deploy->state) {
        case DEPLOY_QUEUED:
        case DEPLOY_RUNNING:
                sum->open[sum->n_open++] = deploy->id;
                break;

        /* A newer push took its place: that one's sender is told what comes of it. */
        case DEPLOY_UNCHANGED:
        case DEPLOY_SUPERSEDED:
                break;

        /* Told once it is known: the answer to the push itself may have gone before. */
        case DEPLOY_SUCCEEDED:
                if (deploy->watch.state == WATCH_FAILED)
                        sum_fail(sum, deploy->id, deploy->project, deploy->stage,
                                 "failed while it was watched", strempty(deploy->watch.reason));
                break;

        case DEPLOY_ROLLED_BACK:
        case DEPLOY_FAILED:
        case DEPLOY_CANCELLED:
        case _DEPLOY_STATE_MAX:
                sum_fail(sum, deploy->id, deploy->project, deploy->stage,
                         deploy_state_to_string(deploy->state), strempty(deploy->reason));
                break;
        }
}

/*
 * A row that was there when the delivery was answered for, and is not any more. It went with its stage, and whoever waits for it waits for
 * nothing; or so many pushes of the stage came after it that it was put aside and forgotten. `told` is what was told of it before.
 */
static int tell_gone(Store *store, Sum *sum, const json_t *told, json_t **ret) {
        const char *project = strempty(json_get_string(told, "project")),
                   *stage = strempty(json_get_string(told, "stage"));
        _cleanup_(stage_freep) Stage *found = NULL;
        _cleanup_(json_freep) json_t *j = NULL;
        const char *state, *reason;
        int r;

        r = store_find_stage(store, project, stage, &found);
        if (r < 0)
                return r;

        state = deploy_state_to_string(found ? DEPLOY_SUPERSEDED : DEPLOY_CANCELLED);
        reason = found ? "later deploys took its place" : "its stage was removed";
        if (!found)
                sum_fail(sum, id_of(told), project, stage, state, reason);

        j = json_copy((json_t *) (uintptr_t) told);
        if (json_object_set_new(j, "state", json_string(state)) < 0 ||
            json_object_set_new(j, "reason", json_string(reason)) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(j);
        return 0;
}

/*
 * 1 and the deploy, or 0. Pushes that joined one before it knew its digest are looked at once more by the deploy of the same image
 * that follows it: as long as that is not through, their outcome is still to come, and it is told in place of the first.
 */
static int find_told(Store *store, uint64_t id, Deploy **ret) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL, *next = NULL;
        int r;

        r = store_find_deploy(store, id, &deploy);
        if (r <= 0)
                return r;

        if (deploy->again && deploy_state_is_final(deploy->state)) {
                r = store_find_unfinished(store, deploy->project, deploy->stage, &next);
                if (r < 0)
                        return r;
        }

        *ret = next && next->id > id && streq(next->image, deploy->image) ? TAKE_PTR(next)
                                                                          : TAKE_PTR(deploy);
        return 1;
}

/* 1 with a new reference; 0: there is none. */
static int tell_deploy(Store *store, const Progress *progress, uint64_t id, Sum *sum, json_t **ret) {
        _cleanup_(deploy_freep) Deploy *deploy = NULL;
        int r;

        r = find_told(store, id, &deploy);
        if (r <= 0)
                return r;

        sum_add(sum, deploy);
        *ret = deploy_to_json(deploy, sum->reason_max,
                              deploy->state == DEPLOY_RUNNING ? progress_find(progress, deploy->id) : NULL);
        return *ret ? 1 : -ENOMEM;
}

static int tell_list(Store *store, const Progress *progress, json_t *list, Sum *sum) {
        size_t size = json_array_size(list);

        if (size > REASONS_TOLD_MAX / REASON_MAX)
                sum->reason_max = REASONS_TOLD_MAX / size;

        for (size_t i = 0; i < json_array_size(list) && i < DEPLOYS_TOLD_MAX; i++) {
                json_t *told = json_array_get(list, i), *j = NULL;
                int r;

                r = tell_deploy(store, progress, id_of(told), sum, &j);
                if (r == 0)
                        r = tell_gone(store, sum, told, &j);
                if (r < 0)
                        return r;
                if (json_array_set_new(list, i, j) < 0)
                        return -ENOMEM;
        }

        return 1;
}

/* What was told, with the words of a failure before it. */
static int encode(json_t *told, const Sum *sum, char **ret) {
        _cleanup_(json_freep) json_t *j = NULL;

        j = sum->failed && sum->n_open == 0
                            ? json_pack("{s:s, s:s}", "error", "deploy-failed", "detail", sum->detail)
                            : json_object();
        if (!j || json_object_update(j, told) < 0)
                return -ENOMEM;

        return json_encode(j, ret);
}

int outcome_tell(Store *store, const Progress *progress, Answer *answer,
                 uint64_t open[static DEPLOYS_TOLD_MAX], size_t *ret_n) {
        json_t *alone, *j = NULL;
        Sum sum = { .open = open, .reason_max = REASON_MAX };
        char *body = NULL;
        int r;

        assert(store);
        assert(progress);
        assert(answer && answer->deploys);
        assert(ret_n);

        alone = json_object_get(answer->deploys, "deploy");
        if (alone) {
                r = tell_deploy(store, progress, id_of(alone), &sum, &j);
                if (r > 0 && json_object_set_new(answer->deploys, "deploy", j) < 0)
                        r = -ENOMEM;
        } else
                r = tell_list(store, progress, json_object_get(answer->deploys, "deploys"), &sum);
        if (r < 0)
                return r;

        *ret_n = sum.n_open;
        if (r == 0) {
                answer_set_status(answer, 404);
                return 0;
        }

        r = encode(answer->deploys, &sum, &body);
        if (r < 0)
                return r;

        free(answer->body);
        answer->body = body;
        answer->status = sum.n_open > 0 ? 202 : sum.failed ? 424 : 200;
        return 0;
}
