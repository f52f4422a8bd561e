/* SPDX-License-Identifier: MIT */
/* UUIDs in text: see uuid.h. */
#include "shared/uuid.h"

#include <stdio.h>
#include <systemd/sd-id128.h>

int uuid_make(char ret[static UUID_TEXT_SIZE]) {
        sd_id128_t id;
        int r;

        assert(ret);

        /* sd_id128_randomize() makes an UUIDv4 of getrandom(2). */
        r = sd_id128_randomize(&id);
        if (r < 0)
                return r;

        (void) snprintf(ret, UUID_TEXT_SIZE, SD_ID128_UUID_FORMAT_STR, SD_ID128_FORMAT_VAL(id));
        explicit_bzero(&id, sizeof(id));
        return 0;
}
