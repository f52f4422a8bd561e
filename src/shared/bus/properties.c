/* SPDX-License-Identifier: MIT */
/* Properties that change: see properties.h. */
#include "shared/bus/properties.h"

/* Of one object: more are not known. */
#define PROPERTIES_MAX 8U

int bus_properties_emit(sd_bus *bus, const char *path, const char *interface, const BusProperty *properties,
                        size_t n) {
        char *names[PROPERTIES_MAX + 1] = { NULL };
        size_t n_changed = 0;

        assert(bus);
        assert(path);
        assert(interface);
        assert(properties && n <= PROPERTIES_MAX);

        for (size_t i = 0; i < n; i++)
                if (properties[i].changed)
                        names[n_changed++] = (char *) (uintptr_t) properties[i].name;

        return n_changed > 0 ? sd_bus_emit_properties_changed_strv(bus, path, interface, names) : 0;
}
