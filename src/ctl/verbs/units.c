/* SPDX-License-Identifier: MIT */
/* What systemd says of the units: see units.h. */
#include "ctl/verbs/units.h"

#include "ctl/client.h"
#include "ctl/print/rows.h"
#include "ctl/report.h"

#define SOCKET_UNIT   "tinyforge-webhookd.socket"
#define TLS_UNIT      "tinyforge-webhookd-tls.socket"
#define WEBHOOK_UNIT  "tinyforge-webhookd.service"
#define DEPLOYER_UNIT "tinyforge-deployerd.service"

static const char *unit_note(const char *name, const char *load, const char *active) {
        if (streq(load, "not-found"))
                return "not installed";
        if (streq(load, "masked"))
                return "masked";
        if (streq(active, "failed"))
                return "journal tells why";
        if (!streq(active, "inactive"))
                return NULL;

        /* Short: it has to fit beside a time. */
        if (streq(name, TLS_UNIT))
                return "closed, optional";

        return streq(name, SOCKET_UNIT) ? "closed" : "starts on demand";
}

static bool is_open_socket(const char *name, const char *active) {
        return (streq(name, SOCKET_UNIT) || streq(name, TLS_UNIT)) && streq(active, "active");
}

/* When the unit's state last changed, in µs; 0 where that is not known. */
static uint64_t ask_since(Ctl *ctl, const char *path) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Peer unit = peer_systemd;
        uint64_t since = 0;

        unit.path = path;
        unit.interface = "org.freedesktop.DBus.Properties";
        if (client_try(ctl, &unit, "Get", &error, &reply, "ss", "org.freedesktop.systemd1.Unit",
                       "StateChangeTimestamp") < 0 ||
            sd_bus_message_read(reply, "v", "t", &since) < 0)
                return 0;

        return since;
}

/* `opening` is NULL from the first one on that listens. */
static const char *find_opening(const char *opening, const char *name, const char *load,
                                const char *active) {
        if (!opening || is_open_socket(name, active))
                return NULL;

        /* systemd refuses to enable one that is masked. */
        return streq(name, SOCKET_UNIT) && streq(load, "masked")
                               ? "systemctl unmask " SOCKET_UNIT ", and systemctl enable --now " SOCKET_UNIT
                               : opening;
}

static int read_units(Ctl *ctl, sd_bus_message *reply, Table *table, const char **opening) {
        const char *name, *load, *active, *sub, *path;
        int r;

        r = rows_enter(reply);
        while (r >= 0 && (r = sd_bus_message_read(reply, "(ssssssouso)", &name, NULL, &load, &active, &sub,
                                                  NULL, &path, NULL, NULL, NULL)) > 0) {
                table_add_text(table, name);
                table_add_text(table, load);
                table_add_text(table, active);
                table_add_text(table, sub);
                table_add_time(table, ask_since(ctl, path));
                table_add_text(table, unit_note(name, load, active));
                *opening = find_opening(*opening, name, load, active);
        }

        return r < 0 ? r : table_error(table);
}

int units_ask(Ctl *ctl, Table **ret, const char **ret_opening) {
        static const Column columns[] = {
                { "UNIT", "unit", 0 },
                { NULL, "load", 0 },
                { "ACTIVE", "active", COLUMN_STATE },
                { "SUB", "sub", 0 },
                { "SINCE", "since", COLUMN_TIME },
                { "NOTE", NULL, COLUMN_SHRINKS },
        };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(table_freep) Table *table = NULL;
        const char *opening = "systemctl enable --now " SOCKET_UNIT;
        int r;

        assert(ctl);
        assert(ret);
        assert(ret_opening);

        table = table_new(columns, ELEMENTSOF(columns));
        if (!table)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        r = client_call(ctl, &peer_systemd, "ListUnitsByNames", &reply, "as", 4, SOCKET_UNIT, TLS_UNIT,
                        WEBHOOK_UNIT, DEPLOYER_UNIT);
        if (r < 0)
                return r;

        r = read_units(ctl, reply, table, &opening);
        if (r < 0)
                return report_answer(ctl, &peer_systemd, r);

        *ret = TAKE_PTR(table);
        *ret_opening = opening;
        return 0;
}
