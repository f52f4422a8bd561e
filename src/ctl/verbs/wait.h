/* SPDX-License-Identifier: MIT */
/*
 * Wait: until a deploy is over. The signal QueueChanged is what is waited for; now and then webhookd is asked as well,
 * so that a signal which never comes (the daemon was killed) holds nobody for ever.
 */
#pragma once

#include "ctl/ctl.h"

typedef struct Wait Wait;

/*
 * Subscribes to the signal, unless --no-wait was given; to be called before the deploy is asked for, so that no signal
 * comes too early. `ctl` has to outlive it. Reports its faults.
 */
int wait_new(Ctl *ctl, Wait **ret);
Wait *wait_free(Wait *wait);
DEFINE_CLEANUP(Wait, wait_free)

Ctl *wait_ctl(const Wait *wait);

/*
 * 0 when the deploy is over; CTL_EXIT_INTERRUPTED after Ctrl-C, which ends the waiting and not the deploy; -ETIMEDOUT after
 * the time that the options of `ctl` give, and other faults; reported. With --follow it shows the way to there.
 */
int wait_for_deploy(Wait *wait, uint64_t id, const char *project, const char *stage);
