/* SPDX-License-Identifier: MIT */
/*
 * polkit with answers that a test can choose. Takes one word a line from its standard input, and prints "ready" when it has
 * been followed: "yes", "no", "challenge", "error" and "garbage" are the answers from now on, "hang" is none. "release" answers
 * with yes what has got none. Prints each question as "check SUBJECT ACTION KEY=VALUE... FLAGS ID", with "-" for no id, and
 * "cancel ID" for one that is taken back. Ends with its standard input.
 */
#include <stdio.h>
#include <sys/epoll.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "shared/macro.h"

#define INTERFACE "org.freedesktop.PolicyKit1.Authority"

#define HELD_MAX 64U

static char answer[16] = "no";
static sd_bus_message *held[HELD_MAX];
static size_t n_held;

static int say_subject(sd_bus_message *message) {
        const char *kind, *key, *name;
        int r;

        r = sd_bus_message_read(message, "(sa{sv})", &kind, 1, &key, "s", &name);
        if (r >= 0)
                (void) printf("check %s", name);
        return r;
}

static int say_details(sd_bus_message *message) {
        const char *key, *value;
        int r;

        r = sd_bus_message_enter_container(message, SD_BUS_TYPE_ARRAY, "{ss}");
        while (r >= 0 && (r = sd_bus_message_read(message, "{ss}", &key, &value)) > 0)
                (void) printf(" %s=%s", key, value);

        return r < 0 ? r : sd_bus_message_exit_container(message);
}

static int say_question(sd_bus_message *message) {
        const char *action, *id;
        uint32_t flags;
        int r;

        r = say_subject(message);
        if (r >= 0)
                r = sd_bus_message_read(message, "s", &action);
        if (r < 0)
                return r;

        (void) printf(" %s", action);
        r = say_details(message);
        if (r >= 0)
                r = sd_bus_message_read(message, "us", &flags, &id);
        if (r < 0)
                return r;

        (void) printf(" %u %s\n", (unsigned) flags, isempty(id) ? "-" : id);
        (void) fflush(stdout);
        return 0;
}

static int method_check(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        int r;

        (void) userdata;

        r = say_question(message);
        if (r < 0)
                return r;

        if (streq(answer, "error"))
                return sd_bus_error_set(error, "org.freedesktop.PolicyKit1.Error.Failed",
                                        "Action is not registered");
        if (streq(answer, "garbage"))
                return sd_bus_reply_method_return(message, "s", "yes");
        if (streq(answer, "hang") && n_held < HELD_MAX) {
                held[n_held++] = sd_bus_message_ref(message);
                return 1;
        }

        return sd_bus_reply_method_return(message, "(bba{ss})", streq(answer, "yes"),
                                          streq(answer, "challenge"), 0);
}

static int method_cancel(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *id;
        int r;

        (void) userdata;
        (void) error;

        r = sd_bus_message_read(message, "s", &id);
        if (r < 0)
                return r;

        (void) printf("cancel %s\n", id);
        (void) fflush(stdout);
        return sd_bus_reply_method_return(message, "");
}

/* Not by a vtable: that would keep garbage from being sent. */
static int on_call(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        if (sd_bus_message_is_method_call(message, INTERFACE, "CheckAuthorization"))
                return method_check(message, userdata, error);
        if (sd_bus_message_is_method_call(message, INTERFACE, "CancelCheckAuthorization"))
                return method_cancel(message, userdata, error);

        return 0;
}

static int release(void) {
        int r = 0;

        while (n_held > 0 && r >= 0) {
                sd_bus_message *message = held[--n_held];

                r = sd_bus_reply_method_return(message, "(bba{ss})", 1, 0, 0);
                sd_bus_message_unref(message);
        }

        return r;
}

static int on_input(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        char word[sizeof(answer)] = "";
        int r = 0;

        (void) fd;
        (void) revents;
        (void) userdata;

        if (!fgets(word, sizeof(word), stdin))
                return sd_event_exit(sd_event_source_get_event(source), 0);

        word[strcspn(word, "\n")] = '\0';
        if (streq(word, "release"))
                r = release();
        else
                memcpy(answer, word, sizeof(answer));

        (void) puts("ready");
        (void) fflush(stdout);
        return r;
}

static int run(sd_event *event, sd_bus *bus) {
        int r;

        r = sd_bus_attach_event(bus, event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_bus_add_object(bus, NULL, "/org/freedesktop/PolicyKit1/Authority", on_call, NULL);
        if (r >= 0)
                r = sd_event_add_io(event, NULL, STDIN_FILENO, EPOLLIN, on_input, NULL);
        if (r >= 0)
                r = sd_bus_request_name(bus, "org.freedesktop.PolicyKit1", 0);
        if (r < 0)
                return r;

        (void) puts("ready");
        (void) fflush(stdout);
        return sd_event_loop(event);
}

int main(void) {
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        int r;

        /* One line at a time is taken, and none stays behind in a buffer. */
        (void) setvbuf(stdin, NULL, _IONBF, 0);
        r = sd_event_new(&event);
        if (r >= 0)
                r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = run(event, bus);
        while (n_held > 0)
                sd_bus_message_unref(held[--n_held]);
        if (r < 0)
                (void) fprintf(stderr, "fake-polkit: %s\n", strerror(-r));

        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
