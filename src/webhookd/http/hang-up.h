/* SPDX-License-Identifier: MIT */
/*
 * HangUp: notices that the peer of a connection ends it while its answer is held back. libh2o reads nothing then, and would learn it
 * when it writes. Who is gone needs no answer, and who is not gets one at once. Knows sockets, and no HTTP library.
 */
#pragma once

#include <systemd/sd-event.h>

#include "webhookd/waiters.h"

typedef struct HangUp HangUp;

/*
 * Wakes the waiter, once at most: whether the peer is gone, or has only ended its half and still reads, cannot be told apart. Borrows
 * everything; the descriptor has to outlive this.
 */
int hang_up_new(sd_event *event, int fd, Waiters *waiters, Waiter *waiter, HangUp **ret);
HangUp *hang_up_free(HangUp *hang_up);
DEFINE_CLEANUP(HangUp, hang_up_free)
