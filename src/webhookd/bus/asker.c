/* SPDX-License-Identifier: MIT */
/* Who asks over the bus: see asker.h. */
#include "webhookd/bus/asker.h"

#include <pwd.h>
#include <stdio.h>

/* Bytes of a line of /etc/passwd; a longer one ends the search. */
#define LINE_SIZE 4096U

/* The name is not touched where the file has none that fits. */
static bool find_name(FILE *file, uid_t uid, char name[static ASKER_USER_MAX + 1]) {
        struct passwd entry, *found;
        char line[LINE_SIZE];

        while (fgetpwent_r(file, &entry, line, sizeof(line), &found) == 0)
                if (entry.pw_uid == uid && !isempty(entry.pw_name) &&
                    strlen(entry.pw_name) <= ASKER_USER_MAX) {
                        memcpy(name, entry.pw_name, strlen(entry.pw_name) + 1);
                        return true;
                }

        return false;
}

Asker bus_asker(uid_t uid, char name[static ASKER_USER_MAX + 1]) {
        FILE *file = fopen("/etc/passwd", "re");
        Asker asker = { .is_user = true, .uid = uid };

        if (!file)
                return asker;

        if (find_name(file, uid, name))
                asker.user = name;
        (void) fclose(file);
        return asker;
}
