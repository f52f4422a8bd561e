/* SPDX-License-Identifier: MIT */
/* Where a deploy is, while it is waited for: see follow.h. */
#include "ctl/print/follow.h"

#include <inttypes.h>

#include "ctl/print/deploy-words.h"
#include "ctl/print/progress.h"
#include "ctl/terminal.h"
#include "shared/protocol.h"
#include "shared/time-util.h"

/* Where a terminal does not say how wide it is. */
#define COLUMNS_DEFAULT 80U

/* To the first column, and nothing in the line from there on. */
#define CLEAR_LINE "\r\x1b[K"

struct Follow {
        const Ctl *ctl;
        uint64_t begin; /* CLOCK_MONOTONIC */
        bool redraws;
        bool drawn;  /* the line is on the terminal */
        char *phase; /* told last; NULL: none yet */
        char *detail;
        int percent; /* of the pull; -1: not known */
};

int follow_new(const Ctl *ctl, Follow **ret) {
        Follow *follow;

        assert(ctl);
        assert(ret);

        follow = calloc(1, sizeof(*follow));
        if (!follow)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        follow->ctl = ctl;
        follow->begin = now_usec(CLOCK_MONOTONIC);
        follow->redraws = !ctl->json && terminal_redraws(ctl->out);
        *ret = follow;
        return 0;
}

Follow *follow_free(Follow *follow) {
        if (!follow)
                return NULL;

        follow_clear(follow);
        free(follow->phase);
        free(follow->detail);
        free(follow);
        return NULL;
}

bool follow_is_at(const Follow *follow, const char *phase) {
        assert(follow);

        return phase ? follow->phase && streq(follow->phase, phase) : !follow->phase;
}

bool follow_has_told(const Follow *follow, const char *phase, const char *detail) {
        return follow_is_at(follow, phase) && follow->detail && streq(follow->detail, detail);
}

void follow_clear(Follow *follow) {
        if (!follow || !follow->drawn)
                return;

        (void) fputs(CLEAR_LINE, follow->ctl->out);
        ctl_flush(follow->ctl);
        follow->drawn = false;
}

void follow_draw(Follow *follow) {
        _cleanup_free_ char *line = NULL;
        uint64_t seconds;
        size_t columns;

        assert(follow);

        if (!follow->redraws || !follow->phase)
                return;

        /* Asked each time: windows change. */
        columns = terminal_width(follow->ctl->out);
        seconds = (now_usec(CLOCK_MONOTONIC) - follow->begin) / USEC_PER_SEC;
        if (progress_line(follow->phase, follow->detail, seconds, columns > 0 ? columns : COLUMNS_DEFAULT,
                          terminal_is_coloured(follow->ctl->out), &line) < 0)
                return;

        (void) fprintf(follow->ctl->out, CLEAR_LINE "%s", line);
        ctl_flush(follow->ctl);
        follow->drawn = true;
}

/* A line is worth a phase, a tenth of a pull, and whatever is new of the queue. */
static void print_phase(const Follow *follow, uint64_t id, const char *phase, const char *detail,
                        int percent) {
        if (!streq(phase, "queued") && follow_is_at(follow, phase) &&
            (percent < 0 || percent / 10 == follow->percent / 10))
                return;

        ctl_print(follow->ctl, "Deploy %" PRIu64 ": %s%s%s", id, phase, isempty(detail) ? "" : ": ", detail);
        ctl_flush(follow->ctl);
}

/* It stays, also where the line moves. */
static void tell_steps(Follow *follow, uint64_t id, const char *detail) {
        char words[DEPLOY_STEPS_WORDS_SIZE];
        DeploySteps steps;

        if (deploy_steps_parse(detail, &steps) < 0 || !deploy_steps_are_known(&steps))
                return;

        follow_clear(follow);
        ctl_print(follow->ctl, "Deploy %" PRIu64 ": " PHASE_TOOK ": %s", id,
                  deploy_steps_words(&steps, words));
        ctl_flush(follow->ctl);
}

void follow_phase(Follow *follow, uint64_t id, const char *phase, const char *detail) {
        int percent = progress_percent(phase, detail);
        char *phase_copy, *detail_copy;

        assert(follow);

        if (!follow->ctl->json && streq(phase, PHASE_TOOK)) {
                tell_steps(follow, id, detail);
                return;
        }

        /* What comes after it is told by its row. */
        if (!follow->ctl->json && streq(phase, PHASE_WATCHED))
                return;

        if (follow->ctl->json) {
                (void) ctl_print_json(follow->ctl,
                                      json_pack("{s:s, s:s}", "phase", phase, "detail", detail));
                ctl_flush(follow->ctl);
        } else if (!follow->redraws)
                print_phase(follow, id, phase, detail, percent);

        /* Without memory the line stays as it is: it is worth no more. */
        phase_copy = strdup(phase);
        detail_copy = strdup(detail);
        if (!phase_copy || !detail_copy) {
                free(phase_copy);
                free(detail_copy);
                return;
        }

        free(follow->phase);
        free(follow->detail);
        follow->phase = phase_copy;
        follow->detail = detail_copy;
        follow->percent = percent;
        follow_draw(follow);
}
