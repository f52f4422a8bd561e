/* SPDX-License-Identifier: MIT */
/* Labels by which a reverse proxy finds containers by itself. Pure. */
#pragma once

#include <jansson.h>

#include "shared/macro.h"

/* The first of `labels` (an object, or NULL) that Traefik or Caddy goes by; NULL: none. Borrowed. */
const char *proxy_labels_find(const json_t *labels);
