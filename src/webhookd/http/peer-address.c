/* SPDX-License-Identifier: MIT */
/* Who is at the other end: see peer-address.h. */
#include "webhookd/http/peer-address.h"

#include <arpa/inet.h>
#include <stdio.h>

static void set_ipv4(PeerAddress *address, const void *bytes) {
        uint32_t number;

        memcpy(&number, bytes, sizeof(number));
        number = ntohl(number);
        (void) inet_ntop(AF_INET, bytes, address->text, sizeof(address->text));
        if (number >> 24 != IN_LOOPBACKNET) {
                address->family = AF_INET;
                address->number = number;
        }
}

static void set_ipv6(PeerAddress *address, const struct in6_addr *in6) {
        (void) inet_ntop(AF_INET6, in6, address->text, sizeof(address->text));
        if (!IN6_IS_ADDR_LOOPBACK(in6)) {
                address->family = AF_INET6;
                memcpy(&address->number, in6->s6_addr, sizeof(address->number));
        }
}

void peer_address_set(PeerAddress *address, const struct sockaddr_storage *from) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *) from;

        assert(address);
        assert(from);

        *address = (PeerAddress){ .text = "?", .family = AF_UNSPEC };
        if (from->ss_family == AF_UNIX)
                (void) snprintf(address->text, sizeof(address->text), "unix");
        else if (from->ss_family == AF_INET)
                set_ipv4(address, &((const struct sockaddr_in *) from)->sin_addr);
        else if (from->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
                set_ipv4(address, &in6->sin6_addr.s6_addr[12]);
        else if (from->ss_family == AF_INET6)
                set_ipv6(address, &in6->sin6_addr);
}

void peer_address_read(PeerAddress *address, int fd) {
        struct sockaddr_storage from = { 0 };
        socklen_t length = sizeof(from);

        assert(address);
        assert(fd >= 0);

        if (getpeername(fd, (struct sockaddr *) &from, &length) < 0)
                from.ss_family = AF_UNSPEC;
        peer_address_set(address, &from);
}

bool peer_address_shares(const PeerAddress *a, const PeerAddress *b) {
        assert(a);
        assert(b);

        return a->family != AF_UNSPEC && a->family == b->family && a->number == b->number;
}
