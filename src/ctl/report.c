/* SPDX-License-Identifier: MIT */
/* A sentence, and what to do about it: see report.h. */
#include "ctl/report.h"

#include "ctl/advice.h"
#include "shared/bus/errors.h"

int report_error(const Ctl *ctl, const Peer *peer, int r, const sd_bus_error *error) {
        const char *advice, *text = error->message;
        char buffer[256];

        if (isempty(text))
                text = error_name_meaning(error->name);
        (void) ctl_fail(ctl, r, "%s", text ? text : strempty(error->name));
        advice = advice_find(peer, error->name, buffer, sizeof(buffer));
        if (advice)
                ctl_hint(ctl, "%s", advice);
        return r;
}

int report_answer(const Ctl *ctl, const Peer *peer, int r) {
        (void) ctl_fail(ctl, r, "The answer of %s cannot be read: %m", peer->bus_name);
        return r == -ENOMEM ? r : -EBADMSG;
}
