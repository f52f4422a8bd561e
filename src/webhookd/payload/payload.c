/* SPDX-License-Identifier: MIT */
/* Recognising and decoding what senders post: see payload.h. */
#include "webhookd/payload/payload.h"

#include <stdio.h>

#include "webhookd/payload/fields.h"
#include "webhookd/payload/form.h"

/* Of the name of a coding, with its NUL. */
#define CODING_SIZE 33U

/*
 * Forgejo also sends Gitea's headers, and both send GitHub's. Formats that are known by their keys follow
 * from the many keys to the few; any CloudEvent, and the generic format, look at the least.
 */
static const PayloadFormat *const formats[] = {
        &payload_forgejo,      &payload_gitea,   &payload_github,     &payload_gitlab,
        &payload_event_grid,   &payload_acr,     &payload_harbor,     &payload_ecr,
        &payload_distribution, &payload_aliyun,  &payload_docker_hub, &payload_quay,
        &payload_jfrog,        &payload_nexus,   &payload_google,     &payload_zot,
        &payload_cloudevents,  &payload_generic,
};

const PayloadFormat *payload_recognise(const Request *request, const json_t *body) {
        const PayloadFormat *found = NULL;
        Recognition best = RECOGNISED_NOT;

        assert(request);

        for (size_t i = 0; i < ELEMENTSOF(formats); i++) {
                Recognition recognition = formats[i]->recognise(request, body);

                if (recognition > best) {
                        best = recognition;
                        found = formats[i];
                }
        }

        return found;
}

/* 1 where somebody knew it, 0 where nobody did. */
static int event_decode(const Request *request, const json_t *event, PushList *list, JsonError *ret_error) {
        const PayloadFormat *format = payload_recognise(request, event);
        size_t before = list->n + list->n_ignored;
        int r;

        if (!format)
                return 0;

        if (!list->provider)
                list->provider = format->name;
        list->sender = format->name;

        r = format->decode(request, event, list, ret_error);
        if (r < 0)
                return r;

        /* A list that has nothing in it says nothing, and that is said. */
        if (before == 0 && list->n + list->n_ignored == 0)
                r = push_list_ignore(list, NULL, IGNORE_NO_IMAGE);
        return r < 0 ? r : 1;
}

static int events_decode(const Request *request, const json_t *events, PushList *list,
                         JsonError *ret_error) {
        size_t n, n_unknown = 0;
        int r;

        r = push_list_limit_events(list, json_array_size(events), &n);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n; i++) {
                r = event_decode(request, json_array_get(events, i), list, ret_error);
                if (r < 0)
                        return r;
                n_unknown += r == 0;
        }

        if (n_unknown == n)
                return 0;

        if (n_unknown > 0)
                r = push_list_ignore(list, NULL, IGNORE_UNKNOWN_EVENT);
        return r < 0 ? r : 1;
}

static int text_decode(const Request *request, Bytes text, PushList *list, JsonError *ret_error) {
        _cleanup_(json_freep) json_t *body = NULL;
        int r;

        r = json_decode(text.data, text.length, &body, ret_error);
        if (r < 0)
                return r;

        r = delivery_id_read(request, &list->delivery_id, ret_error);
        if (r < 0)
                return r;

        r = json_array_size(body) > 0 ? events_decode(request, body, list, ret_error)
                                      : event_decode(request, body, list, ret_error);
        if (r != 0)
                return r;

        (void) snprintf(ret_error->text, sizeof(ret_error->text), "no image in the body");
        return -EBADMSG;
}

int payload_form(const Request *request, char **ret_buffer, Bytes *ret) {
        size_t length;
        int r;

        assert(request);
        assert(ret_buffer);
        assert(ret);

        /* Of the senders that are known, only these post forms. */
        if (!media_type_is(request, FORM_MEDIA_TYPE) || !request_is_from_git_forge(request)) {
                *ret = (Bytes){ NULL, 0 };
                return 0;
        }

        r = form_field(request->body, "payload", ret_buffer, &length);
        if (r < 0)
                return r;

        *ret = (Bytes){ *ret_buffer, length };
        return 1;
}

/*
 * The JSON that the body is, or has in its form; -EOPNOTSUPP for another media type. `*ret_text` may borrow
 * `*ret_buffer`.
 */
static int body_text(const Request *request, char **ret_buffer, Bytes *ret_text, JsonError *ret_error) {
        int r;

        if (media_type_is_json(request)) {
                *ret_text = request->body;
                return 0;
        }

        r = payload_form(request, ret_buffer, ret_text);
        if (r == -ENOENT) {
                (void) snprintf(ret_error->text, sizeof(ret_error->text),
                                "the form has no field \"payload\"");
                return -EBADMSG;
        }
        if (r < 0)
                return r;

        return r > 0 ? 0 : -EOPNOTSUPP;
}

/* Whether a header names a coding. Its name is told as far as it is printable, and no longer than one is. */
static bool body_is_encoded(const Request *request, JsonError *ret_error) {
        for (size_t i = 0; i < request->n_headers; i++) {
                Bytes coding = request->headers[i].value;
                char name[CODING_SIZE];
                size_t n;

                if (!header_is(&request->headers[i], "content-encoding") || coding.length == 0 ||
                    bytes_are_word(coding, "identity"))
                        continue;

                for (n = 0; n < coding.length && n < sizeof(name) - 1; n++)
                        name[n] = (char) (coding.data[n] >= ' ' && coding.data[n] <= '~' ? coding.data[n]
                                                                                         : '?');
                name[n] = '\0';
                (void) snprintf(ret_error->text, sizeof(ret_error->text),
                                "the body is encoded (Content-Encoding: %s): send it as it is", name);
                return true;
        }

        return false;
}

static bool body_is_empty(const Request *request, JsonError *ret_error) {
        for (size_t i = 0; i < request->body.length; i++)
                if (request->body.data[i] == '\0' || !strchr(" \t\r\n", request->body.data[i]))
                        return false;

        (void) snprintf(ret_error->text, sizeof(ret_error->text),
                        "the body is empty: send JSON, such as {\"image\": \"registry.example.com/app:v1\"}");
        return true;
}

int payload_decode(const Request *request, char *const *host_aliases, PushList *ret,
                   PayloadVerdict *ret_verdict, JsonError *ret_error) {
        PushList list = { .host_aliases = host_aliases };
        _cleanup_free_ char *buffer = NULL;
        Bytes text = { NULL, 0 };
        int r;

        assert(request);
        assert(ret);
        assert(ret_verdict);
        assert(ret_error);

        *ret_error = (JsonError){ .line = 0 };
        if (body_is_encoded(request, ret_error)) {
                *ret_verdict = PAYLOAD_UNSUPPORTED_ENCODING;
                return 0;
        }

        r = body_text(request, &buffer, &text, ret_error);
        if ((r >= 0 || r == -EOPNOTSUPP) && body_is_empty(request, ret_error))
                r = -EBADMSG;
        if (r >= 0)
                r = text_decode(request, text, &list, ret_error);
        if (r < 0)
                push_list_done(&list);

        if (r == -EBADMSG || r == -EOPNOTSUPP) {
                *ret_verdict = r == -EBADMSG ? PAYLOAD_MALFORMED : PAYLOAD_UNSUPPORTED_MEDIA_TYPE;
                return 0;
        }
        if (r < 0)
                return r;

        *ret = list;
        *ret_verdict = PAYLOAD_OK;
        return 0;
}
