/* SPDX-License-Identifier: MIT */
/* Sockets of engines: see engine-sockets.h. */
#include "ctl/verbs/engine-sockets.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>

#include "ctl/client.h"
#include "shared/json.h"

#define DEPLOYER_USER "tinyforge-deployer"
/* Groups of the deployer's user that are looked through. */
#define GROUPS_MAX 256

/* By its name, or its number where it has none; NULL where the socket cannot be seen. */
static json_t *group_of(const char *path) {
        const struct group *group;
        char number[16];
        struct stat st;

        if (stat(path, &st) < 0)
                return json_null();

        group = getgrgid(st.st_gid);
        if (group)
                return json_string(group->gr_name);

        (void) snprintf(number, sizeof(number), "%u", (unsigned) st.st_gid);
        return json_string(number);
}

int engine_sockets_read(sd_bus_message *reply, json_t **ret) {
        _cleanup_(json_freep) json_t *sockets = json_array();
        const char *path;
        int r, usable;

        r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_VARIANT, "a(sb)");
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "(sb)");
        while (r >= 0 && (r = sd_bus_message_read(reply, "(sb)", &path, &usable)) > 0)
                if (json_array_append_new(sockets, json_pack("{s:s, s:o, s:b}", "path", path, "group",
                                                             group_of(path), "usable", usable)) < 0)
                        return -ENOMEM;
        if (r >= 0)
                r = sd_bus_message_exit_container(reply);
        if (r >= 0)
                r = sd_bus_message_exit_container(reply);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(sockets);
        return 0;
}

static const char *note(const json_t *socket, char **buffer) {
        const char *group = json_get_string(socket, "group");

        if (!group || asprintf(buffer, " (group %s)", group) < 0) {
                *buffer = NULL;
                return "";
        }

        return *buffer;
}

const char *engine_sockets_note(const json_t *sockets, const char *path, char **buffer) {
        for (size_t i = 0; i < json_array_size(sockets); i++) {
                const json_t *socket = json_array_get(sockets, i);

                if (streq(strempty(json_get_string(socket, "path")), path))
                        return note(socket, buffer);
        }

        return "";
}

/* Whether the deployer's user is in the group by now, whatever groups the daemon was started with. */
static bool user_is_in(const char *name) {
        const struct passwd *user = getpwnam(DEPLOYER_USER);
        const struct group *group = getgrnam(name);
        gid_t groups[GROUPS_MAX];
        int n = GROUPS_MAX;

        if (!user || !group || getgrouplist(DEPLOYER_USER, user->pw_gid, groups, &n) < 0)
                return false;

        for (int i = 0; i < n; i++)
                if (groups[i] == group->gr_gid)
                        return true;

        return false;
}

static void hint_at_group(const Ctl *ctl, const char *group) {
        if (!group || streq(group, "root"))
                ctl_hint(ctl, "How an engine lets it in is told by ENGINES in: man tinyforge-deployerd");
        else if (user_is_in(group))
                ctl_hint(ctl, "It has been put into the group %s since it was started: systemctl restart %s",
                         group, peer_deployer.unit);
        else
                ctl_hint(ctl, "To let it in: usermod -aG %s %s, and systemctl restart %s", group,
                         DEPLOYER_USER, peer_deployer.unit);
}

void engine_sockets_show(const Ctl *ctl, const json_t *sockets) {
        for (size_t i = 0; i < json_array_size(sockets); i++) {
                const json_t *socket = json_array_get(sockets, i);
                bool usable = json_is_true(json_object_get(socket, "usable"));
                _cleanup_free_ char *buffer = NULL;

                ctl_print(ctl, "%s%s: the deployer %s use it", strempty(json_get_string(socket, "path")),
                          note(socket, &buffer), usable ? "may" : "may not");
                if (!usable)
                        hint_at_group(ctl, json_get_string(socket, "group"));
        }
}
