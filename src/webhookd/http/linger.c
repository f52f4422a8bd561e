/* SPDX-License-Identifier: MIT */
/* Connections that are read to their end: see linger.h. */
#include "webhookd/http/linger.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "shared/time-util.h"

#define SWEEP_USEC (USEC_PER_SEC / 2)
/* What is read of one before others have their turn. */
#define READ_SIZE      ((size_t) 64 * 1024)
#define READS_PER_TURN 8U

typedef struct Guest Guest;

struct Guest {
        Linger *linger;
        int fd;
        sd_event_source *source;
        size_t n_bytes;
        uint64_t since, heard; /* CLOCK_MONOTONIC, µs */
        Guest *next, **slot;
};

struct Linger {
        sd_event *event;
        sd_event_source *timer;
        Guest *first, **last; /* the oldest first */
        size_t n;
        LingerHook gone;
        void *userdata;
};

static void guest_end(Guest *guest) {
        Linger *linger = guest->linger;

        *guest->slot = guest->next;
        if (guest->next)
                guest->next->slot = guest->slot;
        else
                linger->last = guest->slot;
        linger->n--;

        sd_event_source_disable_unref(guest->source);
        (void) close(guest->fd);
        free(guest);
}

static void guest_leave(Guest *guest) {
        Linger *linger = guest->linger;

        guest_end(guest);
        linger->gone(linger->userdata);
}

/* Whether there may be more to come. */
static bool guest_read(Guest *guest) {
        char dropped[READ_SIZE];
        ssize_t n;

        for (unsigned i = 0; i < READS_PER_TURN && guest->n_bytes <= LINGER_BYTES_MAX; i++) {
                n = recv(guest->fd, dropped, sizeof(dropped), MSG_DONTWAIT);
                if (n <= 0)
                        return n < 0 && (errno == EAGAIN || errno == EINTR);

                guest->n_bytes += (size_t) n;
                guest->heard = now_usec(CLOCK_MONOTONIC);
        }

        return guest->n_bytes <= LINGER_BYTES_MAX;
}

static int on_readable(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Guest *guest = userdata;

        (void) source;
        (void) fd;
        (void) events;

        if (!guest_read(guest))
                guest_leave(guest);
        return 0;
}

static void sweep_arm(Linger *linger) {
        (void) sd_event_source_set_time(linger->timer, now_usec(CLOCK_MONOTONIC) + SWEEP_USEC);
        (void) sd_event_source_set_enabled(linger->timer, linger->n > 0 ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

static int on_sweep(sd_event_source *source, uint64_t usec, void *userdata) {
        uint64_t now = now_usec(CLOCK_MONOTONIC);
        Linger *linger = userdata;
        Guest *next;

        (void) source;
        (void) usec;

        for (Guest *guest = linger->first; guest; guest = next) {
                next = guest->next;
                if (now >= guest->heard + LINGER_PAUSE_USEC || now >= guest->since + LINGER_USEC)
                        guest_leave(guest);
        }

        sweep_arm(linger);
        return 0;
}

int linger_new(sd_event *event, LingerHook gone, void *userdata, Linger **ret) {
        _cleanup_(linger_freep) Linger *linger = NULL;
        int r;

        assert(event);
        assert(gone);
        assert(ret);

        linger = calloc(1, sizeof(*linger));
        if (!linger)
                return -ENOMEM;

        linger->event = sd_event_ref(event);
        linger->last = &linger->first;
        linger->gone = gone;
        linger->userdata = userdata;

        r = sd_event_add_time(event, &linger->timer, CLOCK_MONOTONIC, 0, USEC_PER_SEC / 10, on_sweep,
                              linger);
        if (r < 0)
                return r;

        r = sd_event_source_set_enabled(linger->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(linger);
        return 0;
}

Linger *linger_free(Linger *linger) {
        if (!linger)
                return NULL;

        while (linger->first)
                guest_end(linger->first);
        sd_event_source_disable_unref(linger->timer);
        sd_event_unref(linger->event);
        free(linger);
        return NULL;
}

void linger_add(Linger *linger, int fd) {
        _cleanup_close_ int owned = fd;
        Guest *guest;

        assert(linger);
        assert(fd >= 0);

        if (shutdown(fd, SHUT_WR) < 0)
                return;

        guest = calloc(1, sizeof(*guest));
        if (!guest)
                return;

        guest->linger = linger;
        guest->since = guest->heard = now_usec(CLOCK_MONOTONIC);
        if (sd_event_add_io(linger->event, &guest->source, fd, EPOLLIN, on_readable, guest) < 0) {
                free(guest);
                return;
        }

        if (linger->n == LINGER_MAX)
                guest_end(linger->first);
        guest->fd = TAKE_FD(owned);
        guest->slot = linger->last;
        *linger->last = guest;
        linger->last = &guest->next;
        linger->n++;
        if (linger->n == 1)
                sweep_arm(linger);
}

size_t linger_count(const Linger *linger) {
        assert(linger);

        return linger->n;
}
