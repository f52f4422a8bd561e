/* SPDX-License-Identifier: MIT */
/* Any request at all is refused with a text, or is a list that holds its promises. */
#include "payload-input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static char alias[] = "aliyun=registry.example.com/cn";
        static char *aliases[] = { alias, NULL };
        FuzzRequest input;
        PushList list = { .n = 0 };
        PayloadVerdict verdict;
        JsonError error = { .line = 0 };

        fuzz_request(data, size, &input);
        fuzz_promise(payload_decode(&input.request, aliases, &list, &verdict, &error) == 0);
        fuzz_promise(verdict != PAYLOAD_MALFORMED || !isempty(error.text));
        if (verdict != PAYLOAD_OK)
                return 0;

        fuzz_promise(!isempty(list.provider) && list.n + list.n_ignored > 0);
        fuzz_promise_list(&list, !streq(list.provider, "generic"));
        push_list_done(&list);
        return 0;
}
