/* SPDX-License-Identifier: MIT */
/* Requests against an in-memory store, each in a turn of its own, and what is read from their answers. */
#pragma once

#include <stdio.h>

#include "counts.h"
#include "shared/json.h"
#include "unit.h"
#include "webhookd/delivery/delivery.h"

typedef struct Fixture {
        Store *store;
        Outbox *outbox;
        Delivery *delivery;
        Hooks *hooks;
        WebhookConfig config;
        Progress progress;
        char *path;
        unsigned n_notices;
        uint64_t open[DEPLOYS_TOLD_MAX]; /* of the answer that was refreshed last */
        size_t n_open;
        uint64_t wait_usec; /* of the last answer */
} Fixture;

static inline void count_notice(const Notice *notice, void *userdata) {
        Fixture *f = userdata;

        (void) notice;

        f->n_notices++;
}

static inline int setup(void **state) {
        Fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        f->config = (WebhookConfig){ .auto_create = true, .auto_create_max = 100, .max_queued = 1000 };
        assert_int_equal(store_open(":memory:", &f->store), 0);
        assert_int_equal(hooks_new(f->store, SIGNATURE_RULE_OPTIONAL, &f->hooks), 0);
        assert_int_equal(secret_path(&hooks_at(f->hooks, 0)->secret, &f->path), 0);
        assert_int_equal(outbox_new(count_notice, f, &f->outbox), 0);
        assert_int_equal(delivery_new(f->store, f->hooks, &f->config, f->outbox, &f->progress, &f->delivery),
                         0);
        *state = f;
        return 0;
}

static inline int teardown(void **state) {
        Fixture *f = *state;

        delivery_free(f->delivery);
        outbox_free(f->outbox);
        hooks_free(f->hooks);
        assert_counts(f->store);
        store_free(f->store);
        secret_path_free(f->path);
        free(f);
        return 0;
}

static inline Bytes bytes(const char *text) {
        return (Bytes){ text, strlen(text) };
}

/* Handles one request and ends its turn. Returns the status; `*ret_json` (may be NULL) is the body. */
static inline int request(Fixture *f, const char *method, const char *path, const Header *headers,
                          size_t n_headers, const char *body, json_t **ret_json) {
        Request q = {
                .method = bytes(method),
                .path = bytes(path),
                .body = bytes(body),
                .headers = headers,
                .n_headers = n_headers,
                .remote = "192.0.2.1",
        };
        Answer answer;
        JsonError error;
        int status;

        delivery_handle(f->delivery, &q, &answer);
        if (store_is_open(f->store))
                assert_int_equal(store_commit(f->store), 0);
        (void) outbox_flush(f->outbox);
        if (answer.deploys)
                delivery_refresh(f->delivery, &answer, f->open, &f->n_open);

        if (ret_json)
                assert_int_equal(json_decode(answer.body, strlen(answer.body), ret_json, &error), 0);
        status = answer.status;
        f->wait_usec = answer.wait_usec;
        answer_done(&answer);
        return status;
}

static inline int post(Fixture *f, const char *body, json_t **ret_json) {
        return request(f, "POST", f->path, NULL, 0, body, ret_json);
}

static inline int post_id(Fixture *f, const char *id, const char *body, json_t **ret_json) {
        Header header = { bytes("idempotency-key"), bytes(id) };

        return request(f, "POST", f->path, &header, 1, body, ret_json);
}

static inline json_t *first_deploy(json_t *answer) {
        return json_array_get(json_object_get(answer, "deploys"), 0);
}

static inline const char *ignored_reason(json_t *answer) {
        return json_get_string(json_array_get(json_object_get(answer, "ignored"), 0), "reason");
}

static inline uint64_t count(Fixture *f, DeployState state) {
        uint64_t n = 0;

        assert_int_equal(store_count_deploys(f->store, state, &n), 0);
        return n;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
