/* SPDX-License-Identifier: MIT */
/* The URL that CI calls: shown, or replaced. */
#include <stdio.h>

#include "ctl/verbs.h"
#include "shared/protocol.h"

#define DEFAULT_URL "http://127.0.0.1:8420"

/* Calls a method that returns the path, and prints the URL made of it. */
static int print_url(Ctl *ctl, const char *method) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_free_ char *base = NULL;
        const char *path;
        int r;

        r = ctl_call_webhook(ctl, &reply, method, "");
        if (r != 0)
                return r;

        r = sd_bus_message_read(reply, "s", &path);
        if (r < 0)
                return ctl_fail(r, "Cannot read the reply");

        base = ctl_get_string(ctl, WEBHOOK_BUS_NAME, WEBHOOK_PATH, WEBHOOK_INTERFACE, "PublicURL");
        if (!base)
                return ctl_fail(-ENOMEM, "Cannot make the URL");

        if (ctl->json) {
                _cleanup_free_ char *url = NULL;

                if (asprintf(&url, "%s%s", isempty(base) ? DEFAULT_URL : base, path) < 0)
                        return ctl_fail(-ENOMEM, "Cannot make the URL");

                return ctl_print_json(json_pack("{s:s, s:s}", "url", url, "path", path));
        }

        (void) printf("%s%s\n", isempty(base) ? DEFAULT_URL : base, path);
        return EXIT_SUCCESS;
}

int verb_url(Ctl *ctl, char *argv[]) {
        (void) argv;

        return print_url(ctl, "GetWebhookPath");
}

int verb_regenerate_secret(Ctl *ctl, char *argv[]) {
        (void) argv;

        return print_url(ctl, "RegenerateSecret");
}
