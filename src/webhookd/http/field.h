/* SPDX-License-Identifier: MIT */
/* The characters of a field of HTTP, in a head or behind the last chunk (RFC 9110, sections 5.1, 5.5 and 5.6.2). Pure. */
#pragma once

#include "shared/macro.h"

/* Of a name, and of all else that is a token. */
static inline bool field_name_can_have(char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static inline bool field_value_can_have(char c) {
        return c == '\t' || ((unsigned char) c >= ' ' && c != '\x7f');
}
