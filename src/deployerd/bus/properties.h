/* SPDX-License-Identifier: MIT */
/* The properties of the object: which engine is there, what root allows, and which stages are to be taken over. */
#pragma once

#include "deployerd/bus/context.h"

int property_get_engine(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error);
int property_get_sockets(sd_bus *bus, const char *path, const char *interface, const char *property,
                         sd_bus_message *reply, void *userdata, sd_bus_error *error);
int property_get_allows_any(sd_bus *bus, const char *path, const char *interface, const char *property,
                            sd_bus_message *reply, void *userdata, sd_bus_error *error);
int property_get_take_overs(sd_bus *bus, const char *path, const char *interface, const char *property,
                            sd_bus_message *reply, void *userdata, sd_bus_error *error);
/* Takes what REPORT_ENGINE says, and tells the bus where that is news. */
void manager_take_engine(Manager *manager, const json_t *report);
