/* SPDX-License-Identifier: MIT */
/* Calls by libcurl, and what watches share with them: see http.h. */
#include "deployerd/engine/http.h"

#include <stdio.h>

#include "deployerd/engine/http-internal.h"
#include "shared/time-util.h"

/* The host is never looked up; the engine wants one in the request. */
#define ENGINE_URL "http://engine"

#define CONNECT_TIMEOUT_MSEC 5000L

/* One running exchange. */
typedef struct Transfer {
        EngineHttp *http;
        const HttpRequest *request;
        CURL *easy;
        HttpResponse response;
        size_t room; /* bytes that are allocated for its body */
        size_t n_streamed;
        bool cut;  /* what was enough had come */
        int error; /* of a callback */
} Transfer;

int http_fail(EngineHttp *http, int error, const char *text, const char *more) {
        (void) snprintf(http->error, sizeof(http->error), "%s%s%s", text, isempty(more) ? "" : ": ",
                        strempty(more));
        return error;
}

static int http_new(const char *socket_path, const char *url, int cancel_fd, EngineHttp **ret) {
        _cleanup_(engine_http_freep) EngineHttp *http = NULL;

        /* No TLS is ever spoken here. */
        if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK)
                return -ENOMEM;

        http = calloc(1, sizeof(*http));
        if (!http)
                return -ENOMEM;

        http->cancel_fd = cancel_fd;
        (void) snprintf(http->url, sizeof(http->url), "%s", url);
        http->multi = curl_multi_init();
        if (!http->multi)
                return -ENOMEM;

        if (socket_path) {
                http->socket_path = strdup(socket_path);
                if (!http->socket_path)
                        return -ENOMEM;
        }

        *ret = TAKE_PTR(http);
        return 0;
}

int engine_http_new(const char *socket_path, int cancel_fd, EngineHttp **ret) {
        assert(socket_path);
        assert(ret);

        return http_new(socket_path, ENGINE_URL, cancel_fd, ret);
}

int engine_http_new_address(const char *address, uint16_t port, int cancel_fd, EngineHttp **ret) {
        char url[80];

        assert(address);
        assert(ret);

        (void) snprintf(url, sizeof(url), strchr(address, ':') ? "http://[%.45s]:%u" : "http://%.45s:%u",
                        address, (unsigned) port);
        return http_new(NULL, url, cancel_fd, ret);
}

EngineHttp *engine_http_free(EngineHttp *http) {
        if (!http)
                return NULL;

        curl_easy_cleanup(http->latest);
        if (http->multi)
                (void) curl_multi_cleanup(http->multi);
        free(http->socket_path);
        free(http);
        return NULL;
}

const char *engine_http_error(const EngineHttp *http) {
        assert(http);

        return http->error;
}

void http_response_done(HttpResponse *response) {
        assert(response);

        free(response->body);
        *response = (HttpResponse){ .status = 0 };
}

void engine_http_get_header(const EngineHttp *http, const char *name, char *ret, size_t size) {
        struct curl_header *header = NULL;
        bool found;

        assert(http);

        found = http->latest &&
                curl_easy_header(http->latest, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK;
        (void) snprintf(ret, size, "%s", found ? header->value : "");
}

static int transfer_append(Transfer *transfer, const char *bytes, size_t length) {
        HttpResponse *response = &transfer->response;
        size_t needed = response->length + length + 1, room = transfer->room;
        char *grown = response->body;

        if (length > HTTP_BODY_MAX - response->length)
                return http_fail(transfer->http, -EIO, "the engine's answer is too large", NULL);

        /* Doubled, or each piece of a long answer would copy all that came before it. */
        while (room < needed)
                room = room > 0 ? 2 * room : 4096;
        if (room > transfer->room)
                grown = realloc(response->body, room);
        if (!grown)
                return -ENOMEM;

        memcpy(grown + response->length, bytes, length);
        transfer->room = room;
        response->body = grown;
        response->length += length;
        grown[response->length] = '\0';
        return 0;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *userdata) {
        Transfer *transfer = userdata;
        size_t length = size * n;
        long status = 0;

        (void) curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
        transfer->n_streamed += length;
        if (transfer->request->enough > 0) {
                transfer->cut = transfer->n_streamed >= transfer->request->enough;
                return transfer->cut ? 0 : length;
        }

        if (!transfer->request->on_data || status < 200 || status > 299)
                transfer->error = transfer_append(transfer, bytes, length);
        else if (transfer->n_streamed > HTTP_STREAM_MAX)
                transfer->error = http_fail(transfer->http, -EIO, "the engine's stream is too long", NULL);
        else
                transfer->error = transfer->request->on_data(bytes, length, transfer->request->userdata);

        return transfer->error < 0 ? 0 : length;
}

CURL *http_prepare(EngineHttp *http, const char *path) {
        _cleanup_free_ char *url = NULL;
        CURL *easy;

        if (asprintf(&url, "%s%s", http->url, path) < 0) {
                url = NULL;
                return NULL;
        }

        easy = curl_easy_init();
        if (!easy)
                return NULL;

        if ((http->socket_path &&
             curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, http->socket_path) != CURLE_OK) ||
            curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK ||
            curl_easy_setopt(easy, CURLOPT_PROXY, "") != CURLE_OK) {
                curl_easy_cleanup(easy);
                return NULL;
        }

        (void) curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http");
        (void) curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
        (void) curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
        (void) curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
        (void) curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        /* A request must never be sent twice because an old connection had died. */
        (void) curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
        (void) curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        /* Calls to an address have their own, for all of it. */
        if (http->socket_path)
                (void) curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MSEC);
        (void) curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 65536L);
        return easy;
}

static int http_set_request(CURL *easy, Transfer *transfer, struct curl_slist *headers) {
        const HttpRequest *request = transfer->request;
        CURLcode code = CURLE_OK;

        if (streq(request->method, "POST")) {
                const char *body = strempty(request->body);

                (void) curl_easy_setopt(easy, CURLOPT_POST, 1L);
                (void) curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long) strlen(body));
                code = curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, body);
        } else if (!streq(request->method, "GET"))
                code = curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
        if (code != CURLE_OK)
                return -ENOMEM;

        if (request->timeout_usec > 0)
                (void) curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                                        (long) (request->timeout_usec / USEC_PER_MSEC) + 1);
        if (request->silence_usec > 0) {
                (void) curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
                (void) curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
                                        (long) (request->silence_usec / USEC_PER_SEC) + 1);
        }

        (void) curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
        (void) curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
        (void) curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
        (void) curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->http->curl_error);
        return 0;
}

bool http_take_messages(EngineHttp *http, const CURL *easy, CURLcode *ret_code) {
        CURLMsg *message;
        bool done = false;
        int left;

        while ((message = curl_multi_info_read(http->multi, &left))) {
                bool *ended = NULL;

                if (message->msg != CURLMSG_DONE)
                        continue;

                if (message->easy_handle == easy) {
                        *ret_code = message->data.result;
                        done = true;
                        continue;
                }

                (void) curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **) &ended);
                if (ended)
                        *ended = true;
        }

        return done;
}

bool http_poll(EngineHttp *http, bool listen, uint64_t usec) {
        struct curl_waitfd cancel = { .fd = http->cancel_fd, .events = CURL_WAIT_POLLIN };
        int msec = (int) (usec / USEC_PER_MSEC) + 1;

        (void) curl_multi_poll(http->multi, &cancel, listen ? 1 : 0, msec, NULL);
        return listen && cancel.revents != 0;
}

/* Runs the exchange to its end: 0 with libcurl's verdict, or -EINTR. */
static int transfer_run(Transfer *transfer, CURLcode *ret_code) {
        EngineHttp *http = transfer->http;
        uint64_t cancelled_at = 0;
        int running;

        for (;;) {
                if (curl_multi_perform(http->multi, &running) != CURLM_OK)
                        return http_fail(http, -EIO, "the transfer broke", NULL);
                if (http_take_messages(http, transfer->easy, ret_code))
                        return 0;

                if (http_poll(http, cancelled_at == 0, USEC_PER_SEC))
                        cancelled_at = now_usec(CLOCK_MONOTONIC);
                if (cancelled_at > 0 && (transfer->request->interruptible ||
                                         now_usec(CLOCK_MONOTONIC) - cancelled_at > HTTP_STEP_GRACE_USEC))
                        return http_fail(http, -EINTR, "the deployer is being stopped", NULL);
        }
}

static int transfer_judge(Transfer *transfer, CURLcode code) {
        EngineHttp *http = transfer->http;
        long status = 0, os_error = 0;
        const char *problem;

        if (transfer->error < 0)
                return transfer->error;
        if (transfer->cut)
                code = CURLE_OK;

        switch (code) {
        case CURLE_OK:
                (void) curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
                transfer->response.status = (int) status;
                return 0;
        case CURLE_OUT_OF_MEMORY:
                return -ENOMEM;
        case CURLE_COULDNT_CONNECT:
                (void) curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &os_error);
                problem = os_error > 0 ? strerror((int) os_error) : "cannot connect";
                return http->socket_path ? http_fail(http, -ECONNREFUSED, http->socket_path, problem)
                                         : http_fail(http, -ECONNREFUSED, problem, NULL);
        case CURLE_OPERATION_TIMEDOUT:
                return http_fail(http, -EIO, "the engine did not answer in time", NULL);
        default:
                return http_fail(http, -EIO, "the answer broke off",
                                 isempty(http->curl_error) ? curl_easy_strerror(code) : http->curl_error);
        }
}

/* NULL: out of memory. */
static struct curl_slist *make_headers(const EngineHttp *http, const char *more) {
        struct curl_slist *first =
                        curl_slist_append(NULL, http->socket_path ? "Content-Type: application/json"
                                                                  : "User-Agent: tinyforge");
        struct curl_slist *all = first && more ? curl_slist_append(first, more) : first;

        if (!all)
                curl_slist_free_all(first);
        return all;
}

int engine_http_call(EngineHttp *http, const HttpRequest *request, HttpResponse *ret) {
        Transfer transfer = { .http = http, .request = request };
        struct curl_slist *headers;
        CURLcode code = CURLE_OK;
        int r;

        assert(http);
        assert(request && request->method && request->path && request->path[0] == '/');
        assert(ret);

        http->curl_error[0] = '\0';
        curl_easy_cleanup(http->latest);
        http->latest = transfer.easy = http_prepare(http, request->path);
        headers = make_headers(http, request->header);
        transfer.response.body = strdup("");
        if (!transfer.easy || !headers || !transfer.response.body)
                r = -ENOMEM;
        else
                r = http_set_request(transfer.easy, &transfer, headers);

        if (r >= 0) {
                r = curl_multi_add_handle(http->multi, transfer.easy) == CURLM_OK ? 0 : -ENOMEM;
                if (r >= 0)
                        r = transfer_run(&transfer, &code);
                (void) curl_multi_remove_handle(http->multi, transfer.easy);
        }
        if (r >= 0)
                r = transfer_judge(&transfer, code);
        if (r == -ENOMEM)
                (void) http_fail(http, r, "out of memory", NULL);

        if (transfer.easy) {
                /* The handle stays for its headers only. */
                (void) curl_easy_setopt(transfer.easy, CURLOPT_HTTPHEADER, NULL);
                (void) curl_easy_setopt(transfer.easy, CURLOPT_ERRORBUFFER, NULL);
        }
        for (struct curl_slist *header = headers; header; header = header->next)
                explicit_bzero(header->data, strlen(header->data));
        curl_slist_free_all(headers);
        if (r < 0)
                http_response_done(&transfer.response);
        else
                *ret = transfer.response;
        return r;
}
