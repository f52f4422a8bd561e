/* SPDX-License-Identifier: MIT */
/*
 * Report: what is said of a call that failed: the daemon's own sentence, and what to do next. For the client, and for verbs
 * that called without having their faults reported. It never calls anybody.
 */
#pragma once

#include "ctl/ctl.h"
#include "ctl/peer.h"

/*
 * Prints what `error` says, and a second line with what to do about it. Returns `r`, the errno that client_try()
 * returned.
 */
int report_error(const Ctl *ctl, const Peer *peer, int r, const sd_bus_error *error);

/* Says that an answer could not be read, because of `r`. Returns -EBADMSG, or -ENOMEM where it is that. */
int report_answer(const Ctl *ctl, const Peer *peer, int r);
