/* SPDX-License-Identifier: MIT */
/* What root's configuration lets be deployed, whoever asks. Pure. */
#pragma once

#include "shared/image-ref.h"

/*
 * Whether the repository of `ref` matches one of the patterns (NULL-terminated; NULL or empty: everything is
 * allowed). 1 allowed, 0 refused; -ENOMEM.
 */
int policy_allows_image(char *const *patterns, const ImageRef *ref);

/* Whether the patterns allow everything, since nobody has set any. */
bool policy_allows_any(char *const *patterns);
