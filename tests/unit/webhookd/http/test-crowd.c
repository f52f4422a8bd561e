/* SPDX-License-Identifier: MIT */
#include "webhookd/http/crowd.h"

#include <arpa/inet.h>

#include "unit.h"

static PeerAddress address_of(const char *text) {
        struct sockaddr_storage from = { 0 };
        PeerAddress address;

        if (inet_pton(AF_INET, text, &((struct sockaddr_in *) &from)->sin_addr) == 1)
                from.ss_family = AF_INET;
        else if (inet_pton(AF_INET6, text, &((struct sockaddr_in6 *) &from)->sin6_addr) == 1)
                from.ss_family = AF_INET6;
        else
                from.ss_family = AF_UNIX;

        peer_address_set(&address, &from);
        return address;
}

static CrowdPlace place_of(const char *text) {
        return (CrowdPlace){ .address = address_of(text) };
}

static CrowdPlace *join(Crowd *crowd, CrowdPlace *place) {
        CrowdPlace *leaves;

        assert_int_equal(crowd_join(crowd, place, &leaves), 0);
        return leaves;
}

static void crowd_lets_the_oldest_without_a_request_go(void **state) {
        CrowdPlace places[4], *leaves;
        Crowd crowd;

        (void) state;

        crowd_init(&crowd, 3);
        for (size_t i = 0; i < 4; i++)
                places[i] = place_of("127.0.0.1");
        for (size_t i = 0; i < 3; i++)
                assert_null(join(&crowd, &places[i]));

        crowd_ask(&crowd, &places[0]);
        leaves = join(&crowd, &places[3]);
        assert_ptr_equal(leaves, &places[1]);
        assert_int_equal(crowd.n, 3);
        crowd_part(&crowd, leaves);
        assert_int_equal(crowd.n, 3);
}

static void crowd_counts_who_was_answered_as_the_youngest(void **state) {
        CrowdPlace places[3];
        Crowd crowd;

        (void) state;

        crowd_init(&crowd, 2);
        for (size_t i = 0; i < 3; i++)
                places[i] = place_of("unix");
        join(&crowd, &places[0]);
        join(&crowd, &places[1]);
        crowd_ask(&crowd, &places[0]);
        crowd_wait(&crowd, &places[0]);
        assert_ptr_equal(join(&crowd, &places[2]), &places[1]);
}

static void crowd_of_those_who_have_asked_is_full(void **state) {
        CrowdPlace places[3], *leaves;
        Crowd crowd;

        (void) state;

        crowd_init(&crowd, 2);
        for (size_t i = 0; i < 3; i++)
                places[i] = place_of("127.0.0.1");
        for (size_t i = 0; i < 2; i++) {
                join(&crowd, &places[i]);
                assert_false(crowd_is_full(&crowd));
                crowd_ask(&crowd, &places[i]);
        }

        assert_true(crowd_is_full(&crowd));
        assert_int_equal(crowd_join(&crowd, &places[2], &leaves), -EUSERS);
        crowd_part(&crowd, &places[0]);
        assert_false(crowd_is_full(&crowd));
        assert_null(join(&crowd, &places[2]));
}

static void crowd_gives_the_places_of_those_that_are_set_apart_to_others(void **state) {
        CrowdPlace places[5];
        Crowd crowd;

        (void) state;

        crowd_init(&crowd, 2);
        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                places[i] = place_of("192.0.2.1");
        for (size_t i = 0; i < 2; i++) {
                assert_null(join(&crowd, &places[i]));
                crowd_ask(&crowd, &places[i]);
        }
        assert_true(crowd_is_full(&crowd));
        crowd_set_apart(&crowd, &places[0]);
        crowd_set_apart(&crowd, &places[1]);
        assert_int_equal(crowd.n, 0);
        assert_null(join(&crowd, &places[2]));
        assert_null(join(&crowd, &places[3]));

        /* Its answer is through: it has no place to come back to. */
        crowd_wait(&crowd, &places[0]);
        assert_ptr_equal(join(&crowd, &places[4]), &places[2]);
        crowd_part(&crowd, &places[0]);
        crowd_part(&crowd, &places[1]);
        assert_int_equal(crowd.n, 2);

        /* One that was to make room and has asked for something meanwhile is not counted twice. */
        crowd_set_apart(&crowd, &places[2]);
        assert_int_equal(crowd.n, 2);
}

static void crowd_gives_one_address_its_share_alone(void **state) {
        CrowdPlace places[CROWD_SHARE_LEAST + 1], other = place_of("192.0.2.2"), *leaves;
        Crowd crowd;

        (void) state;

        crowd_init(&crowd, CROWD_SHARES * CROWD_SHARE_LEAST);
        assert_null(join(&crowd, &other));
        for (size_t i = 0; i < CROWD_SHARE_LEAST; i++) {
                places[i] = place_of("192.0.2.1");
                assert_null(join(&crowd, &places[i]));
        }

        places[CROWD_SHARE_LEAST] = place_of("192.0.2.1");
        leaves = join(&crowd, &places[CROWD_SHARE_LEAST]);
        assert_ptr_equal(leaves, &places[0]);
        assert_false(other.leaving);
}

static void crowd_of_this_host_has_no_share(void **state) {
        CrowdPlace places[3 * (CROWD_SHARE_LEAST + 1)];
        static const char *const here[] = { "127.0.0.1", "::1", "unix" };
        Crowd crowd;

        (void) state;

        crowd_init(&crowd, CROWD_SHARES * CROWD_SHARE_LEAST);
        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                places[i] = place_of(here[i % 3]);
                assert_null(join(&crowd, &places[i]));
        }
}

static void addresses_of_one_network_share(void **state) {
        static const struct {
                const char *a, *b;
                bool shares;
        } cases[] = {
                { "192.0.2.1", "192.0.2.1", true },
                { "192.0.2.1", "192.0.2.2", false },
                { "::ffff:192.0.2.1", "192.0.2.1", true },
                { "2001:db8:0:1::1", "2001:db8:0:1:ffff::9", true },
                { "2001:db8:0:1::1", "2001:db8:0:2::1", false },
                { "127.0.0.1", "127.0.0.1", false },
                { "::1", "::1", false },
                { "::ffff:127.0.0.1", "::ffff:127.0.0.1", false },
                { "unix", "unix", false },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                PeerAddress a = address_of(cases[i].a), b = address_of(cases[i].b);

                assert_int_equal(peer_address_shares(&a, &b), cases[i].shares);
        }
        assert_string_equal(address_of("::ffff:192.0.2.1").text, "192.0.2.1");
        assert_string_equal(address_of("unix").text, "unix");
}

/* Whose number is 1 holds as much as all may together. */
static size_t held(const CrowdPlace *place) {
        return place->address.number == 1 ? CROWD_BYTES_MAX : 1;
}

static void crowd_is_relieved_of_what_holds_most(void **state) {
        CrowdPlace places[3];
        Crowd crowd;

        (void) state;

        crowd_init(&crowd, 8);
        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                places[i] = place_of("127.0.0.1");
                join(&crowd, &places[i]);
        }
        assert_null(crowd_relieve(&crowd, held));

        places[1].address.number = 1;
        assert_ptr_equal(crowd_relieve(&crowd, held), &places[1]);
        assert_null(crowd_relieve(&crowd, held));

        /* What is complete is answered. */
        places[2].address.number = 1;
        crowd_ask(&crowd, &places[2]);
        assert_null(crowd_relieve(&crowd, held));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(crowd_lets_the_oldest_without_a_request_go),
                cmocka_unit_test(crowd_counts_who_was_answered_as_the_youngest),
                cmocka_unit_test(crowd_of_those_who_have_asked_is_full),
                cmocka_unit_test(crowd_gives_the_places_of_those_that_are_set_apart_to_others),
                cmocka_unit_test(crowd_gives_one_address_its_share_alone),
                cmocka_unit_test(crowd_of_this_host_has_no_share),
                cmocka_unit_test(addresses_of_one_network_share),
                cmocka_unit_test(crowd_is_relieved_of_what_holds_most),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
