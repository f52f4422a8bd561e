/* SPDX-License-Identifier: MIT */
/* What all verbs of tinyforgectl use: see ctl.h. */
#include "ctl/ctl.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "ctl/table.h"
#include "shared/errors.h"
#include "shared/protocol.h"

typedef struct Hint {
        const char *name;
        int exit_code;
        const char *text;
} Hint;

static const Hint hints[] = {
        { ERROR_NO_SUCH_PROJECT, EXIT_NO_SUCH, "`tinyforgectl projects` lists what there is." },
        { ERROR_NO_SUCH_STAGE, EXIT_NO_SUCH, "`tinyforgectl stages PROJECT` lists what there is." },
        { ERROR_NOTHING_AVAILABLE, EXIT_FAILURE, "Name the tag: tinyforgectl deploy PROJECT STAGE TAG" },
        { ERROR_ENGINE_UNREACHABLE, EXIT_FAILURE,
          "Does the engine run (systemctl status docker podman.socket), and may tinyforge-deployer use its socket?" },
        { ERROR_STORE_UNAVAILABLE, EXIT_FAILURE,
          "See `journalctl -u tinyforge-webhookd`, and `df /var/lib/tinyforge`." },
        { SD_BUS_ERROR_ACCESS_DENIED, EXIT_FAILURE, "Only root may do that." },
        { SD_BUS_ERROR_SERVICE_UNKNOWN, EXIT_FAILURE,
          "Is tinyforge installed, and does the bus know (systemctl reload dbus)?" },
        { SD_BUS_ERROR_NO_REPLY, EXIT_FAILURE,
          "See `journalctl -u tinyforge-webhookd -u tinyforge-deployerd`." },
};

int ctl_print_error(const sd_bus_error *error, int r) {
        _cleanup_free_ char *text = text_printable(error && error->message ? error->message : strerror(-r));

        (void) fprintf(stderr, "tinyforgectl: %s\n", strempty(text));
        for (size_t i = 0; i < ELEMENTSOF(hints); i++)
                if (sd_bus_error_has_name(error, hints[i].name)) {
                        (void) fprintf(stderr, "%s\n", hints[i].text);
                        return hints[i].exit_code;
                }

        return EXIT_FAILURE;
}

int ctl_fail(int r, const char *what) {
        (void) fprintf(stderr, "tinyforgectl: %s: %s\n", what, strerror(-r));
        return EXIT_FAILURE;
}

int ctl_connect(Ctl *ctl) {
        int r;

        assert(ctl);

        if (ctl->bus)
                return 0;

        r = sd_bus_open_system(&ctl->bus);
        return r < 0 ? ctl_fail(r, "Cannot connect to the system bus") : 0;
}

void ctl_done(Ctl *ctl) {
        assert(ctl);

        ctl->bus = sd_bus_flush_close_unref(ctl->bus);
}

static int callv(Ctl *ctl, const char *name, const char *path, const char *interface, const char *method,
                 sd_bus_message **ret_reply, sd_bus_error *ret_error, const char *types, va_list arguments) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = sd_bus_message_new_method_call(ctl->bus, &message, name, path, interface, method);
        if (r >= 0 && !isempty(types))
                r = sd_bus_message_appendv(message, types, arguments);
        if (r < 0)
                return r;

        return sd_bus_call(ctl->bus, message, 0, ret_error, ret_reply);
}

int ctl_call_webhook(Ctl *ctl, sd_bus_message **ret_reply, const char *method, const char *types, ...) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        va_list arguments;
        int r;

        r = ctl_connect(ctl);
        if (r != 0)
                return r;

        va_start(arguments, types);
        r = callv(ctl, WEBHOOK_BUS_NAME, WEBHOOK_PATH, WEBHOOK_INTERFACE, method, ret_reply, &error, types,
                  arguments);
        va_end(arguments);
        return r < 0 ? ctl_print_error(&error, r) : 0;
}

int ctl_call_deployer(Ctl *ctl, sd_bus_message **ret_reply, const char *method, const char *types, ...) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        va_list arguments;
        int r;

        r = ctl_connect(ctl);
        if (r != 0)
                return r;

        va_start(arguments, types);
        r = callv(ctl, DEPLOYER_BUS_NAME, DEPLOYER_PATH, DEPLOYER_INTERFACE, method, ret_reply, &error,
                  types, arguments);
        va_end(arguments);
        return r < 0 ? ctl_print_error(&error, r) : 0;
}

char *ctl_get_string(Ctl *ctl, const char *name, const char *path, const char *interface,
                     const char *property) {
        char *text = NULL;

        if (sd_bus_get_property_string(ctl->bus, name, path, interface, property, NULL, &text) < 0)
                return strdup("");

        return text;
}

uint64_t ctl_get_number(Ctl *ctl, const char *name, const char *path, const char *interface,
                        const char *property) {
        uint64_t number = 0;

        (void) sd_bus_get_property_trivial(ctl->bus, name, path, interface, property, NULL, 't', &number);
        return number;
}

int ctl_print_json(json_t *j) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = j ? json_encode(j, &text) : -ENOMEM;
        json_decref(j);
        if (r < 0)
                return ctl_fail(r, "Cannot write JSON");

        (void) printf("%s\n", text);
        return EXIT_SUCCESS;
}

const char *ctl_time(uint64_t usec) {
        static char text[64];
        time_t seconds = (time_t) (usec / USEC_PER_SEC);
        struct tm tm;

        if (usec == 0 || !localtime_r(&seconds, &tm) || strftime(text, sizeof(text), "%a %F %T", &tm) == 0)
                return "-";

        return text;
}
