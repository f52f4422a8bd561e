/* SPDX-License-Identifier: MIT */
/* url and regenerate-secret: the URL that CI calls. */
#include "ctl/verbs/secret-url.h"

#include "ctl/client.h"
#include "ctl/verb-table.h"

/* Where the socket listens unless a drop-in says otherwise. */
#define DEFAULT_URL "http://127.0.0.1:8420"

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
                return client_report_answer(ctl, &peer_webhook, r);

        copy = strdup(isempty(url) ? DEFAULT_URL : url);
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
                return client_report_answer(ctl, &peer_webhook, r);

        return show_url(ctl, base, path);
}

int verb_url(Ctl *ctl, char *args[]) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_free_ char *base = NULL;
        int r;

        r = url_read_base(ctl, &base);
        if (r < 0)
                return r;

        r = args[0] ? client_call(ctl, &peer_webhook, "GetHookPath", &reply, "s", args[0])
                    : client_call(ctl, &peer_webhook, "GetWebhookPath", &reply, "");
        if (r >= 0)
                r = url_show(ctl, base, reply);
        if (r >= 0 && !ctl->json && streq(base, DEFAULT_URL))
                ctl_hint(ctl,
                         "Only this machine can call that; PublicURL= in webhookd.conf says how others do.");
        return r;
}

int verb_regenerate_secret(Ctl *ctl, char *args[]) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_free_ char *base = NULL;
        int r;

        (void) args;

        r = url_read_base(ctl, &base);
        if (r < 0)
                return r;

        r = client_call(ctl, &peer_webhook, "RegenerateSecret", &reply, "");
        return r < 0 ? r : url_show(ctl, base, reply);
}
