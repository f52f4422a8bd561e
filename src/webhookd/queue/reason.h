/* SPDX-License-Identifier: MIT */
/* Reasons: why a deploy ended as it did, in the words of the engine, the registry and the deployer. */
#pragma once

#include "shared/macro.h"

/*
 * Takes out of `reason`, in place, each part that is a repetition. Engines hand on what others said together with what they made of
 * it: "manifest for x not found: manifest unknown: manifest unknown". Parts are what stands between ": " or "; ".
 */
void reason_tidy(char *reason);
