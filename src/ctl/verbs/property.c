/* SPDX-License-Identifier: MIT */
/* One of all properties: see property.h. */
#include "ctl/verbs/property.h"

#include "ctl/report.h"

/* Borrowed from the message. -EBADMSG: there is none of that name. */
static int find_property(sd_bus_message *reply, const char *wanted, const char **ret) {
        const char *name;
        int r;

        r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
                r = sd_bus_message_read(reply, "s", &name);
                if (r < 0)
                        return r;
                if (streq(name, wanted))
                        return sd_bus_message_read(reply, "v", "s", ret);

                r = sd_bus_message_skip(reply, "v");
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
        }

        return r < 0 ? r : -EBADMSG;
}

int property_get(Ctl *ctl, const Peer *peer, const char *name, char **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *value;
        int r;

        assert(ctl);
        assert(peer && name);
        assert(ret);

        r = client_get_properties(ctl, peer, &reply);
        if (r < 0)
                return r;

        r = find_property(reply, name, &value);
        if (r < 0)
                return report_answer(ctl, peer, r);

        *ret = strdup(value);
        return *ret ? 0 : ctl_fail(ctl, -ENOMEM, "Out of memory");
}
