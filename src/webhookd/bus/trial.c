/* SPDX-License-Identifier: MIT */
/* TestPayload(): what a delivery would do. Headers and body are held to the limits that they have over HTTP. */
#include <ctype.h>

#include "shared/bus/errors.h"
#include "shared/log.h"
#include "webhookd/bus/access.h"
#include "webhookd/bus/reply.h"
#include "webhookd/bus/trial.h"

/* What a call says, as a request; text and names are borrowed from the message, but for the small letters. */
typedef struct Posted {
        const Hook *hook;
        Header headers[REQUEST_HEADERS_MAX];
        char *names[REQUEST_HEADERS_MAX]; /* owned */
        size_t n;
        Bytes body;
} Posted;

static void posted_done(Posted *posted) {
        for (size_t i = 0; i < posted->n; i++)
                free(posted->names[i]);
        posted->n = 0;
}

/* The characters of a token of RFC 9110. */
static bool name_is_token(const char *name) {
        static const char characters[] = "!#$%&'*+-.^_`|~0123456789"
                                         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

        return !isempty(name) && strspn(name, characters) == strlen(name);
}

static int add_header(Posted *posted, const char *name, const char *value, sd_bus_error *error) {
        char *small;

        if (posted->n == REQUEST_HEADERS_MAX)
                return sd_bus_error_setf(error, ERROR_INVALID_OPTION, "A request has at most %u headers",
                                         REQUEST_HEADERS_MAX);
        if (!name_is_token(name) || strpbrk(value, "\r\n"))
                return sd_bus_error_set(error, ERROR_INVALID_OPTION,
                                        "A header is a name without blanks, and a value of one line");

        small = strdup(name);
        if (!small)
                return -ENOMEM;

        for (char *c = small; *c; c++)
                *c = (char) tolower((unsigned char) *c);
        posted->headers[posted->n] = (Header){ { small, strlen(small) }, { value, strlen(value) } };
        posted->names[posted->n++] = small;
        return 0;
}

static int read_headers(sd_bus_message *message, Posted *posted, sd_bus_error *error) {
        const char *name, *value;
        int r;

        r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "(ss)");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_read(message, "(ss)", &name, &value)) > 0) {
                r = add_header(posted, name, value, error);
                if (r < 0)
                        return r;
        }

        return r < 0 ? r : sd_bus_message_exit_container(message);
}

static int read_body(sd_bus_message *message, Posted *posted, sd_bus_error *error) {
        const void *bytes = NULL;
        size_t length = 0;
        int r;

        r = sd_bus_message_read_array(message, SD_BUS_TYPE_BYTE, &bytes, &length);
        if (r < 0)
                return r;

        if (length > BODY_MAX)
                return sd_bus_error_setf(error, ERROR_INVALID_OPTION,
                                         "A body has at most %u bytes: what is larger is answered 413",
                                         BODY_MAX);

        posted->body = (Bytes){ length > 0 ? bytes : "", length };
        return 0;
}

static int read_posted(const Manager *manager, sd_bus_message *message, Posted *posted,
                       sd_bus_error *error) {
        const char *name;
        int r;

        r = sd_bus_message_read(message, "s", &name);
        if (r >= 0 && !isempty(name))
                r = call_check_hook(name, error);
        if (r < 0)
                return r;

        posted->hook = hooks_find(manager->webhooks, isempty(name) ? HOOK_MAIN : name);
        if (!posted->hook)
                return sd_bus_error_setf(error, ERROR_NO_SUCH_HOOK, "There is no hook '%s'", name);

        r = read_headers(message, posted, error);
        return r < 0 ? r : read_body(message, posted, error);
}

static int append_pushes(sd_bus_message *reply, const Trial *trial) {
        int r;

        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(sssssb)");
        for (size_t i = 0; r >= 0 && i < trial->n; i++) {
                const TrialPush *push = &trial->pushes[i];

                r = sd_bus_message_append(reply, "(sssssb)", push->image, push->project, push->stage,
                                          push->outcome, push->reason, (int) push->creates_project);
        }

        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int reply_trial(sd_bus_message *message, const Trial *trial) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "usss", (unsigned) trial->answer.status,
                                          strempty(trial->answer.body), strempty(trial->provider),
                                          trial_signature(trial));
        if (r >= 0)
                r = append_pushes(reply, trial);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

int method_test_payload(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(trial_done) Trial trial = { .n = 0 };
        _cleanup_(posted_done) Posted posted = { .n = 0 };
        Manager *manager = userdata;
        Request request;
        uid_t uid;
        int r;

        /* Whoever may call this learns whether a signature is right without sending a request that is logged. */
        r = manager_begin(manager, message, CALL_ALL, NULL, &uid, error);
        if (r != 0)
                return r;

        r = read_posted(manager, message, &posted, error);
        if (r < 0)
                return r;

        request = (Request){
                .method = { "POST", 4 },
                .path = { "", 0 },
                .body = posted.body,
                .headers = posted.headers,
                .n_headers = posted.n,
        };
        r = delivery_try(manager->delivery, posted.hook, &request, &trial);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);

        return reply_trial(message, &trial);
}
