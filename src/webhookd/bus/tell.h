/* SPDX-License-Identifier: MIT */
/* Notices of what callers did. */
#pragma once

#include "webhookd/bus/context.h"

/* Puts a notice of what a caller did into the outbox. */
void manager_tell(Manager *manager, const Notice *notice);
/* Tells of what the caller `uid` did to a project, or to a stage of it; `text` is followed by who it was. */
void manager_tell_change(Manager *manager, EventId event, NoticeSignal signal, const Project *project,
                         const char *stage, uid_t uid, const char *text);
