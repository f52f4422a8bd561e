/* SPDX-License-Identifier: MIT */
/* A short name for a configuration: equal configurations have equal ones, however their keys are ordered. Pure. */
#pragma once

#include <jansson.h>

#include "shared/macro.h"

/* SHA-256 in hexadecimal, with its NUL. */
#define CONFIG_HASH_SIZE 65U

/* Of a text. -EIO: libcrypto failed. */
int config_hash_text(const char *text, char ret[static CONFIG_HASH_SIZE]);

/* Of `configuration` and of the repository it is for. -ENOMEM; -EIO: libcrypto failed. */
int config_hash(const json_t *configuration, const char *repository, char ret[static CONFIG_HASH_SIZE]);
