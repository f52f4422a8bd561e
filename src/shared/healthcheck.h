/* SPDX-License-Identifier: MIT */
/* How a project says that its health is told. Pure. */
#pragma once

#include "shared/macro.h"

/*
 * Whether `text` is "" (whatever there is), "image" (its HEALTHCHECK), "tcp" (the host connects), "none" (nothing is
 * asked) or "http:/path" (the host asks), the path of HEALTHCHECK_MAX bytes at most, printable ASCII without a space.
 */
bool healthcheck_is_valid(const char *text);

/* For sentences about what it has to be. */
#define HEALTHCHECK_FORMS "\"image\", \"tcp\", \"http:/path\", \"none\" or empty"

/*
 * Whether somebody has named what is asked ("tcp", "http:/path", "none"). Then the image's HEALTHCHECK does not count: it may
 * be one that never passes.
 */
bool healthcheck_overrules_image(const char *text);

/* The path of "http:/path", borrowed; NULL for the other forms. */
const char *healthcheck_path(const char *text);
