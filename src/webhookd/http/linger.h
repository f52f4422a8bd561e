/* SPDX-License-Identifier: MIT */
/*
 * Linger: connections whose answer is sent, though their clients may still be sending. Were they closed at once, the kernel
 * would reset them, and a reset can overtake the answer. What arrives is read and dropped, until the client ends or a limit is
 * met. Knows sockets, and no HTTP library.
 */
#pragma once

#include <systemd/sd-event.h>

#include "shared/macro.h"

/* Connections; beyond, the oldest is closed. */
#define LINGER_MAX 64U
/* What one may send, and for how long: without a pause, and altogether. */
#define LINGER_BYTES_MAX  ((size_t) 64 * 1024 * 1024)
#define LINGER_PAUSE_USEC (2 * USEC_PER_SEC)
#define LINGER_USEC       (30 * USEC_PER_SEC)

typedef struct Linger Linger;

/* Called when one is gone. */
typedef void (*LingerHook)(void *userdata);

int linger_new(sd_event *event, LingerHook gone, void *userdata, Linger **ret);
Linger *linger_free(Linger *linger);
DEFINE_CLEANUP(Linger, linger_free)

/* Ends our half of the connection, and takes over its descriptor. */
void linger_add(Linger *linger, int fd);

size_t linger_count(const Linger *linger);
