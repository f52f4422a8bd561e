/* SPDX-License-Identifier: MIT */
/*
 * A pull's stream tells the same however its bytes are cut, and once broken stays broken; the percentage of it never goes
 * back. The first byte says how it is cut, the second bit of it which engine's it is.
 */
#include "deployerd/engine/pull-progress.h"
#include "deployerd/engine/pull-stream.h"
#include "fuzz.h"

typedef struct Seen {
        unsigned n;
        unsigned n_layers;
        int percent;
        PullProgress *progress;
} Seen;

static void on_status(const PullStatus *status, void *userdata) {
        Seen *seen = userdata;
        int percent;

        fuzz_promise(status->id && !isempty(status->status));
        fuzz_promise(status->current >= 0 && status->total >= 0);
        seen->n++;

        seen->n_layers += pull_progress_take(seen->progress, status);
        fuzz_promise(seen->n_layers <= PULL_LAYERS_MAX);
        percent = pull_progress_percent(seen->progress);
        fuzz_promise(percent >= seen->percent && percent <= 100);
        fuzz_promise((percent >= 0) == (seen->n_layers > 0));
        seen->percent = percent;
}

static int feed(PullStream *stream, const uint8_t *data, size_t size, size_t step) {
        int r = 0;

        for (size_t i = 0; i < size && r >= 0; i += step)
                r = pull_stream_feed(stream, (const char *) data + i, size - i < step ? size - i : step);

        return r >= 0 ? pull_stream_finish(stream) : r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(pull_progress_freep) PullProgress *whole_progress = NULL, *cut_progress = NULL;
        _cleanup_(pull_stream_freep) PullStream *whole = NULL, *cut = NULL;
        Seen seen_whole = { .percent = -1 }, seen_cut = { .percent = -1 };
        bool unpacks = size > 0 && data[0] & 2;
        const char *failure;
        int r;

        fuzz_promise(pull_progress_new(unpacks, &whole_progress) == 0);
        fuzz_promise(pull_progress_new(unpacks, &cut_progress) == 0);
        seen_whole.progress = whole_progress;
        seen_cut.progress = cut_progress;
        fuzz_promise(pull_stream_new(on_status, &seen_whole, &whole) == 0);
        fuzz_promise(pull_stream_new(on_status, &seen_cut, &cut) == 0);

        r = feed(whole, data, size, size + 1);
        fuzz_promise(r == 0 || r == -EBADMSG);
        fuzz_promise(feed(cut, data, size, size > 0 ? data[0] % 7U + 1 : 1) == r);
        fuzz_promise(seen_whole.n == seen_cut.n && seen_whole.percent == seen_cut.percent);

        failure = pull_stream_failure(whole);
        fuzz_promise(!failure == !pull_stream_failure(cut));
        fuzz_promise(!failure || streq(failure, pull_stream_failure(cut)));
        if (r < 0) {
                fuzz_promise(!isempty(pull_stream_problem(whole)));
                fuzz_promise(pull_stream_feed(whole, "{}\n", 3) == -EBADMSG);
        }
        return 0;
}
