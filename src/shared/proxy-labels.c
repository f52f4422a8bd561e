/* SPDX-License-Identifier: MIT */
/* Labels of proxies: see proxy-labels.h. */
#include "shared/proxy-labels.h"

#include <strings.h>

/* Traefik takes its labels in capitals as well. */
static bool is_proxy_label(const char *key) {
        return strncasecmp(key, "traefik.", strlen("traefik.")) == 0 ||
               strncmp(key, "caddy", strlen("caddy")) == 0;
}

const char *proxy_labels_find(const json_t *labels) {
        const char *key;
        json_t *value;

        json_object_foreach((json_t *) (uintptr_t) labels, key, value)
                if (is_proxy_label(key))
                        return key;

        return NULL;
}
