/* SPDX-License-Identifier: MIT */
/* EngineInfo: what the parent knows of the engine, from what its children report; the properties on the bus. */
#pragma once

#include <jansson.h>

#include "shared/macro.h"

typedef struct EngineInfo {
        char name[32];
        char version[64];
        char api[16];
        char socket[108];
} EngineInfo;

/* Takes what REPORT_ENGINE says. True when it differs from what was known. */
bool engine_info_update(EngineInfo *info, const json_t *report);
