/* SPDX-License-Identifier: MIT */
/*
 * Operation: one child process that talks to the engine, seen from the parent. Reports arrive on a pipe and are believed
 * only as far as they are well-formed; the parent ends what takes too long, first by asking, then by force.
 */
#pragma once

#include <systemd/sd-event.h>

#include "deployerd/worker/worker.h"

typedef struct Operation Operation;

/* How it ended: either error_name and error_text, or the result. Borrowed for the call. */
typedef struct OperationEnd {
        const char *error_name; /* "org.tinyforge.PullFailed" */
        const char *error_text;
        const json_t *result;
        bool reported; /* the child itself said so: it came to its end */
} OperationEnd;

typedef struct OperationHooks {
        /* Runs in the child. Ends with worker_succeed(), or returns a negative errno that worker_fail() explained. */
        int (*run)(Worker *worker, void *userdata);
        /* Every report but the last one; `kind` is the value of REPORT_KEY. */
        void (*on_report)(const char *kind, const json_t *report, void *userdata);
        /* Exactly once, when the child is gone. The operation may be freed within. */
        void (*on_end)(const OperationEnd *end, void *userdata);
} OperationHooks;

/* A child that was asked to end is killed this long after. It bounds how long a stop of the daemon can take. */
#define OPERATION_KILL_USEC (60 * USEC_PER_SEC)

/*
 * Forks. The process must have one thread, and SIGCHLD blocked. After `deadline_usec` (a span) the child is asked to end,
 * and the error is DeadlineExceeded. `hooks` is copied, `userdata` has to outlive the operation.
 */
int operation_new(sd_event *event, const OperationHooks *hooks, void *userdata, uint64_t deadline_usec,
                  Operation **ret);
/* Kills a child that still runs. */
Operation *operation_free(Operation *operation);
DEFINE_CLEANUP(Operation, operation_free)

/* Gives a child that is not to end yet another deadline: `deadline_usec` after its beginning. */
void operation_set_deadline(Operation *operation, uint64_t deadline_usec);

/* Asks the child to finish its step and end; unless it succeeds nevertheless, the error is Interrupted. */
void operation_stop(Operation *operation);
/* The same, and what it has begun is not to go on without it: worker_is_called_off(). */
void operation_call_off(Operation *operation);
