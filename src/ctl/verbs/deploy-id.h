/* SPDX-License-Identifier: MIT */
/* The number of a deploy, as it is typed. */
#pragma once

#include "ctl/ctl.h"

/* 0, or an exit code, reported. */
int deploy_id_parse(const Ctl *ctl, const char *text, uint64_t *ret);
