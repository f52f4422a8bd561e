/* SPDX-License-Identifier: MIT */
/* The words for what became of a watch, as stored, answered and sent over the bus. */
#include "webhookd/store/watch-state.h"

#include "shared/macro.h"

static const char *const names[] = {
        [WATCH_NONE] = "",         [WATCH_WATCHING] = "watching", [WATCH_HELD] = "held",
        [WATCH_FAILED] = "failed", [WATCH_GONE] = "gone",         [WATCH_REPLACED] = "replaced",
};

static_assert(ELEMENTSOF(names) == _WATCH_STATE_MAX, "each state has its name");

const char *watch_state_to_string(WatchState state) {
        assert(state < _WATCH_STATE_MAX);

        return names[state];
}

WatchState watch_state_from_string(const char *name) {
        assert(name);

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (streq(names[i], name))
                        return (WatchState) i;

        return WATCH_NONE;
}
