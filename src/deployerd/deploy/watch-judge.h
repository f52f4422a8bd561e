/* SPDX-License-Identifier: MIT */
/*
 * What a container that is watched on looks like. Both engines count in RestartCount what its policy has restarted, and forget
 * the count when somebody starts or restarts it by hand: so what is counted has failed, and what is not was a person's doing. Pure.
 */
#pragma once

#include "deployerd/engine/container-end.h"

typedef enum WatchFinding {
        WATCH_WELL,
        WATCH_STOPPED, /* it does not run, and nobody but a person, or the end of its engine, can have stopped it */
        WATCH_FAILED,
} WatchFinding;

/* What the events told of it since it was first looked at. */
typedef struct WatchSigns {
        ContainerEnd end;
        bool killed; /* somebody had the engine send it a signal, and it was not started since */
} WatchSigns;

/* `check_counts`: its own health check has a say. `ret_text` is a clause for people: "it exited with status 3 and was restarted". */
WatchFinding watch_judge(const Container *container, const WatchSigns *signs, bool check_counts,
                         char *ret_text, size_t size);
