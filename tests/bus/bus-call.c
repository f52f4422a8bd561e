/* SPDX-License-Identifier: MIT */
/*
 * One call on the system bus, for what busctl does not tell: the name of an error beside its text.
 *
 *     bus-call [--interactive] DESTINATION PATH INTERFACE MEMBER [SIGNATURE ARGUMENT...]
 *
 * Types are s, u, t, b, h and a{sv}, whose entries are counted and typed as busctl has them; of a(ss) and ay only 0 entries. Prints "ok" and, behind a space, the
 * first value where that is a string or a t; or the name of the error, a space, and its text. Ends with 0 in both cases.
 */
#include <inttypes.h>
#include <stdio.h>
#include <systemd/sd-bus.h>

#include "shared/macro.h"

#define TIMEOUT_USEC (60 * USEC_PER_SEC)

static int append_basic(sd_bus_message *message, char type, const char *word) {
        switch (type) {
        case 's':
                return sd_bus_message_append(message, "s", word);
        case 'u':
                return sd_bus_message_append(message, "u", (uint32_t) strtoul(word, NULL, 10));
        case 't':
                return sd_bus_message_append(message, "t", (uint64_t) strtoull(word, NULL, 10));
        case 'b':
                return sd_bus_message_append(message, "b", streq(word, "true"));
        case 'h':
                return sd_bus_message_append(message, "h", (int) strtol(word, NULL, 10));
        default:
                return -EINVAL;
        }
}

static int append_dictionary(sd_bus_message *message, char ***words) {
        unsigned long n;
        int r;

        if (!**words)
                return -EINVAL;

        n = strtoul(*(*words)++, NULL, 10);
        r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
        for (; r >= 0 && n > 0; n--) {
                char **entry = *words;

                if (!entry[0] || !entry[1] || !entry[2])
                        return -EINVAL;

                *words += 3;
                r = sd_bus_message_open_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv");
                if (r >= 0)
                        r = append_basic(message, 's', entry[0]);
                if (r >= 0)
                        r = sd_bus_message_open_container(message, SD_BUS_TYPE_VARIANT, entry[1]);
                if (r >= 0)
                        r = append_basic(message, entry[1][0], entry[2]);
                for (unsigned i = 0; r >= 0 && i < 2; i++)
                        r = sd_bus_message_close_container(message);
        }

        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_words(sd_bus_message *message, const char *signature, char **words) {
        int r = 0;

        while (r >= 0 && *signature != '\0') {
                if (strncmp(signature, "a{sv}", 5) == 0) {
                        r = append_dictionary(message, &words);
                        signature += 5;
                } else if (*words && streq(*words, "0") &&
                           (strncmp(signature, "a(ss)", 5) == 0 || strncmp(signature, "ay", 2) == 0)) {
                        r = sd_bus_message_append(message, signature[1] == 'y' ? "ay" : "a(ss)", 0);
                        words++;
                        signature += signature[1] == 'y' ? 2 : 5;
                } else {
                        r = *words ? append_basic(message, *signature, *words) : -EINVAL;
                        words++;
                        signature++;
                }
        }

        return r < 0 ? r : *words ? -EINVAL : 0;
}

static void print_reply(sd_bus_message *reply) {
        const char *text;
        uint64_t number;
        char type = 0;

        (void) sd_bus_message_peek_type(reply, &type, NULL);
        if (type == 's' && sd_bus_message_read(reply, "s", &text) > 0)
                (void) printf("ok %s\n", text);
        else if (type == 't' && sd_bus_message_read(reply, "t", &number) > 0)
                (void) printf("ok %" PRIu64 "\n", number);
        else
                (void) puts("ok");
}

int main(int argc, char *argv[]) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL, *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        bool interactive = argc > 1 && streq(argv[1], "--interactive");
        int r;

        argv += interactive ? 2 : 1;
        if (argc - interactive < 5)
                return EXIT_FAILURE;

        r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = sd_bus_message_new_method_call(bus, &message, argv[0], argv[1], argv[2], argv[3]);
        if (r >= 0)
                r = sd_bus_message_set_allow_interactive_authorization(message, interactive);
        if (r >= 0 && argv[4])
                r = append_words(message, argv[4], argv + 5);
        if (r < 0) {
                (void) fprintf(stderr, "bus-call: %s\n", strerror(-r));
                return EXIT_FAILURE;
        }

        r = sd_bus_call(bus, message, TIMEOUT_USEC, &error, &reply);
        if (r < 0)
                (void) printf("%s %s\n", error.name, strempty(error.message));
        else
                print_reply(reply);

        return EXIT_SUCCESS;
}
