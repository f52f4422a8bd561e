/* SPDX-License-Identifier: MIT */
/* Questions to polkit: see polkit.h. */
#include "shared/bus/polkit.h"

#define POLKIT_NAME      "org.freedesktop.PolicyKit1"
#define POLKIT_PATH      "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"

/* Of CheckAuthorization(). */
#define FLAG_ALLOW_USER_INTERACTION UINT32_C(1)

/* What the bus says of a service that cannot be had; one that ends in "." stands for all names that begin so. */
static const char *const absent_errors[] = {
        "org.freedesktop.DBus.Error.ServiceUnknown",
        "org.freedesktop.DBus.Error.NameHasNoOwner",
        "org.freedesktop.DBus.Error.Spawn.",
        "org.freedesktop.DBus.Error.TimedOut",
        "org.freedesktop.systemd1.",
};

typedef struct DetailSpec {
        const char *key;
        size_t offset;
} DetailSpec;

static const DetailSpec detail_specs[] = {
        { "project", offsetof(PolkitDetails, project) },
        { "stage", offsetof(PolkitDetails, stage) },
        { "hook", offsetof(PolkitDetails, hook) },
};

static_assert(sizeof(PolkitDetails) == ELEMENTSOF(detail_specs) * sizeof(const char *),
              "every detail has a key");

static int append_details(sd_bus_message *message, const PolkitDetails *details) {
        int r;

        r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "{ss}");
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(detail_specs); i++) {
                const char *value;

                memcpy(&value, (const char *) details + detail_specs[i].offset, sizeof(value));
                if (value)
                        r = sd_bus_message_append(message, "{ss}", detail_specs[i].key, value);
        }

        return r < 0 ? r : sd_bus_message_close_container(message);
}

int polkit_ask(sd_bus *bus, const PolkitQuestion *question, sd_bus_message_handler_t callback,
               void *userdata, sd_bus_slot **ret_slot) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        assert(bus);
        assert(question && question->subject && question->action);
        assert(callback);
        assert(ret_slot);

        r = sd_bus_message_new_method_call(bus, &message, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
                                           "CheckAuthorization");
        if (r >= 0)
                r = sd_bus_message_append(message, "(sa{sv})s", "system-bus-name", 1, "name", "s",
                                          question->subject, question->action);
        if (r >= 0)
                r = append_details(message, &question->details);
        if (r >= 0)
                r = sd_bus_message_append(message, "us", question->id ? FLAG_ALLOW_USER_INTERACTION : 0,
                                          strempty(question->id));
        if (r < 0)
                return r;

        return sd_bus_call_async(bus, ret_slot, message, callback, userdata, question->timeout_usec);
}

void polkit_take_back(sd_bus *bus, const char *id) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        assert(bus);
        assert(id);

        r = sd_bus_message_new_method_call(bus, &message, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
                                           "CancelCheckAuthorization");
        if (r >= 0)
                r = sd_bus_message_append(message, "s", id);
        if (r >= 0)
                r = sd_bus_message_set_auto_start(message, false);
        if (r >= 0)
                r = sd_bus_message_set_expect_reply(message, false);

        /* A question that polkit goes on asking gets an answer that nobody waits for. */
        if (r >= 0)
                (void) sd_bus_send(bus, message, NULL);
}

static bool is_absent(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(absent_errors); i++) {
                size_t length = strlen(absent_errors[i]);

                if (absent_errors[i][length - 1] == '.' ? strncmp(name, absent_errors[i], length) == 0
                                                        : streq(name, absent_errors[i]))
                        return true;
        }

        return false;
}

PolkitVerdict polkit_read_answer(sd_bus_message *reply, const char **ret_text) {
        int authorised, challenge;
        const sd_bus_error *error;

        assert(reply);
        assert(ret_text);

        error = sd_bus_message_get_error(reply);
        if (error) {
                *ret_text = isempty(error->message) ? strempty(error->name) : error->message;
                return is_absent(strempty(error->name)) ? POLKIT_ABSENT : POLKIT_FAILED;
        }

        *ret_text = "its answer cannot be read";
        if (sd_bus_message_enter_container(reply, SD_BUS_TYPE_STRUCT, "bba{ss}") <= 0 ||
            sd_bus_message_read(reply, "bb", &authorised, &challenge) <= 0)
                return POLKIT_FAILED;

        *ret_text = "";
        return authorised ? POLKIT_YES : challenge ? POLKIT_CHALLENGE : POLKIT_NO;
}
