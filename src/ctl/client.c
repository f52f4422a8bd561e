/* SPDX-License-Identifier: MIT */
/* Calls on the system bus: see client.h. */
#include "ctl/client.h"

#include <inttypes.h>
#include <stdarg.h>

#include "ctl/agent.h"
#include "ctl/report.h"
#include "shared/bus/errors.h"
#include "shared/protocol.h"

/* A call may start the daemon first, and the engine may be slow; the bus's own limit of 25 s is too tight for both. */
#define CALL_TIMEOUT_USEC (60 * USEC_PER_SEC)
/* In a hurry: of who runs, and of who has to be started first. */
#define HURRY_TIMEOUT_USEC (5 * USEC_PER_SEC)
#define START_TIMEOUT_USEC (30 * USEC_PER_SEC)

int client_open(Ctl *ctl) {
        const char *name;
        int r;

        assert(ctl);

        if (ctl->bus)
                return 0;

        r = sd_bus_open_system_with_description(&ctl->bus, "tinyforgectl");
        /* A broker that does not let us in says so later: once here, and not to each call. */
        if (r >= 0)
                r = sd_bus_get_unique_name(ctl->bus, &name);
        if (r < 0) {
                ctl->bus = sd_bus_close_unref(ctl->bus);
                (void) ctl_fail(ctl, r, "Cannot connect to the system bus: %m");
                ctl_hint(ctl, "Does it run? systemctl status dbus.socket");
                return r;
        }

        return 0;
}

static int new_call(Ctl *ctl, const Peer *peer, const char *method, sd_bus_message **ret) {
        return sd_bus_message_new_method_call(ctl->bus, ret, peer->bus_name, peer->path, peer->interface,
                                              method);
}

static uint64_t call_timeout(Ctl *ctl, const Peer *peer) {
        if (peer->timeout_usec > 0)
                return peer->timeout_usec;
        if (!ctl->hurry)
                return CALL_TIMEOUT_USEC;

        return sd_bus_get_name_creds(ctl->bus, peer->bus_name, 0, NULL) < 0 ? START_TIMEOUT_USEC
                                                                            : HURRY_TIMEOUT_USEC;
}

/* sd-bus says that a connection timed out: which one, and after what time, is known here. */
static void name_silent(const Peer *peer, uint64_t timeout, sd_bus_error *error) {
        if (!sd_bus_error_has_name(error, SD_BUS_ERROR_TIMEOUT))
                return;

        sd_bus_error_free(error);
        (void) sd_bus_error_setf(error, SD_BUS_ERROR_TIMEOUT, "%s did not answer within %" PRIu64 " s",
                                 peer->unit, timeout / USEC_PER_SEC);
}

/* `r` is what became of the message so far. */
static int finish_call(Ctl *ctl, const Peer *peer, sd_bus_message *message, int r, bool interactive,
                       sd_bus_error *ret_error, sd_bus_message **ret_reply) {
        uint64_t timeout = call_timeout(ctl, peer) + (interactive ? AUTHORISE_TIMEOUT_USEC : 0);

        if (r >= 0)
                r = sd_bus_message_set_allow_interactive_authorization(message, interactive);
        if (r == -EINVAL)
                /* sd-bus refuses strings that are no UTF-8 so. */
                (void) sd_bus_error_set(ret_error, SD_BUS_ERROR_INVALID_ARGS,
                                        "An argument is not valid UTF-8");
        else if (r >= 0)
                r = sd_bus_call(ctl->bus, message, timeout, ret_error, ret_reply);
        if (r >= 0)
                return r;

        if (!sd_bus_error_is_set(ret_error))
                (void) sd_bus_error_set_errno(ret_error, r);
        name_silent(peer, timeout, ret_error);

        /* One of our errors, or -EIO: what sd-bus returns could be taken for another one of ours. */
        return error_name_to_errno(ret_error->name);
}

/*
 * Whether there is somebody who could be asked to authenticate. On a terminal that takes an agent, unless a desktop has
 * one; root is never asked. An agent that does not start is no fault: the second answer is then what the first one was.
 */
static bool can_ask(Ctl *ctl) {
        if (!ctl->ask_password)
                return false;

        if (!ctl->agent && geteuid() != 0 && agent_has_terminal()) {
                ctl_flush(ctl);
                (void) agent_new(&ctl->agent);
        }

        return true;
}

/* Nobody is asked before it is clear that somebody has to be: most calls need it of nobody. */
static int finish_call_asking(Ctl *ctl, const Peer *peer, sd_bus_message *message, int r,
                              sd_bus_error *ret_error, sd_bus_message **ret_reply) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *again = NULL;

        r = finish_call(ctl, peer, message, r, /* interactive= */ false, ret_error, ret_reply);
        if (!sd_bus_error_has_name(ret_error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED) ||
            !can_ask(ctl))
                return r;

        sd_bus_error_free(ret_error);
        r = new_call(ctl, peer, sd_bus_message_get_member(message), &again);
        if (r >= 0)
                r = sd_bus_message_rewind(message, /* complete= */ true);
        if (r >= 0)
                r = sd_bus_message_copy(again, message, /* all= */ true);
        return finish_call(ctl, peer, again, r, /* interactive= */ true, ret_error, ret_reply);
}

static int new_call_with(Ctl *ctl, const Peer *peer, const char *method, sd_bus_message **ret,
                         const char *types, va_list args) {
        int r;

        r = new_call(ctl, peer, method, ret);
        return r < 0 || isempty(types) ? r : sd_bus_message_appendv(*ret, types, args);
}

int client_try(Ctl *ctl, const Peer *peer, const char *method, sd_bus_error *ret_error,
               sd_bus_message **ret_reply, const char *types, ...) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        va_list args;
        int r;

        assert(ctl && ctl->bus);
        assert(ret_error);

        va_start(args, types);
        r = new_call_with(ctl, peer, method, &message, types, args);
        va_end(args);
        return finish_call(ctl, peer, message, r, /* interactive= */ false, ret_error, ret_reply);
}

int client_try_asking(Ctl *ctl, const Peer *peer, const char *method, sd_bus_error *ret_error,
                      sd_bus_message **ret_reply, const char *types, ...) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        va_list args;
        int r;

        assert(ctl && ctl->bus);
        assert(ret_error);

        va_start(args, types);
        r = new_call_with(ctl, peer, method, &message, types, args);
        va_end(args);
        return finish_call_asking(ctl, peer, message, r, ret_error, ret_reply);
}

int client_call(Ctl *ctl, const Peer *peer, const char *method, sd_bus_message **ret_reply,
                const char *types, ...) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        va_list args;
        int r;

        r = client_open(ctl);
        if (r < 0)
                return r;

        va_start(args, types);
        r = new_call_with(ctl, peer, method, &message, types, args);
        va_end(args);
        r = finish_call_asking(ctl, peer, message, r, &error, ret_reply);
        return r < 0 ? report_error(ctl, peer, r, &error) : r;
}

int client_begin(Ctl *ctl, const Peer *peer, const char *method, sd_bus_message **ret) {
        int r;

        r = client_open(ctl);
        if (r < 0)
                return r;

        r = new_call(ctl, peer, method, ret);
        return r < 0 ? ctl_fail(ctl, r, "Cannot call %s: %m", method) : 0;
}

int client_send(Ctl *ctl, const Peer *peer, sd_bus_message *message, int r, sd_bus_message **ret_reply) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

        r = finish_call_asking(ctl, peer, message, r, &error, ret_reply);
        return r < 0 ? report_error(ctl, peer, r, &error) : r;
}

int client_get_properties(Ctl *ctl, const Peer *peer, sd_bus_message **ret_reply) {
        Peer properties = *peer;

        properties.interface = "org.freedesktop.DBus.Properties";
        return client_call(ctl, &properties, "GetAll", ret_reply, "s", peer->interface);
}
