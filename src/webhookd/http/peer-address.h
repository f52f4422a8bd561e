/* SPDX-License-Identifier: MIT */
/*
 * PeerAddress: where a connection comes from, as text for the journal and as a number for the share of places that its
 * sender has (crowd.h). Knows sockets, and no HTTP library.
 */
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "shared/macro.h"

typedef struct PeerAddress {
        char text[INET6_ADDRSTRLEN + 8];
        sa_family_t family; /* AF_INET, AF_INET6; AF_UNSPEC for senders on this host, whose number means nothing */
        uint64_t number; /* the address of IPv4; of IPv6 the network of 64 bits, since its owner has all of it */
} PeerAddress;

/* An IPv4 client of a socket for both is an IPv4 client; a peer of AF_UNIX is called "unix". */
void peer_address_set(PeerAddress *address, const struct sockaddr_storage *from);

/* Of a connected socket. */
void peer_address_read(PeerAddress *address, int fd);

/* Whether both have to share their places. */
bool peer_address_shares(const PeerAddress *a, const PeerAddress *b);
