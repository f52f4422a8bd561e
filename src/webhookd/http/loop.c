/* SPDX-License-Identifier: MIT */
/* sd-event inside h2o's loop: see loop.h. */
#include "webhookd/http/loop.h"

#include <fcntl.h>
#include <h2o.h>
#include <limits.h>

struct Loop {
        h2o_evloop_t *h2o;
        h2o_socket_t *socket; /* the descriptor of sd-event; its readiness ends h2o's sleep */
        sd_event *event;
        LoopHooks hooks;
        void *userdata;
};

/* In this release of libh2o a loop cannot be destroyed: what one Loop leaves is there for the next. */
static h2o_evloop_t *spare;

/* Nothing to read: that h2o woke up is all that is wanted. */
static void on_event_ready(h2o_socket_t *socket, const char *error) {
        (void) socket;
        (void) error;
}

int loop_new(sd_event *event, const LoopHooks *hooks, void *userdata, Loop **ret) {
        _cleanup_(loop_freep) Loop *loop = NULL;
        int fd;

        assert(event);
        assert(hooks && hooks->is_pending && hooks->flush);
        assert(ret);

        loop = calloc(1, sizeof(*loop));
        if (!loop)
                return -ENOMEM;

        loop->hooks = *hooks;
        loop->userdata = userdata;
        loop->event = sd_event_ref(event);

        /* h2o closes what it is given: a descriptor of its own. */
        fd = fcntl(sd_event_get_fd(event), F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
                return -errno;

        loop->h2o = spare ? TAKE_PTR(spare) : h2o_evloop_create();
        loop->socket = h2o_evloop_socket_create(loop->h2o, fd, H2O_SOCKET_FLAG_DONT_READ);
        h2o_socket_read_start(loop->socket, on_event_ready);

        *ret = TAKE_PTR(loop);
        return 0;
}

Loop *loop_free(Loop *loop) {
        if (!loop)
                return NULL;

        if (loop->socket)
                h2o_socket_close(loop->socket);
        if (loop->h2o)
                spare = loop->h2o;
        sd_event_unref(loop->event);
        free(loop);
        return NULL;
}

struct st_h2o_evloop_t *loop_h2o(Loop *loop) {
        assert(loop);

        return loop->h2o;
}

/*
 * h2o_send() outside of h2o's callbacks leaves the completion of a write in these lists, which are looked at before the
 * next sleep only: sleeping now would hold up the next request of that connection.
 */
static bool loop_may_sleep(const Loop *loop) {
        return !loop->hooks.is_pending(loop->userdata) && !loop->h2o->_pending_as_client &&
               !loop->h2o->_pending_as_server;
}

int loop_run(Loop *loop) {
        int r, code = 0;

        assert(loop);

        for (;;) {
                /* Arms the timers, and lets sd-bus choose what to poll for. -ESTALE: sd_event_exit() is through. */
                r = sd_event_prepare(loop->event);
                if (r == -ESTALE)
                        break;
                if (r < 0)
                        return r;

                (void) h2o_evloop_run(loop->h2o, r == 0 && loop_may_sleep(loop) ? INT32_MAX : 0);
                loop->hooks.flush(loop->userdata);

                if (r == 0)
                        r = sd_event_wait(loop->event, 0);
                if (r < 0)
                        return r;
                if (r > 0) {
                        r = sd_event_dispatch(loop->event);
                        if (r < 0)
                                return r;
                }
                if (sd_event_get_state(loop->event) == SD_EVENT_FINISHED)
                        break;
        }

        r = sd_event_get_exit_code(loop->event, &code);
        return r < 0 ? r : code;
}
