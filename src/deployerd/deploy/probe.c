/* SPDX-License-Identifier: MIT */
/* One question to a container: see probe.h. */
#include "deployerd/deploy/probe.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/poll.h>
#include <sys/socket.h>

#include "deployerd/engine/http.h"
#include "deployerd/text.h"
#include "shared/time-util.h"

/* "tcp://172.17.0.3:8080" or "http://[fd00::3]:8080/healthz", and `words`. */
static int probe_say(const Probe *probe, int verdict, char ret_text[static PROBE_TEXT_SIZE],
                     const char *words) {
        bool v6 = strchr(probe->address, ':') != NULL;

        (void) snprintf(ret_text, PROBE_TEXT_SIZE, "%s://%s%.45s%s:%" PRIu16 "%.255s%.128s",
                        probe->path ? "http" : "tcp", v6 ? "[" : "", probe->address, v6 ? "]" : "",
                        probe->port, strempty(probe->path), words);
        text_clean(ret_text);
        return verdict;
}

static int probe_say_problem(const Probe *probe, const char *problem,
                             char ret_text[static PROBE_TEXT_SIZE]) {
        char words[128];

        (void) snprintf(words, sizeof(words), ": %c%s", tolower((unsigned char) problem[0]),
                        problem[0] ? problem + 1 : "");
        return probe_say(probe, 0, ret_text, words);
}

static int probe_say_silent(const Probe *probe, char ret_text[static PROBE_TEXT_SIZE]) {
        char words[64];

        (void) snprintf(words, sizeof(words), ": no answer within %.3gs",
                        (double) probe->timeout_usec / (double) USEC_PER_SEC);
        return probe_say(probe, 0, ret_text, words);
}

/* -EINVAL: no numeric address. */
static int probe_address(const Probe *probe, struct sockaddr_storage *ret, socklen_t *ret_length) {
        struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(probe->port) };
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(probe->port) };

        if (inet_pton(AF_INET, probe->address, &v4.sin_addr) == 1) {
                memcpy(ret, &v4, sizeof(v4));
                *ret_length = sizeof(v4);
                return 0;
        }
        if (inet_pton(AF_INET6, probe->address, &v6.sin6_addr) == 1) {
                memcpy(ret, &v6, sizeof(v6));
                *ret_length = sizeof(v6);
                return 0;
        }

        return -EINVAL;
}

/* Until the connection is made or refused: 1; 0: the time is over; -EINTR. */
static int probe_poll(const Probe *probe, int fd) {
        uint64_t end = now_usec(CLOCK_MONOTONIC) + probe->timeout_usec, now;
        struct pollfd items[] = {
                { .fd = fd, .events = POLLOUT },
                { .fd = probe->cancel_fd, .events = POLLIN },
        };

        while ((now = now_usec(CLOCK_MONOTONIC)) < end) {
                if (poll(items, ELEMENTSOF(items), (int) ((end - now) / USEC_PER_MSEC) + 1) <= 0)
                        continue;
                if (items[1].revents != 0)
                        return -EINTR;
                if (items[0].revents != 0)
                        return 1;
        }

        return 0;
}

static int probe_tcp(const Probe *probe, char ret_text[static PROBE_TEXT_SIZE]) {
        struct sockaddr_storage address = { 0 };
        _cleanup_close_ int fd = -1;
        socklen_t length = 0, size = sizeof(int);
        int error = 0, r;

        if (probe_address(probe, &address, &length) < 0)
                return probe_say_problem(probe, "no address", ret_text);

        fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return probe_say_problem(probe, strerror(errno), ret_text);

        if (connect(fd, (struct sockaddr *) &address, length) < 0) {
                if (errno != EINPROGRESS)
                        return probe_say_problem(probe, strerror(errno), ret_text);

                r = probe_poll(probe, fd);
                if (r < 0)
                        return r;
                if (r == 0)
                        return probe_say_silent(probe, ret_text);
                if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                        error = errno;
        }

        return error == 0 ? probe_say(probe, 1, ret_text, " takes connections")
                          : probe_say_problem(probe, strerror(error), ret_text);
}

static bool probe_is_well(const Probe *probe, int status) {
        int first = probe->status_first, last = probe->status_last;

        return first > 0 ? status >= first && status <= last : status >= 200 && status <= 399;
}

static int probe_http(const Probe *probe, char ret_text[static PROBE_TEXT_SIZE]) {
        _cleanup_(http_response_done) HttpResponse response = { .status = 0 };
        _cleanup_(engine_http_freep) EngineHttp *http = NULL;
        struct sockaddr_storage address = { 0 };
        HttpRequest request;
        socklen_t length = 0;
        uint64_t begun_at;
        char words[64], host[PROBE_HOST_SIZE];
        int r;

        /* libcurl would look up what is no address. */
        if (probe_address(probe, &address, &length) < 0)
                return probe_say_problem(probe, "no address", ret_text);

        r = engine_http_new_address(probe->address, probe->port, probe->cancel_fd, &http);
        if (r < 0)
                return r;

        (void) snprintf(host, sizeof(host), "Host: %s", strempty(probe->host));
        request = (HttpRequest){
                .method = "GET",
                .path = probe->path,
                .header = probe->host ? host : NULL,
                .timeout_usec = probe->timeout_usec,
                .interruptible = true,
                .enough = PROBE_BODY_MAX,
        };
        begun_at = now_usec(CLOCK_MONOTONIC);
        r = engine_http_call(http, &request, &response);
        if (r == -EINTR || r == -ENOMEM)
                return r;
        if (r < 0 && now_usec(CLOCK_MONOTONIC) - begun_at >= probe->timeout_usec)
                return probe_say_silent(probe, ret_text);
        if (r < 0)
                return probe_say_problem(probe, engine_http_error(http), ret_text);

        (void) snprintf(words, sizeof(words), " answers %i", response.status);
        return probe_say(probe, probe_is_well(probe, response.status), ret_text, words);
}

int probe_run(const Probe *probe, char ret_text[static PROBE_TEXT_SIZE]) {
        assert(probe && probe->address && probe->port > 0);
        assert(!probe->path || probe->path[0] == '/');
        assert(strlen(strempty(probe->host)) < PROBE_HOST_SIZE - strlen("Host: "));
        assert(ret_text);

        return probe->path ? probe_http(probe, ret_text) : probe_tcp(probe, ret_text);
}
