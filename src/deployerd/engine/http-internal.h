/* SPDX-License-Identifier: MIT */
/* What http.c and watch.c share: the two that use libcurl. */
#pragma once

#include <curl/curl.h>

#include "deployerd/engine/http.h"

struct EngineHttp {
        CURLM *multi;
        char url[80];      /* what comes before the path */
        char *socket_path; /* NULL: an address */
        int cancel_fd;
        CURL *latest; /* of the latest call, for its headers */
        char curl_error[CURL_ERROR_SIZE];
        char error[CURL_ERROR_SIZE + 256];
};

/* Keeps the sentence, and returns `error`. */
int http_fail(EngineHttp *http, int error, const char *text, const char *more);

/* What both calls and watches have in common; NULL: out of memory. */
CURL *http_prepare(EngineHttp *http, const char *path);

/*
 * Reads libcurl's news. True, with its code, when `easy` (may be NULL) is done. Of others that are, sets the bool that their
 * CURLOPT_PRIVATE points to.
 */
bool http_take_messages(EngineHttp *http, const CURL *easy, CURLcode *ret_code);

/* Until something happens on a connection or on the cancel descriptor (asked for while `listen`); true: the latter. */
bool http_poll(EngineHttp *http, bool listen, uint64_t usec);
