/* SPDX-License-Identifier: MIT */
/*
 * Crowd: all open connections, and which of them makes room when there are too many. Whoever has asked for something is
 * answered; of the others the oldest goes, so that a place cannot be held by saying nothing, or little. A sender that is not
 * on this host has a share of the places: beyond it, its own connections make room. Whose answer is held back has proved that it has a
 * secret, and is set apart: it takes no place from anybody, and nobody takes its own (waiters.h limits their number). Pure.
 */
#pragma once

#include "webhookd/http/peer-address.h"

/* The share of one sender: that part of all places, but not fewer than the least one. */
#define CROWD_SHARES      8U
#define CROWD_SHARE_LEAST 16U

/* What the requests that are not complete may take together, bytes. */
#define CROWD_BYTES_MAX ((size_t) 64 * 1024 * 1024)

/* A connection's place. Its owner embeds it. */
typedef struct CrowdPlace CrowdPlace;

struct CrowdPlace {
        PeerAddress address;
        bool asked;   /* its request is complete, and its answer is not through */
        bool leaving; /* it was told to make room, and is no longer counted */
        bool apart;   /* it is in no list, and not counted */
        CrowdPlace *next, **slot;
};

typedef struct Crowd {
        CrowdPlace *first, **last; /* that which has waited longest first */
        size_t n;                  /* without those that leave */
        size_t limit;
} Crowd;

void crowd_init(Crowd *crowd, size_t limit);

/* Whether all places are taken by connections that have asked: one more would have to wait. */
bool crowd_is_full(const Crowd *crowd);

/*
 * Gives a place to a newcomer, whose address is set, and marks whoever has to make room for it (`*ret_leaves`, or NULL).
 * -EUSERS: it has none, since all of the sender's share, or all places, are taken by connections that have asked.
 */
int crowd_join(Crowd *crowd, CrowdPlace *place, CrowdPlace **ret_leaves);

/* The connection is gone. */
void crowd_part(Crowd *crowd, CrowdPlace *place);

/* Its answer is held back. It stays apart until it is gone: it has no further request. */
void crowd_set_apart(Crowd *crowd, CrowdPlace *place);

/* Its request is complete; its answer is through, and it has its next request to send. */
void crowd_ask(Crowd *crowd, CrowdPlace *place);
void crowd_wait(Crowd *crowd, CrowdPlace *place);

/*
 * Where the connections that have not asked hold more than CROWD_BYTES_MAX together, marks the one that holds most; to be
 * called until NULL. `held` tells the bytes of one.
 */
CrowdPlace *crowd_relieve(Crowd *crowd, size_t (*held)(const CrowdPlace *place));
