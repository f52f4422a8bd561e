/* SPDX-License-Identifier: MIT */
/* Sentences of engines about themselves: see trouble.h. Gathered from Docker 20.10 and 26, containerd, and Podman 4.3. */
#include "deployerd/engine/trouble.h"

#include "deployerd/text.h"

static const char *const disk_full[] = {
        "no space left on device",
        "disk quota exceeded",
        "not enough free space",
};

static const char *const passing[] = {
        "dial unix",
        "containerd.sock",
        "deadline exceeded",
        "shutting down",
        "cannot allocate memory",
        "too many open files",
        "resource temporarily unavailable",
        "database is locked",
};

Trouble trouble_of(const char *message) {
        assert(message);

        if (text_contains_any(message, disk_full, ELEMENTSOF(disk_full)))
                return TROUBLE_DISK_FULL;

        return text_contains_any(message, passing, ELEMENTSOF(passing)) ? TROUBLE_PASSING : TROUBLE_NONE;
}

int trouble_errno(const char *message) {
        return trouble_of(message) == TROUBLE_DISK_FULL ? -ENOSPC : -EIO;
}

bool trouble_is_of_age(int status, const char *message) {
        static const char *const ages[] = { "is too old", "is too new" };

        assert(message);

        return status == 400 && strcasestr(message, "client version") &&
               text_contains_any(message, ages, ELEMENTSOF(ages));
}
