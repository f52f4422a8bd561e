/* SPDX-License-Identifier: MIT */
/* Which id a delivery has: of which header, or of its event. */
#include "payload-fixture.h"

/* Reads the ids of a request with these headers. */
static int read_id(const char *head, DeliveryId *ret) {
        _cleanup_(posted_done) Posted posted = { 0 };
        char *text = NULL;
        JsonError error = { .line = 0 };
        int r;

        assert_true(asprintf(&text, "%s\n", head) > 0);
        posted_split(text, &posted);
        r = delivery_id_read(&posted.request, ret, &error);
        assert_true(r == 0 || !isempty(error.text));
        return r;
}

static void delivery_id_is_the_first_header_that_is_of_use(void **state) {
        static const struct {
                const char *head, *id;
                DeliveryIdSource source;
        } cases[] = {
                { "", "", DELIVERY_ID_NONE },
                { "x-github-delivery: a\n", "a", DELIVERY_ID_GITHUB },
                { "x-github-delivery: a\nx-gitea-delivery: b\n", "b", DELIVERY_ID_GITEA },
                { "x-github-delivery: a\nx-gitea-delivery: b\nx-forgejo-delivery: c\n", "c",
                  DELIVERY_ID_FORGEJO },
                { "x-github-delivery: a\nidempotency-key: d\n", "d", DELIVERY_ID_IDEMPOTENCY_KEY },
                { "idempotency-key: d\nwebhook-id: e\n", "e", DELIVERY_ID_WEBHOOK_ID },
                { "idempotency-key: d\nsvix-id: h\n", "h", DELIVERY_ID_WEBHOOK_ID },
                { "webhook-id: \nx-github-delivery: a\n", "a", DELIVERY_ID_GITHUB },
                { "x-gitea-delivery: \x01\nx-github-delivery: a\n", "a", DELIVERY_ID_GITHUB },
                { "ce-id: f\n", "f", DELIVERY_ID_CLOUD_EVENT },
                { "x-nexus-webhook-delivery: g\n", "g", DELIVERY_ID_NEXUS },
        };
        DeliveryId id;

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_int_equal(read_id(cases[i].head, &id), 0);
                assert_string_equal(strempty(id.text), cases[i].id);
                assert_int_equal(id.source, cases[i].source);
                delivery_id_done(&id);
        }
}

static void delivery_id_that_is_of_no_use_is_refused_from_people_only(void **state) {
        char head[DELIVERY_ID_MAX + 64], id[DELIVERY_ID_MAX + 2];
        static const struct {
                const char *name;
                int expected;
        } headers[] = { { "idempotency-key", -EBADMSG },
                        { "webhook-id", -EBADMSG },
                        { "x-github-delivery", 0 },
                        { "x-gitea-delivery", 0 },
                        { "x-forgejo-delivery", 0 } };

        (void) state;

        memset(id, 'x', sizeof(id));
        id[DELIVERY_ID_MAX + 1] = '\0';
        for (size_t i = 0; i < ELEMENTSOF(headers); i++) {
                DeliveryId read = { .source = DELIVERY_ID_NONE };

                (void) snprintf(head, sizeof(head), "%s: %s\n", headers[i].name, id);
                assert_int_equal(read_id(head, &read), headers[i].expected);
                assert_null(read.text);
        }
}

static void events_have_ids_of_their_own(void **state) {
        _cleanup_(posted_done) Posted posted = { 0 };
        PushList list = { .n = 0 };
        PayloadVerdict verdict;
        JsonError error;

        (void) state;

        posted_read("distribution/many-tags", &posted);
        assert_int_equal(payload_decode(&posted.request, NULL, &list, &verdict, &error), 0);
        assert_int_equal(list.n, 3);
        assert_string_equal(push_delivery_id(&list, &list.items[0]), "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb00");
        assert_string_equal(push_delivery_id(&list, &list.items[2]), "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb03");
        push_list_done(&list);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(delivery_id_is_the_first_header_that_is_of_use),
                cmocka_unit_test(delivery_id_that_is_of_no_use_is_refused_from_people_only),
                cmocka_unit_test(events_have_ids_of_their_own),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
