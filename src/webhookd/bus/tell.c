/* SPDX-License-Identifier: MIT */
/* Notices of what a caller did. It is done: what cannot be told any more is no reason to say otherwise. */
#include <stdio.h>

#include "shared/log.h"
#include "webhookd/bus/tell.h"

void manager_tell(Manager *manager, const Notice *notice) {
        if (outbox_add(manager->outbox, notice) < 0)
                (void) log_oom();
}

void manager_tell_change(Manager *manager, EventId event, NoticeSignal signal, const Project *project,
                         const char *stage, uid_t uid, const char *text) {
        Notice notice = NOTICE(event, signal);
        char line[1024];

        (void) snprintf(line, sizeof(line), "%s, by uid %u", text, (unsigned) uid);
        notice.text = line;
        notice.project = project->name;
        notice.stage = stage;
        notice.image = project->image;
        notice.caller_uid = uid;
        manager_tell(manager, &notice);
}
