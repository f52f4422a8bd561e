/* SPDX-License-Identifier: MIT */
/* The words for what is not deployed: see ignore-reason.h. */
#include "webhookd/payload/ignore-reason.h"

static const struct {
        const char *word, *explanation;
} reasons[] = {
#define X(name, word, explanation) [IGNORE_##name] = { word, explanation },
        IGNORE_REASONS(X)
#undef X
};

static_assert(ELEMENTSOF(reasons) == _IGNORE_REASON_MAX, "every reason has its word");

const char *ignore_reason_to_string(IgnoreReason reason) {
        assert(reason < _IGNORE_REASON_MAX);

        return reasons[reason].word;
}

const char *ignore_reason_explanation(IgnoreReason reason) {
        assert(reason < _IGNORE_REASON_MAX);

        return reasons[reason].explanation;
}
