/* SPDX-License-Identifier: MIT */
/* Too many connections: see crowd.h. */
#include "webhookd/http/crowd.h"

void crowd_init(Crowd *crowd, size_t limit) {
        assert(crowd);
        assert(limit > 0);

        *crowd = (Crowd){ .limit = limit };
        crowd->last = &crowd->first;
}

static void crowd_append(Crowd *crowd, CrowdPlace *place) {
        place->next = NULL;
        place->slot = crowd->last;
        *crowd->last = place;
        crowd->last = &place->next;
}

static void crowd_unlink(Crowd *crowd, CrowdPlace *place) {
        *place->slot = place->next;
        if (place->next)
                place->next->slot = place->slot;
        else
                crowd->last = place->slot;
}

static size_t crowd_share(const Crowd *crowd) {
        size_t share = crowd->limit / CROWD_SHARES;

        if (share < CROWD_SHARE_LEAST)
                share = CROWD_SHARE_LEAST;
        return share < crowd->limit ? share : crowd->limit;
}

/* The connection that has waited longest, of those that share with `address` (NULL: of all); NULL where all have asked. */
static CrowdPlace *crowd_find_oldest(const Crowd *crowd, const PeerAddress *address) {
        for (CrowdPlace *place = crowd->first; place; place = place->next)
                if (!place->asked && !place->leaving &&
                    (!address || peer_address_shares(&place->address, address)))
                        return place;

        return NULL;
}

static size_t crowd_count_share(const Crowd *crowd, const PeerAddress *address) {
        size_t n = 0;

        for (const CrowdPlace *place = crowd->first; place; place = place->next)
                n += !place->leaving && peer_address_shares(&place->address, address);

        return n;
}

static void crowd_send_off(Crowd *crowd, CrowdPlace *place) {
        place->leaving = true;
        crowd->n--;
}

bool crowd_is_full(const Crowd *crowd) {
        assert(crowd);

        return crowd->n >= crowd->limit && !crowd_find_oldest(crowd, NULL);
}

int crowd_join(Crowd *crowd, CrowdPlace *place, CrowdPlace **ret_leaves) {
        CrowdPlace *leaves = NULL;
        bool over;

        assert(crowd);
        assert(place && !place->slot);
        assert(ret_leaves);

        over = crowd_count_share(crowd, &place->address) >= crowd_share(crowd);
        if (over || crowd->n >= crowd->limit) {
                leaves = crowd_find_oldest(crowd, over ? &place->address : NULL);
                if (!leaves)
                        return -EUSERS;

                crowd_send_off(crowd, leaves);
        }

        crowd_append(crowd, place);
        crowd->n++;
        *ret_leaves = leaves;
        return 0;
}

void crowd_part(Crowd *crowd, CrowdPlace *place) {
        assert(crowd);
        assert(place);

        if (!place->slot)
                return;

        crowd_unlink(crowd, place);
        if (!place->leaving)
                crowd->n--;
        place->slot = NULL;
        place->next = NULL;
}

void crowd_set_apart(Crowd *crowd, CrowdPlace *place) {
        crowd_part(crowd, place);
        place->apart = true;
}

void crowd_ask(Crowd *crowd, CrowdPlace *place) {
        assert(crowd);
        assert(place && place->slot);

        place->asked = true;
}

void crowd_wait(Crowd *crowd, CrowdPlace *place) {
        assert(crowd);
        assert(place && (place->slot || place->apart));

        if (place->apart)
                return;

        place->asked = false;
        crowd_unlink(crowd, place);
        crowd_append(crowd, place);
}

CrowdPlace *crowd_relieve(Crowd *crowd, size_t (*held)(const CrowdPlace *place)) {
        CrowdPlace *largest = NULL;
        size_t sum = 0, most = 0;

        assert(crowd);
        assert(held);

        for (CrowdPlace *place = crowd->first; place; place = place->next) {
                size_t bytes = place->asked || place->leaving ? 0 : held(place);

                sum += bytes;
                if (bytes > most) {
                        most = bytes;
                        largest = place;
                }
        }

        if (sum <= CROWD_BYTES_MAX)
                return NULL;

        crowd_send_off(crowd, largest);
        return largest;
}
