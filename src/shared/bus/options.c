/* SPDX-License-Identifier: MIT */
/* Options of methods: see options.h. */
#include "shared/bus/options.h"

#include "shared/bus/errors.h"
#include "shared/conf/conf.h"

/* Entries in one call: more are not known. */
#define ENTRIES_MAX 16U

static int read_strings(sd_bus_message *message, char ***field) {
        int r;

        *field = strv_free(*field);
        r = sd_bus_message_enter_container(message, SD_BUS_TYPE_VARIANT, "as");
        if (r >= 0)
                r = sd_bus_message_read_strv(message, field);
        return r < 0 ? r : sd_bus_message_exit_container(message);
}

/* One entry of the dictionary, entered already. */
static int read_entry(sd_bus_message *message, const BusOption *options, size_t n, void *target,
                      unsigned *seen, sd_bus_error *error) {
        const char *name, *type = NULL;
        void *field;
        size_t i = 0;
        int r;

        r = sd_bus_message_read(message, "s", &name);
        if (r >= 0)
                r = sd_bus_message_peek_type(message, NULL, &type);
        if (r < 0)
                return r;

        while (i < n && !streq(options[i].name, name))
                i++;
        if (i == n)
                return sd_bus_error_setf(error, ERROR_INVALID_OPTION, "%s: there is no such option", name);
        if (!streq(strempty(type), options[i].type))
                return sd_bus_error_setf(error, ERROR_INVALID_OPTION, "%s: has the type '%s', not '%s'",
                                         name, options[i].type, strempty(type));

        *seen |= 1U << i;
        field = (char *) target + options[i].offset;
        return streq(type, "as") ? read_strings(message, field)
                                 : sd_bus_message_read(message, "v", type, field);
}

int bus_options_read(sd_bus_message *message, const BusOption *options, size_t n, void *target,
                     unsigned *ret_seen, sd_bus_error *error) {
        unsigned seen = 0, count = 0;
        int r;

        assert(message);
        assert(options && n <= sizeof(seen) * 8);
        assert(target);
        assert(ret_seen);

        r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
                if (++count > ENTRIES_MAX)
                        return sd_bus_error_set(error, ERROR_INVALID_OPTION, "There are too many options");

                r = read_entry(message, options, n, target, &seen, error);
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
