/* SPDX-License-Identifier: MIT */
/* Labels of proxies: see proxy-labels.h. */
#include "shared/proxy-labels.h"

static const char *const prefixes[] = { "traefik.", "caddy" };

const char *proxy_labels_find(const json_t *labels) {
        const char *key;
        json_t *value;

        json_object_foreach((json_t *) (uintptr_t) labels, key, value)
                for (size_t i = 0; i < ELEMENTSOF(prefixes); i++)
                        if (strncmp(key, prefixes[i], strlen(prefixes[i])) == 0)
                                return key;

        return NULL;
}
