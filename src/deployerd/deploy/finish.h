/* SPDX-License-Identifier: MIT */
/* The end of a deploy that has its container, and what goes then. */
#pragma once

#include "deployerd/deploy/context.h"

/*
 * After a switch, or where none was needed: retires what `current`, which is `container`, replaces among the instances of `list`, drops old
 * images, ends the deploy.
 */
int deploy_finish(Deploy *deploy, const char *outcome, uint64_t current, const Container *container,
                  InstanceList *list);
/* The same right after the switch to `container`. */
int deploy_finish_switched(Deploy *deploy, const Container *container);

/*
 * The end of a deploy whose job has ended well, in the container of that id; `told` is how. The container stays, with its lines, until the next
 * one. Errors of engine.h; -EINTR.
 */
int deploy_finish_job(Deploy *deploy, const char *container, const char *told);
