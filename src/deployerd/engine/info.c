/* SPDX-License-Identifier: MIT */
/* The report about the engine: see info.h. */
#include "deployerd/engine/info.h"

#include <stdio.h>

#include "shared/json.h"

static bool update(char *field, size_t size, const char *value) {
        if (strncmp(field, value, size - 1) == 0)
                return false;

        (void) snprintf(field, size, "%s", value);
        return true;
}

bool engine_info_update(EngineInfo *info, const json_t *report) {
        bool changed = false;

        assert(info);

        changed |= update(info->name, sizeof(info->name), strempty(json_get_string(report, "name")));
        changed |= update(info->version, sizeof(info->version),
                          strempty(json_get_string(report, "version")));
        changed |= update(info->api, sizeof(info->api), strempty(json_get_string(report, "api")));
        changed |= update(info->socket, sizeof(info->socket), strempty(json_get_string(report, "socket")));
        return changed;
}
