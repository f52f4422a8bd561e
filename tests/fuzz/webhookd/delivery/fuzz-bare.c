/* SPDX-License-Identifier: MIT */
/* The path of a bare call: refused with a text, or the push of one tag of the hook's repository. */
#include "fuzz.h"
#include "webhookd/delivery/bare.h"
#include "webhookd/payload/payload-input.h"

#define REPOSITORY "registry.example/acme/shop"

/* In memory, with one call that named no tag. Lives as long as the process. */
static Store *open_store(void) {
        static Store *store;

        if (!store) {
                fuzz_promise(store_open(":memory:", &store) == 0);
                fuzz_promise(store_keep_bare_call(store, "shop", "7", "main") == 0);
        }

        return store;
}

/* What follows the last "tag=" at the start of a parameter; NULL: there is none. */
static const char *last_tag(const char *path) {
        const char *tag = NULL, *p = strchr(path, '?');

        for (; p; p = strchr(p + 1, '&'))
                if (strncmp(p + 1, "tag=", 4) == 0)
                        tag = p + 5;

        return tag;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_free_ char *path = fuzz_string(data, size);
        static char name[] = "shop", repository[] = REPOSITORY;
        static char *images[] = { repository, NULL };
        Hook hook = { .name = name, .images = images, .bare = true };
        Header header = { { "idempotency-key", 15 }, { "7", 1 } };
        Request request = { .method = { "POST", 4 },
                            .path = { path, strlen(path) },
                            .body = { "", 0 },
                            .headers = &header,
                            .n_headers = 1 };
        PushList list = { .n = 0 };
        JsonError error = { .line = 0 };
        const char *tag = last_tag(path);
        int r;

        fuzz_promise(bare_is_meant(&hook, &request));
        r = bare_decode(open_store(), &hook, &request, &list, &error);
        fuzz_promise(r == 0 || (r == -EBADMSG && !isempty(error.text)));
        if (r < 0)
                return 0;

        fuzz_promise(list.n == 1 && list.n_ignored == 0 && !list.items[0].ref->digest);
        fuzz_promise(strncmp(list.items[0].ref->tag, tag ? tag : "main", strlen(list.items[0].ref->tag)) ==
                     0);
        fuzz_promise(!tag || strcspn(tag, "&") == strlen(list.items[0].ref->tag));
        fuzz_promise(streq(list.items[0].ref->domain, "registry.example") &&
                     streq(list.items[0].ref->path, "acme/shop"));
        fuzz_promise_list(&list, /* tagged= */ true);
        push_list_done(&list);
        return 0;
}
