/* SPDX-License-Identifier: MIT */
/* Text made fit for a URL. Pure. */
#pragma once

#include "shared/macro.h"

/* Percent-encodes all but the unreserved characters of RFC 3986, and `also`. Freshly allocated; NULL: out of memory. */
char *url_escape(const char *text, const char *also);
