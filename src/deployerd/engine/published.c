/* SPDX-License-Identifier: MIT */
/* Where a container's ports are reached: see published.h. */
#include "deployerd/engine/published.h"

#include <stdio.h>

#include "shared/conf/parse.h"
#include "shared/json.h"

void published_print(const char *key, const json_t *binding, char ret[static ENDPOINT_SIZE]) {
        const char *port = json_get_string(binding, "HostPort"), *ip = json_get_string(binding, "HostIp");
        const char *protocol = strchr(key, '/');

        ret[0] = '\0';
        if (!protocol || isempty(port) || isempty(ip))
                return;

        (void) snprintf(ret, ENDPOINT_SIZE, strchr(ip, ':') ? "[%.45s]:%.5s%.5s" : "%.45s:%.5s%.5s", ip,
                        port, streq(protocol, "/tcp") ? "" : protocol);
}

/* "8080/tcp". False: that is no port. */
static bool read_key(const char *key, Published *ret) {
        const char *slash = strchr(key, '/');
        char digits[8];
        uint64_t port;

        if (!slash || isempty(slash + 1) || slash - key >= (ptrdiff_t) sizeof(digits) ||
            strlen(slash + 1) >= PROTOCOL_SIZE)
                return false;

        (void) snprintf(digits, sizeof(digits), "%.*s", (int) (slash - key), key);
        if (parse_uint(digits, UINT16_MAX, &port) < 0)
                return false;

        ret->port = (uint16_t) port;
        (void) snprintf(ret->protocol, sizeof(ret->protocol), "%s", slash + 1);
        return true;
}

static int compare(const void *a, const void *b) {
        const Published *x = a, *y = b;

        if (x->port != y->port)
                return x->port < y->port ? -1 : 1;
        /* "tcp" before "udp" and "sctp". */
        if (!streq(x->protocol, y->protocol))
                return streq(x->protocol, "tcp")   ? -1
                       : streq(y->protocol, "tcp") ? 1
                                                   : strcmp(x->protocol, y->protocol);
        return strcmp(x->endpoint, y->endpoint);
}

int published_list(const json_t *ports, Published **ret, size_t *ret_n) {
        _cleanup_free_ Published *list = NULL;
        size_t n = 0, size = 0;
        const char *key;
        json_t *bindings;

        assert(ret);
        assert(ret_n);

        json_object_foreach((json_t *) (uintptr_t) ports, key, bindings)
                size += json_array_size(bindings);

        list = calloc(size + 1, sizeof(*list));
        if (!list)
                return -ENOMEM;

        json_object_foreach((json_t *) (uintptr_t) ports, key, bindings)
                for (size_t i = 0; i < json_array_size(bindings); i++) {
                        published_print(key, json_array_get(bindings, i), list[n].endpoint);
                        if (list[n].endpoint[0] && read_key(key, &list[n]))
                                n++;
                }

        qsort(list, n, sizeof(*list), compare);
        *ret = TAKE_PTR(list);
        *ret_n = n;
        return 0;
}
