/* SPDX-License-Identifier: MIT */
/* Parameters of a query: see query.h. */
#include "webhookd/delivery/query.h"

Bytes query_of(Bytes path) {
        const char *mark = memchr(path.data, '?', path.length);

        return mark ? (Bytes){ mark + 1, path.length - (size_t) (mark + 1 - path.data) } : (Bytes){ "", 0 };
}

bool query_next(Bytes *query, Bytes *ret) {
        const char *end;

        assert(query);
        assert(ret);

        if (query->length == 0)
                return false;

        end = memchr(query->data, '&', query->length);
        *ret = (Bytes){ query->data, end ? (size_t) (end - query->data) : query->length };
        query->data += ret->length + (end != NULL);
        query->length -= ret->length + (end != NULL);
        return true;
}

bool query_is(Bytes parameter, const char *key, Bytes *ret_value) {
        size_t n;

        assert(key);
        assert(ret_value);

        n = strlen(key);
        if (parameter.length < n || memcmp(parameter.data, key, n) != 0)
                return false;
        if (parameter.length > n && parameter.data[n] != '=')
                return false;

        n += parameter.length > n;
        *ret_value = (Bytes){ parameter.data + n, parameter.length - n };
        return true;
}
