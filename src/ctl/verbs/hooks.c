/* SPDX-License-Identifier: MIT */
/* url and regenerate-secret, hooks, hook create, hook rotate and hook remove: the URLs that senders call. */
#include "ctl/client.h"
#include "ctl/print/moment.h"
#include "ctl/print/rows.h"
#include "ctl/report.h"
#include "ctl/verbs/secret-url.h"
#include "ctl/verbs/verbs.h"
#include "shared/protocol.h"

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
        if (r >= 0 && !ctl->json && streq(base, URL_BASE_DEFAULT))
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

int verb_hooks(Ctl *ctl, char *args[]) {
        static const Column columns[] = {
                { "HOOK", "name", COLUMN_SHRINKS },
                { "IMAGES", "images", COLUMN_SHRINKS },
                { "SIGNATURE", "signature", 0 },
                { "KEY", "has_key", 0 },
                { "BARE", "bare", 0 },
                { "CREATED", "created_at", COLUMN_TIME },
                { "ROTATED", "rotated_at", COLUMN_TIME },
                { "PREVIOUS-UNTIL", "previous_until", COLUMN_RARE | COLUMN_TIME },
        };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(table_freep) Table *table = NULL;
        HookRow row;
        int r;

        (void) args;

        table = table_new(columns, ELEMENTSOF(columns));
        if (!table)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        r = client_call(ctl, &peer_webhook, "DescribeHooks", &reply, "");
        if (r < 0)
                return r;

        r = rows_enter(reply);
        while (r >= 0 && (r = hook_read(reply, &row)) > 0) {
                table_add_text(table, row.name);
                table_add_list(table, row.images);
                table_add_text(table, row.signature);
                table_add_bool(table, row.has_key);
                table_add_bool(table, row.bare);
                table_add_time(table, row.created_at);
                table_add_time(table, row.rotated_at);
                table_add_time(table, row.previous_until);
                hook_row_done(&row);
        }
        if (r < 0)
                return report_answer(ctl, &peer_webhook, r);

        return table_show(table, ctl, "hooks");
}

/* An entry whose value is an array of strings; sd_bus_message_append() wants their number at compile time. */
static int append_images(sd_bus_message *message, char **images) {
        int r;

        r = sd_bus_message_open_container(message, SD_BUS_TYPE_DICT_ENTRY, "sv");
        if (r >= 0)
                r = sd_bus_message_append(message, "s", HOOK_KEY_IMAGES);
        if (r >= 0)
                r = sd_bus_message_open_container(message, SD_BUS_TYPE_VARIANT, "as");
        if (r >= 0)
                r = sd_bus_message_append_strv(message, images);
        if (r >= 0)
                r = sd_bus_message_close_container(message);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_create(sd_bus_message *message, const Ctl *ctl, const char *name) {
        int r;

        r = sd_bus_message_append(message, "s", name);
        if (r >= 0)
                r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0 && ctl->images)
                r = append_images(message, ctl->images);
        if (r >= 0 && ctl->signature)
                r = sd_bus_message_append(message, "{sv}", HOOK_KEY_SIGNATURE, "s", ctl->signature);
        if (r >= 0 && ctl->bare)
                r = sd_bus_message_append(message, "{sv}", HOOK_KEY_BARE, "b", 1);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

/* A row of that name is handed to `hint`, which says what is to be known of it. Reports its faults. */
static int hint_at_hook(Ctl *ctl, const char *name, void (*hint)(Ctl *ctl, const HookRow *row)) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        HookRow row;
        int r;

        r = client_call(ctl, &peer_webhook, "DescribeHooks", &reply, "");
        if (r < 0)
                return r;

        r = rows_enter(reply);
        while (r >= 0 && (r = hook_read(reply, &row)) > 0) {
                if (streq(row.name, name))
                        hint(ctl, &row);
                hook_row_done(&row);
        }

        return r < 0 ? report_answer(ctl, &peer_webhook, r) : 0;
}

/* A hook that requires a signature, and has no key to check one with, is not what anybody wants. */
static void hint_at_key(Ctl *ctl, const HookRow *row) {
        if (streq(row->signature, "required") && !row->has_key)
                ctl_hint(ctl,
                         "It accepts nothing until there is a key: put LoadCredential=signing-key.%s:PATH into a "
                         "drop-in of %s, and restart that.",
                         row->name, peer_webhook.unit);
}

/* Until when the URL before this one works. */
static void hint_at_old_url(Ctl *ctl, const HookRow *row) {
        char when[MOMENT_SIZE];

        if (row->previous_until > 0)
                ctl_hint(ctl, "The old URL works until %s.", moment_format(row->previous_until, when));
        else
                ctl_hint(ctl, "The old URL is dead.");
}

int verb_hook_create(Ctl *ctl, char *args[]) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL, *reply = NULL;
        _cleanup_free_ char *base = NULL;
        int r;

        r = url_read_base(ctl, &base);
        if (r >= 0)
                r = client_begin(ctl, &peer_webhook, "CreateHook", &message);
        if (r < 0)
                return r;

        r = client_send(ctl, &peer_webhook, message, append_create(message, ctl, args[0]), &reply);
        if (r == -EINVAL && ctl->bare)
                ctl_hint(ctl,
                         "A bare call names no image: tinyforgectl hook create %s --bare --image=ghcr.io/acme/shop",
                         args[0]);
        if (r >= 0)
                r = url_show(ctl, base, reply);
        if (r < 0)
                return r;

        /* It is made, whether or not more can be said of it. */
        (void) hint_at_hook(ctl, args[0], hint_at_key);
        return 0;
}

int verb_hook_rotate(Ctl *ctl, char *args[]) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_free_ char *base = NULL;
        /* What is asked for in parts of a second is rounded up: the sender is to have that long at least. */
        uint64_t grace = ctl->grace_usec / USEC_PER_SEC + (ctl->grace_usec % USEC_PER_SEC > 0);
        int r;

        r = url_read_base(ctl, &base);
        if (r < 0)
                return r;

        r = client_call(ctl, &peer_webhook, "RotateHook", &reply, "sa{sv}", args[0], 1, "GraceSec", "t",
                        grace);
        if (r >= 0)
                r = url_show(ctl, base, reply);
        if (r < 0)
                return r;

        (void) hint_at_hook(ctl, args[0], hint_at_old_url);
        return 0;
}

int verb_hook_remove(Ctl *ctl, char *args[]) {
        int r;

        r = client_call(ctl, &peer_webhook, "RemoveHook", NULL, "s", args[0]);
        if (r < 0)
                return r;

        if (ctl->json)
                return ctl_print_json(ctl, json_pack("{s:s}", "removed", args[0]));

        ctl_print(ctl, "Hook %s removed", args[0]);
        return 0;
}
