/* SPDX-License-Identifier: MIT */
/* What is wrong with the store, for the journal: see damage.h. */
#include "webhookd/damage.h"

#include "shared/log.h"

static const char *advice_of(int error) {
        switch (error) {
        case -ENOSPC:
                return "Make room on its file system; the next start tries again.";
        case -EROFS:
                return "Mount its file system so that it can be written, or give its folder back to the daemon's user, with mode 0700.";
        case -EACCES:
                return "Give it and its folder back to the daemon's user, with the modes 0600 and 0700; its log, too.";
        case -ENOENT:
                return "Put it back with all of its folder, or restore a backup: a start without it makes a new one, which has new URLs.";
        case -EPROTONOSUPPORT:
                return "Install that version again, or restore a backup of this one.";
        default:
                return "Restore a backup, or move it away for a new one, which has new URLs: see tinyforge-webhookd(8).";
        }
}

void damage_tell(const Store *store, const char *path) {
        assert(store && store_fault(store) < 0);
        assert(path);

        log_event(EVENT_STORE_UNUSABLE, NULL, "The store '%s' cannot be used: %s. %s", path,
                  store_error(store), advice_of(store_fault(store)));
}
