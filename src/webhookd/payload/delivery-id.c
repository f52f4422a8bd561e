/* SPDX-License-Identifier: MIT */
/* Ids of deliveries: see delivery-id.h. */
#include "webhookd/payload/delivery-id.h"

#include <stdio.h>

typedef struct IdHeader {
        const char *name;
        DeliveryIdSource source;
        bool strict;
} IdHeader;

/* Forgejo and Gitea send GitHub's header as well. */
static const IdHeader id_headers[] = {
        { "webhook-id", DELIVERY_ID_WEBHOOK_ID, true },
        { "svix-id", DELIVERY_ID_WEBHOOK_ID, true },
        { "idempotency-key", DELIVERY_ID_IDEMPOTENCY_KEY, true },
        { "x-forgejo-delivery", DELIVERY_ID_FORGEJO, false },
        { "x-gitea-delivery", DELIVERY_ID_GITEA, false },
        { "x-github-delivery", DELIVERY_ID_GITHUB, false },
        { "x-nexus-webhook-delivery", DELIVERY_ID_NEXUS, false },
        { "ce-id", DELIVERY_ID_CLOUD_EVENT, false },
};

void delivery_id_done(DeliveryId *id) {
        assert(id);

        free(id->text);
        *id = (DeliveryId){ .source = DELIVERY_ID_NONE };
}

bool delivery_id_is_valid(Bytes text) {
        if (text.length == 0 || text.length > DELIVERY_ID_MAX)
                return false;

        for (size_t i = 0; i < text.length; i++) {
                unsigned char c = (unsigned char) text.data[i];

                if (c < 0x20 || c > 0x7e)
                        return false;
        }

        return true;
}

int delivery_id_read(const Request *request, DeliveryId *ret, JsonError *ret_error) {
        assert(request);
        assert(ret);
        assert(ret_error);

        for (size_t i = 0; i < ELEMENTSOF(id_headers); i++) {
                const Header *header = request_header(request, id_headers[i].name);
                char *text;

                if (!header || header->value.length == 0)
                        continue;

                if (delivery_id_is_valid(header->value)) {
                        text = bytes_to_string(header->value);
                        if (!text)
                                return -ENOMEM;

                        *ret = (DeliveryId){ .text = text, .source = id_headers[i].source };
                        return 0;
                }

                if (id_headers[i].strict) {
                        (void) snprintf(ret_error->text, sizeof(ret_error->text),
                                        "%s is not %u bytes of printable ASCII at most", id_headers[i].name,
                                        DELIVERY_ID_MAX);
                        return -EBADMSG;
                }
        }

        *ret = (DeliveryId){ .source = DELIVERY_ID_NONE };
        return 0;
}
