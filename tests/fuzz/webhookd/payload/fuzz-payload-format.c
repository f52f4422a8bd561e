/* SPDX-License-Identifier: MIT */
/* One decoder, PAYLOAD_FORMAT, with any JSON, its own or not. Only the generic one refuses. */
#include "payload-input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static char alias[] = "aliyun=registry.example.com",
                    scoped[] = "acme.example.com/local=local.example.com";
        static char *aliases[] = { alias, scoped, NULL };
        const bool generic = streq(PAYLOAD_FORMAT.name, "generic");
        _cleanup_(json_freep) json_t *body = NULL;
        PushList list = { .host_aliases = aliases };
        JsonError error = { .line = 0 };
        FuzzRequest input;
        int r;

        fuzz_request(data, size, &input);
        if (json_decode(input.request.body.data, input.request.body.length, &body, &error) < 0)
                return 0;

        (void) PAYLOAD_FORMAT.recognise(&input.request, body);
        r = PAYLOAD_FORMAT.decode(&input.request, body, &list, &error);
        fuzz_promise(r == 0 || (generic && r == -EBADMSG && !isempty(error.text)));
        fuzz_promise_list(&list, !generic);
        push_list_done(&list);
        return 0;
}
