/* SPDX-License-Identifier: MIT */
/* project create and project set: what a project is. webhookd checks it; here only numbers become numbers. */
#include "ctl/client.h"
#include "ctl/verbs/verbs.h"
#include "shared/conf/parse.h"
#include "shared/protocol.h"

/* 0, or an exit code. */
static int parse_port(const Ctl *ctl, uint16_t *ret) {
        uint64_t port = 0;

        if (ctl->port && parse_uint(ctl->port, UINT16_MAX, &port) < 0) {
                (void) ctl_fail(ctl, -EINVAL, "--port= wants a number from 0 to 65535, not '%s'", ctl->port);
                return CTL_EXIT_USAGE;
        }

        *ret = (uint16_t) port;
        return 0;
}

static int append_options(const Ctl *ctl, sd_bus_message *message, uint16_t port) {
        int r;

        r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0 && ctl->port)
                r = sd_bus_message_append(message, "{sv}", OPTION_PORT, "q", (int) port);
        if (r >= 0 && ctl->healthcheck)
                r = sd_bus_message_append(message, "{sv}", OPTION_HEALTHCHECK, "s", ctl->healthcheck);
        if (r >= 0 && ctl->after)
                r = sd_bus_message_append(message, "{sv}", OPTION_AFTER, "s", ctl->after);
        if (r >= 0 && ctl->images)
                r = sd_bus_message_append(message, "{sv}", OPTION_IMAGE, "s", ctl->images[0]);
        if (r < 0)
                return r;

        return sd_bus_message_close_container(message);
}

/* `image` is an argument of CreateProject(), and NULL for SetProject(). */
static int edit(Ctl *ctl, const char *method, const char *project, const char *image) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        uint16_t port = 0;
        int r;

        r = parse_port(ctl, &port);
        if (r > 0)
                return r;

        r = client_begin(ctl, &peer_webhook, method, &message);
        if (r < 0)
                return r;

        r = sd_bus_message_append(message, "s", project);
        if (r >= 0 && image)
                r = sd_bus_message_append(message, "s", image);
        if (r >= 0)
                r = append_options(ctl, message, port);

        return client_send(ctl, &peer_webhook, message, r, NULL);
}

int verb_project_create(Ctl *ctl, char *args[]) {
        int r;

        r = edit(ctl, "CreateProject", args[0], args[1]);
        if (r < 0 || r == CTL_EXIT_USAGE)
                return r;

        if (ctl->json)
                return ctl_print_json(ctl, json_pack("{s:s}", "project", args[0]));

        ctl_print(ctl, "Project %s created", args[0]);
        ctl_hint(ctl, "It has no stage yet: tinyforgectl stage set %s STAGE --pattern=PATTERN", args[0]);
        return 0;
}

int verb_project_set(Ctl *ctl, char *args[]) {
        int r;

        if (!ctl->port && !ctl->healthcheck && !ctl->after && !ctl->images) {
                (void) ctl_fail(ctl, -EINVAL,
                                "Say what to set: --image=, --port=, --healthcheck= or --after=");
                return CTL_EXIT_USAGE;
        }
        if (ctl->images && ctl->images[1]) {
                (void) ctl_fail(ctl, -EINVAL, "A project has one image: say --image= once");
                return CTL_EXIT_USAGE;
        }

        r = edit(ctl, "SetProject", args[0], NULL);
        if (r < 0 || r == CTL_EXIT_USAGE)
                return r;

        if (ctl->json)
                return ctl_print_json(ctl, json_pack("{s:s}", "project", args[0]));

        ctl_print(ctl, "Project %s set; it holds from the next deploy on", args[0]);
        if (ctl->images)
                ctl_hint(ctl,
                         "Where %s has run another image, its deploys are refused until \"image\" in "
                         "/etc/tinyforge/projects.d/%s.json names this one.",
                         args[0], args[0]);
        return 0;
}
