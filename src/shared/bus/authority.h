/* SPDX-License-Identifier: MIT */
/*
 * Authority: who may call which method of a daemon. Root may call all of them; a table says of each who else may: anyone,
 * the peer, or whom polkit lets. polkit is asked without waiting for it. A method whose call has to wait is left, and run
 * again from its beginning when the answer is here, so that it looks anew at what may have changed. Whatever cannot be
 * found out is a refusal.
 *
 *     r = authority_check(authority, message, &details, &uid, error);
 *     if (r != 0)
 *             return r;
 *
 * sd_bus_query_sender_privilege() is not used: it grants everything to callers of the daemon's own user.
 */
#pragma once

#include "shared/bus/polkit.h"

typedef struct Authority Authority;

/* Calls that wait for polkit, and those of one user, so that nobody takes all the places. Root never waits. */
#define AUTHORITY_PENDING_MAX      32U
#define AUTHORITY_PENDING_USER_MAX 8U

/* One method. Root may call it in any case. */
typedef struct AuthorityRule {
        const char *member;
        const char *action; /* whom polkit allows this may call it; NULL: it is not asked */
        bool peer;          /* the peer's user may */
        bool anyone;        /* everybody may */
} AuthorityRule;

/* `rules` is borrowed. `peer` is the name of a user, and may be NULL; where there is no such user it is nobody. */
int authority_new(sd_bus *bus, const AuthorityRule *rules, size_t n_rules, const char *peer,
                  Authority **ret);
/* Forgets the calls that wait. */
Authority *authority_free(Authority *authority);
DEFINE_CLEANUP(Authority, authority_free)

/*
 * To be called by a method that has read and checked its arguments, and has changed nothing yet. Returns 0, and the caller's
 * uid: go on. More than 0: polkit has been asked; the method returns this to sd-bus, and runs again later. Negative: refused,
 * with `error` set. `details` is for polkit; a call whose details are others when it runs again is refused.
 */
int authority_check(Authority *authority, sd_bus_message *message, const PolkitDetails *details,
                    uid_t *ret_uid, sd_bus_error *error);

/* Whether no call waits. */
bool authority_is_idle(const Authority *authority);

/* The daemon ends: refuses the calls that wait, and has nobody asked for a password any more. */
void authority_stop(Authority *authority);
