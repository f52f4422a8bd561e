/* SPDX-License-Identifier: MIT */
/* How long a sender wants to wait: see wait.h. */
#include "webhookd/delivery/wait.h"

#include "webhookd/delivery/query.h"

static const char wait_key[] = "wait";

/* Digits alone, and as many as the limit has. */
static int parse_seconds(Bytes text, uint64_t *ret) {
        uint64_t seconds = 0;

        if (text.length == 0 || text.length > 3)
                return -EINVAL;

        for (size_t i = 0; i < text.length; i++) {
                if (text.data[i] < '0' || text.data[i] > '9')
                        return -EINVAL;
                seconds = 10 * seconds + (uint64_t) (text.data[i] - '0');
        }
        if (seconds > WAIT_MAX_SEC)
                return -EINVAL;

        *ret = seconds;
        return 0;
}

int wait_read(Bytes path, uint64_t *ret, const char **ret_problem) {
        Bytes query = query_of(path), parameter, value;
        uint64_t seconds = 0;
        size_t n = 0;

        assert(ret);
        assert(ret_problem);
        static_assert(WAIT_MAX_SEC == 900, "the text below says so");

        while (query_next(&query, &parameter)) {
                if (!query_is(parameter, wait_key, &value))
                        continue;
                if (n++ > 0) {
                        *ret_problem = "there is more than one wait in the query";
                        return -EINVAL;
                }
                if (parse_seconds(value, &seconds) < 0) {
                        *ret_problem = "wait in the query is a number of seconds, 0 to 900";
                        return -EINVAL;
                }
        }

        *ret = seconds * USEC_PER_SEC;
        return 0;
}

bool wait_is_all(Bytes query) {
        Bytes parameter, value;

        while (query_next(&query, &parameter))
                if (!query_is(parameter, wait_key, &value))
                        return false;

        return true;
}
