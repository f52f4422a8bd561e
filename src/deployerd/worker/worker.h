/* SPDX-License-Identifier: MIT */
/*
 * Worker: the child's side of an operation. A child inherits nothing but its pipe, never touches the bus or the
 * journal, dies with its parent, and learns by SIGTERM that it is to end: the signal stays blocked and pending, so that
 * it breaks no call by surprise, and worker_cancel_fd() is readable once it came.
 *
 * The room worker/ is one child process a job, and the pipe between it and its parent: worker.h inside the child, operation.h
 * outside, report.h the words between them, deploy-request.h what a child is told to deploy. engine/, deploy/, job/ and bus/
 * come here. It never asks the engine, and never sees the bus.
 */
#pragma once

#include <jansson.h>
#include <signal.h>
#include <syslog.h>

#include "shared/macro.h"

typedef struct Worker Worker;

/*
 * To be called first thing in the child: binds its life to `parent`, puts signals to their defaults, and closes every
 * descriptor but stdio and `report_fd`.
 */
int worker_new(int report_fd, pid_t parent, Worker **ret);
Worker *worker_free(Worker *worker);
DEFINE_CLEANUP(Worker, worker_free)

int worker_cancel_fd(const Worker *worker);
bool worker_is_cancelled(const Worker *worker);
/* Whether what it has begun is not to go on in another child either: the signal WORKER_CALL_OFF came, which ends nothing by itself. */
bool worker_is_called_off(const Worker *worker);
#define WORKER_CALL_OFF SIGUSR1

/* Remembers the sentence that will explain `error`, and returns it: `return worker_fail(worker, -ENOPKG, "…", …);` */
int worker_fail(Worker *worker, int error, const char *format, ...) _printf_(3, 4);

/* The sentence of the last worker_fail(); never NULL. */
const char *worker_error(const Worker *worker);

/* Sends `report`, whose reference it takes, as a line; NULL counts as out of memory. -E2BIG: too long, nothing sent. */
int worker_report(Worker *worker, json_t *report);

void worker_progress(Worker *worker, const char *phase, const char *detail);
/* A line for the journal, written by the parent; its bytes need not be UTF-8. */
void worker_log(Worker *worker, int priority, const char *format, ...) _printf_(3, 4);

/* The last report of a child: either of them. `result` is taken. */
int worker_succeed(Worker *worker, json_t *result);
void worker_send_error(Worker *worker, int error);
