/* SPDX-License-Identifier: MIT */
/* BusProperty: a property of an object, and how the bus is told that it has another value. */
#pragma once

#include <systemd/sd-bus.h>

#include "shared/macro.h"

typedef struct BusProperty {
        const char *name;
        bool changed;
} BusProperty;

/* Sends one PropertiesChanged with the values of those that changed; nothing where none has. */
int bus_properties_emit(sd_bus *bus, const char *path, const char *interface, const BusProperty *properties,
                        size_t n);
