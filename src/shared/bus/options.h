/* SPDX-License-Identifier: MIT */
/* BusOption: the options of a method, an a{sv}, read by a table into a struct. What is unknown or of another type is refused. */
#pragma once

#include <systemd/sd-bus.h>

#include "shared/macro.h"

/*
 * An option, its type, and where its value goes. A boolean ("b") is an int, a string ("s") is borrowed from the message, an array
 * of strings ("as") is a char ** of the caller's, for strv_free().
 */
typedef struct BusOption {
        const char *name;
        const char *type;
        size_t offset;
} BusOption;

/*
 * Reads an a{sv} into `target`. `*ret_seen` has bit i for options[i]. InvalidOption in `error` names the option that is unknown
 * or of another type, and what it should be; other errors are sd-bus's.
 */
int bus_options_read(sd_bus_message *message, const BusOption *options, size_t n, void *target,
                     unsigned *ret_seen, sd_bus_error *error);
