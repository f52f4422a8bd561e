/* SPDX-License-Identifier: MIT */
/* What a sender calls: see secret-url.h. */
#include "ctl/verbs/secret-url.h"

#include "ctl/client.h"
#include "ctl/report.h"

int url_read_base(Ctl *ctl, char **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const Peer properties = {
                .bus_name = peer_webhook.bus_name,
                .path = peer_webhook.path,
                .interface = "org.freedesktop.DBus.Properties",
                .unit = peer_webhook.unit,
        };
        const char *url = "";
        char *copy;
        int r;

        r = client_call(ctl, &properties, "Get", &reply, "ss", peer_webhook.interface, "PublicURL");
        if (r < 0)
                return r;

        r = sd_bus_message_read(reply, "v", "s", &url);
        if (r < 0)
                return report_answer(ctl, &peer_webhook, r);

        copy = strdup(isempty(url) ? URL_BASE_DEFAULT : url);
        if (!copy)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        *ret = copy;
        return 0;
}

static int show_url(Ctl *ctl, const char *base, const char *path) {
        _cleanup_free_ char *url = NULL;

        if (asprintf(&url, "%s%s", base, path) < 0) {
                url = NULL;
                return ctl_fail(ctl, -ENOMEM, "Out of memory");
        }

        if (ctl->json)
                return ctl_print_json(ctl, json_pack("{s:s, s:s}", "url", url, "path", path));

        ctl_print(ctl, "%s", url);
        return 0;
}

int url_show(Ctl *ctl, const char *base, sd_bus_message *reply) {
        const char *path;
        int r;

        r = sd_bus_message_read(reply, "s", &path);
        if (r < 0)
                return report_answer(ctl, &peer_webhook, r);

        return show_url(ctl, base, path);
}
