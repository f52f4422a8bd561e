/* SPDX-License-Identifier: MIT */
/* Options of methods, an a{sv}, read by a table: see manager-internal.h. */
#include "shared/errors.h"
#include "webhookd/manager-internal.h"

/* Entries in one call: more are not known. */
#define OPTIONS_MAX 16U

/* One entry of the dictionary, entered already. */
static int read_option(sd_bus_message *message, const OptionSpec *specs, size_t n, void *target,
                       unsigned *seen, sd_bus_error *error) {
        const char *name, *type = NULL;
        size_t i = 0;
        int r;

        r = sd_bus_message_read(message, "s", &name);
        if (r >= 0)
                r = sd_bus_message_peek_type(message, NULL, &type);
        if (r < 0)
                return r;

        while (i < n && !streq(specs[i].name, name))
                i++;
        if (i == n)
                return sd_bus_error_setf(error, ERROR_INVALID_OPTION, "%s: there is no such option", name);
        if (!streq(strempty(type), specs[i].type))
                return sd_bus_error_setf(error, ERROR_INVALID_OPTION, "%s: has the type '%s', not '%s'",
                                         name, specs[i].type, strempty(type));

        *seen |= 1U << i;
        return sd_bus_message_read(message, "v", specs[i].type, (char *) target + specs[i].offset);
}

int manager_read_options(sd_bus_message *message, const OptionSpec *specs, size_t n, void *target,
                         unsigned *ret_seen, sd_bus_error *error) {
        unsigned seen = 0, count = 0;
        int r;

        r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
                if (++count > OPTIONS_MAX)
                        return sd_bus_error_set(error, ERROR_INVALID_OPTION, "There are too many options");

                r = read_option(message, specs, n, target, &seen, error);
                if (r >= 0)
                        r = sd_bus_message_exit_container(message);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;

        *ret_seen = seen;
        return sd_bus_message_exit_container(message);
}
