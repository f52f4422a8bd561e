/* SPDX-License-Identifier: MIT */
/* First the start, then the call: see started-call.h. */
#include "webhookd/queue/started-call.h"

#include <inttypes.h>
#include <stdio.h>

#include "shared/bus/errors.h"

struct StartedCall {
        sd_bus *bus;
        sd_bus_message *message;
        sd_bus_slot *slot;
        uint64_t timeout_usec;
        StartedCallOnAnswer on_answer;
        void *userdata;
};

static uint64_t start_timeout(const StartedCall *call) {
        return call->timeout_usec < ACTIVATION_TIMEOUT_USEC ? call->timeout_usec : ACTIVATION_TIMEOUT_USEC;
}

static void fail(const StartedCall *call, const char *name, const char *text) {
        const sd_bus_error failure = SD_BUS_ERROR_MAKE_CONST(name, text);

        call->on_answer(NULL, &failure, call->userdata);
}

/* What each bus says of a name that nobody has. */
static bool is_gone(const sd_bus_error *failure) {
        return streq(failure->name, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
               streq(failure->name, SD_BUS_ERROR_NAME_HAS_NO_OWNER);
}

static int on_answered(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const sd_bus_error *failure = sd_bus_message_get_error(message);
        StartedCall *call = userdata;

        (void) error;

        if (failure && is_gone(failure))
                fail(call, ERROR_DEPLOYER_UNREACHABLE, "the deployer ended before the call reached it");
        else
                call->on_answer(message, failure, call->userdata);
        return 0;
}

static void fail_to_start(const StartedCall *call, const sd_bus_error *failure) {
        char text[512];

        if (streq(failure->name, SD_BUS_ERROR_NO_REPLY) || streq(failure->name, SD_BUS_ERROR_TIMEOUT))
                (void) snprintf(text, sizeof(text),
                                "the bus did not start the deployer within %" PRIu64 " s",
                                start_timeout(call) / USEC_PER_SEC);
        else
                (void) snprintf(text, sizeof(text), "the bus cannot start the deployer: %s",
                                isempty(failure->message) ? failure->name : failure->message);
        fail(call, ERROR_DEPLOYER_UNREACHABLE, text);
}

static int on_started(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const sd_bus_error *failure = sd_bus_message_get_error(message);
        StartedCall *call = userdata;
        int r;

        (void) error;

        if (failure) {
                fail_to_start(call, failure);
                return 0;
        }

        call->slot = sd_bus_slot_unref(call->slot);
        r = sd_bus_call_async(call->bus, &call->slot, call->message, on_answered, call, call->timeout_usec);
        if (r < 0)
                fail(call, SD_BUS_ERROR_DISCONNECTED, "the call to the deployer cannot be sent");
        return 0;
}

int start_service(sd_bus *bus, const char *name, sd_bus_message_handler_t on_answer, void *userdata,
                  uint64_t timeout_usec, sd_bus_slot **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        assert(bus);
        assert(name);
        assert(on_answer);
        assert(ret);

        r = sd_bus_message_new_method_call(bus, &message, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                           "org.freedesktop.DBus", "StartServiceByName");
        if (r >= 0)
                r = sd_bus_message_append(message, "su", name, UINT32_C(0));
        return r < 0 ? r : sd_bus_call_async(bus, ret, message, on_answer, userdata, timeout_usec);
}

int started_call_send(sd_bus *bus, sd_bus_message *message, uint64_t timeout_usec,
                      StartedCallOnAnswer on_answer, void *userdata, StartedCall **ret) {
        _cleanup_(started_call_freep) StartedCall *call = NULL;
        int r;

        assert(bus);
        assert(message);
        assert(on_answer);
        assert(ret);

        call = calloc(1, sizeof(*call));
        if (!call)
                return -ENOMEM;

        call->bus = sd_bus_ref(bus);
        call->message = sd_bus_message_ref(message);
        call->timeout_usec = timeout_usec;
        call->on_answer = on_answer;
        call->userdata = userdata;

        /* It has been started; whoever ended since is not waited for once more. */
        r = sd_bus_message_set_auto_start(message, false);
        if (r >= 0)
                r = start_service(bus, sd_bus_message_get_destination(message), on_started, call,
                                  start_timeout(call), &call->slot);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(call);
        return 0;
}

StartedCall *started_call_free(StartedCall *call) {
        if (!call)
                return NULL;

        sd_bus_slot_unref(call->slot);
        sd_bus_message_unref(call->message);
        sd_bus_unref(call->bus);
        free(call);
        return NULL;
}
