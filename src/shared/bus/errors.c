/* SPDX-License-Identifier: MIT */
/* The table of errors, read in both directions: see errors.h. */
#include "shared/bus/errors.h"

typedef struct ErrorEntry {
        const char *name;
        int number;
        ErrorVerdict verdict;
        const char *meaning;
} ErrorEntry;

static const ErrorEntry entries[] = {
#define X(id, name, number, verdict, meaning) { ERROR_PREFIX name, number, verdict, meaning },
        ERROR_TABLE(X)
#undef X
};

/* Errors that the bus itself answers with when a peer dies, hangs, or cannot be started. */
static const char *const transient_bus_errors[] = {
        "org.freedesktop.DBus.Error.NoReply",        "org.freedesktop.DBus.Error.Timeout",
        "org.freedesktop.DBus.Error.TimedOut",       "org.freedesktop.DBus.Error.Disconnected",
        "org.freedesktop.DBus.Error.NoServer",       "org.freedesktop.DBus.Error.ServiceUnknown",
        "org.freedesktop.DBus.Error.NameHasNoOwner", "org.freedesktop.DBus.Error.LimitsExceeded",
        "org.freedesktop.DBus.Error.NoMemory",       "org.freedesktop.DBus.Error.IOError",
        "org.freedesktop.DBus.Error.SpawnFailed",    "org.freedesktop.systemd1.LoadFailed",
        "org.freedesktop.systemd1.NoSuchUnit",
};

static const char transient_bus_prefix[] = "org.freedesktop.DBus.Error.Spawn.";

const char *error_name_from_errno(int error) {
        for (size_t i = 0; i < ELEMENTSOF(entries); i++)
                if (entries[i].number == -error)
                        return entries[i].name;

        return "org.freedesktop.DBus.Error.Failed";
}

int error_name_to_errno(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(entries); i++)
                if (streq(entries[i].name, strempty(name)))
                        return -entries[i].number;

        return -EIO;
}

const char *error_name_meaning(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(entries); i++)
                if (streq(entries[i].name, strempty(name)))
                        return entries[i].meaning;

        return NULL;
}

ErrorVerdict error_name_verdict(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(entries); i++)
                if (streq(entries[i].name, strempty(name)))
                        return entries[i].verdict;

        for (size_t i = 0; i < ELEMENTSOF(transient_bus_errors); i++)
                if (streq(transient_bus_errors[i], strempty(name)))
                        return ERROR_RETRY;

        if (strncmp(strempty(name), transient_bus_prefix, sizeof(transient_bus_prefix) - 1) == 0)
                return ERROR_RETRY;

        return ERROR_FINAL;
}
