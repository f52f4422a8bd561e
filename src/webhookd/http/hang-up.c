/* SPDX-License-Identifier: MIT */
/* The end of a connection whose answer is held back: see hang-up.h. */
#include "webhookd/http/hang-up.h"

#include <sys/epoll.h>

struct HangUp {
        sd_event_source *source;
        Waiters *waiters;
        Waiter *waiter;
};

static int on_end(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        HangUp *hang_up = userdata;

        (void) source;
        (void) fd;
        (void) events;

        waiters_release(hang_up->waiters, hang_up->waiter);
        return 0;
}

int hang_up_new(sd_event *event, int fd, Waiters *waiters, Waiter *waiter, HangUp **ret) {
        _cleanup_(hang_up_freep) HangUp *hang_up = NULL;
        int r;

        assert(event);
        assert(fd >= 0);
        assert(waiters);
        assert(waiter);
        assert(ret);

        hang_up = calloc(1, sizeof(*hang_up));
        if (!hang_up)
                return -ENOMEM;

        hang_up->waiters = waiters;
        hang_up->waiter = waiter;

        /* Not for what can be read: a client may have sent its next request, which waits for this answer. */
        r = sd_event_add_io(event, &hang_up->source, fd, EPOLLRDHUP, on_end, hang_up);
        if (r >= 0)
                r = sd_event_source_set_enabled(hang_up->source, SD_EVENT_ONESHOT);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(hang_up);
        return 0;
}

HangUp *hang_up_free(HangUp *hang_up) {
        if (!hang_up)
                return NULL;

        sd_event_source_disable_unref(hang_up->source);
        free(hang_up);
        return NULL;
}
