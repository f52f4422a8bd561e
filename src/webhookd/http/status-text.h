/* SPDX-License-Identifier: MIT */
/* StatusText: what an answer says where nobody has more to say, by its status. Pure. */
#pragma once

#include "shared/macro.h"

typedef struct StatusText {
        int status;
        const char *reason;
        const char *body;
        const char *header_name, *header_value; /* NULL: none but the usual ones */
} StatusText;

/* That of 503 for a status that is in no table. */
const StatusText *status_text(int status);
