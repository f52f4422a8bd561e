/* SPDX-License-Identifier: MIT */
/* A pull's stream tells the same however its bytes are cut, and once broken stays broken. */
#include "deployerd/pull-stream.h"
#include "fuzz.h"

static void on_status(const char *id, const char *status, void *userdata) {
        unsigned *n = userdata;

        fuzz_promise(id && !isempty(status));
        (*n)++;
}

static int feed(PullStream *stream, const uint8_t *data, size_t size, size_t step) {
        int r = 0;

        for (size_t i = 0; i < size && r >= 0; i += step)
                r = pull_stream_feed(stream, (const char *) data + i, size - i < step ? size - i : step);

        return r >= 0 ? pull_stream_finish(stream) : r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(pull_stream_freep) PullStream *whole = NULL, *cut = NULL;
        unsigned n_whole = 0, n_cut = 0;
        const char *failure;
        int r;

        fuzz_promise(pull_stream_new(on_status, &n_whole, &whole) == 0);
        fuzz_promise(pull_stream_new(on_status, &n_cut, &cut) == 0);

        r = feed(whole, data, size, size + 1);
        fuzz_promise(r == 0 || r == -EBADMSG);
        fuzz_promise(feed(cut, data, size, size > 0 ? data[0] % 7U + 1 : 1) == r);
        fuzz_promise(n_whole == n_cut);

        failure = pull_stream_failure(whole);
        fuzz_promise(!failure == !pull_stream_failure(cut));
        fuzz_promise(!failure || streq(failure, pull_stream_failure(cut)));
        if (r < 0) {
                fuzz_promise(!isempty(pull_stream_problem(whole)));
                fuzz_promise(pull_stream_feed(whole, "{}\n", 3) == -EBADMSG);
        }
        return 0;
}
