/* SPDX-License-Identifier: MIT */
/*
 * Real senders drift. Each value of each sender's body is in turn removed, made null, another type, a
 * fraction, empty, endless, or written in capitals, and keys are added. Whatever comes of it, nobody is
 * answered with an error, and nothing but the image that was pushed is deployed.
 */
#include <strings.h>

#include "payload-fixture.h"

static const char *const names[] = {
        "acr/tagged",
        "acr/without-header",
        "aliyun/tagged",
        "distribution/tagged",
        "docker-hub/tagged",
        "ecr/tagged",
        "ecr/bridge",
        "forgejo/tagged",
        "gitea/tagged",
        "github/tagged",
        "github/no-url",
        "harbor/tagged",
        "harbor/cloudevent",
        "harbor/cloudevent-binary",
        "harbor/tagged-1",
        "jfrog/tagged",
        "quay/tagged",
        "quay/object",
        "github/registry-package",
        "ecr/subject",
        "event-grid/tagged",
        "event-grid/without-header",
        "event-grid/cloudevent",
        "google/tagged",
        "google/envelope",
        "jfrog/bare",
        "nexus/tagged",
        "nexus/without-header",
        "quay/homepage",
        "quay/named-tags",
        "quay/one-tag",
        "quay/robot",
        "zot/tagged",
        "zot/structured",
        "zot/bare",
};

/* What a value becomes; NULL removes it. */
static const char *const replacements[] = {
        NULL,
        "null",
        "true",
        "7",
        "7.5",
        "-1e300",
        "\"\"",
        "\" \"",
        "\"\\u00e9\"",
        "\"a b\"",
        "[]",
        "{}",
        "[[1]]",
        "{\"v1\":null}",
        "{\"a\":{\"b\":[\"c\"]}}",
        "[\"\",null,{}]",
};

typedef struct Drift {
        const char *name;
        Posted *posted;
        json_t *body;
        const PushList *expected;
        unsigned n;
} Drift;

static bool same(const char *a, const char *b) {
        return strcasecmp(strempty(a), strempty(b)) == 0;
}

/* The same image, whose digest may be gone, and whose tag has capitals where the sender wrote them. */
static bool push_is_expected(const ImageRef *ref, const PushList *expected) {
        for (size_t i = 0; i < expected->n; i++) {
                const ImageRef *other = expected->items[i].ref;

                if (streq(ref->domain, other->domain) && streq(ref->path, other->path) &&
                    same(ref->tag, other->tag) && (!ref->digest || same(ref->digest, other->digest)))
                        return true;
        }

        return false;
}

static void drift_check(Drift *drift, const char *what) {
        _cleanup_free_ char *text = NULL;
        Request request = drift->posted->request;
        PushList list = { .n = 0 };
        PayloadVerdict verdict;
        JsonError error;

        assert_int_equal(json_encode(drift->body, &text), 0);
        request.body = bytes(text);
        assert_int_equal(payload_decode(&request, fixture_aliases, &list, &verdict, &error), 0);
        if (verdict != PAYLOAD_OK)
                fail_msg("%s, %s: refused: %s", drift->name, what, text);

        assert_true(list.n + list.n_ignored > 0);
        for (size_t i = 0; i < list.n; i++)
                if (!push_is_expected(list.items[i].ref, drift->expected))
                        fail_msg("%s, %s: %s/%s:%s", drift->name, what, list.items[i].ref->domain,
                                 list.items[i].ref->path, list.items[i].ref->tag);
        push_list_done(&list);
        drift->n++;
}

/* Puts `value` (taken over) at `key` or `index` of `container`; NULL removes it. */
static void place(json_t *container, const char *key, size_t index, json_t *value) {
        if (key)
                assert_int_equal(value ? json_object_set_new(container, key, value)
                                       : json_object_del(container, key),
                                 0);
        else
                assert_int_equal(value ? json_array_set_new(container, index, value)
                                       : json_array_remove(container, index),
                                 0);
}

/* As it was; a removed element comes back to its place. */
static void restore(json_t *container, const char *key, size_t index, json_t *value, bool removed) {
        if (!key && removed)
                assert_int_equal(json_array_insert(container, index, value), 0);
        else
                place(container, key, index, json_incref(value));
}

static json_t *capitals(const json_t *value) {
        char *text = strdup(json_string_value(value));
        json_t *j;

        assert_non_null(text);
        for (char *p = text; *p; p++)
                if (*p >= 'a' && *p <= 'z')
                        *p = (char) (*p - 'a' + 'A');
        j = json_string(text);
        free(text);
        return j;
}

static json_t *endless(void) {
        char text[3001];

        memset(text, 'a', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        return json_string(text);
}

static void drift_value(Drift *drift, json_t *container, const char *key, size_t index, json_t *value) {
        const char *what = key ? key : "an element";

        json_incref(value);
        for (size_t i = 0; i < ELEMENTSOF(replacements); i++) {
                json_t *other = NULL;
                JsonError error;

                if (replacements[i])
                        assert_int_equal(json_decode(replacements[i], strlen(replacements[i]), &other,
                                                     &error),
                                         0);
                place(container, key, index, other);
                drift_check(drift, what);
                restore(container, key, index, value, !replacements[i]);
        }

        if (json_is_string(value)) {
                place(container, key, index, capitals(value));
                drift_check(drift, what);
                place(container, key, index, endless());
                drift_check(drift, what);
                restore(container, key, index, value, false);
        }
        json_decref(value);
}

static void drift_walk(Drift *drift, json_t *container) {
        const char *key;
        void *next;
        json_t *value;

        if (json_is_object(container)) {
                /* Not by the iterator, which a removal would end. */
                _cleanup_(json_freep) json_t *copy = json_copy(container);

                json_object_foreach_safe(copy, next, key, value) {
                        drift_value(drift, container, key, 0, value);
                        drift_walk(drift, value);
                }
                assert_int_equal(json_object_set_new(container, "x-new", json_pack("{s:[i]}", "image", 1)),
                                 0);
                drift_check(drift, "a key more");
                assert_int_equal(json_object_del(container, "x-new"), 0);
        }

        for (size_t i = 0; i < json_array_size(container); i++) {
                value = json_array_get(container, i);
                drift_value(drift, container, NULL, i, value);
                drift_walk(drift, value);
        }
}

static void drift_of_any_value_is_no_error_and_no_other_deploy(void **state) {
        unsigned n = 0;

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_(posted_done) Posted posted = { 0 };
                _cleanup_(push_list_done) PushList expected = { .n = 0 };
                Drift drift = { .name = names[i], .posted = &posted, .expected = &expected };
                PayloadVerdict verdict;
                JsonError error;

                posted_read(names[i], &posted);
                assert_int_equal(payload_decode(&posted.request, fixture_aliases, &expected, &verdict,
                                                &error),
                                 0);
                assert_true(verdict == PAYLOAD_OK && expected.n > 0);
                assert_int_equal(json_decode(posted.request.body.data, posted.request.body.length,
                                             &drift.body, &error),
                                 0);
                drift_walk(&drift, drift.body);
                json_decref(drift.body);
                n += drift.n;
        }

        print_message("# %u bodies\n", n);
        assert_true(n > 5000);
}

/* A head that names the sender makes anything its own. */
static void drift_of_a_whole_body_is_ignored_where_the_head_names_the_sender(void **state) {
        static const char *const heads[] = {
                "x-github-event: package",
                "x-github-event: never_seen",
                "x-gitea-event: package",
                "x-forgejo-event: package",
                "x-gitlab-event: Job Hook",
                "user-agent: AzureContainerRegistry/1.0",
                "content-type: application/vnd.docker.distribution.events.v2+json",
                "content-type: application/cloudevents+json",
                "ce-type: com.amazon.ecr.image.push",
                "ce-type: harbor.artifact.pushed",
                "ce-type: zotregistry.image.updated",
                "aeg-event-type: Notification",
                "aeg-event-type: SubscriptionValidation",
                "x-nexus-webhook-id: rm:repository:component",
        };
        static const char *const bodies[] = {
                "{}", "[]", "null", "7", "\"x\"", "[{}]", "{\"hello\":\"world\"}"
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(heads); i++)
                for (size_t k = 0; k < ELEMENTSOF(bodies); k++) {
                        _cleanup_(posted_done) Posted posted = { 0 };
                        char described[256], *text = NULL;

                        assert_true(asprintf(&text, "%s\n\n%s", heads[i], bodies[k]) > 0);
                        posted_split(text, &posted);
                        request_describe(&posted.request, NULL, described, sizeof(described), NULL);
                        if (described[0] != '-')
                                fail_msg("%s, %s: %s", heads[i], bodies[k], described);
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(drift_of_any_value_is_no_error_and_no_other_deploy),
                cmocka_unit_test(drift_of_a_whole_body_is_ignored_where_the_head_names_the_sender),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
