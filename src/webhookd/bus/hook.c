/* SPDX-License-Identifier: MIT */
/*
 * The methods about hooks: GetWebhookPath and RegenerateSecret for the main one, CreateHook, ListHooks, DescribeHooks, RotateHook,
 * RemoveHook and GetHookPath for the others. A path is in a reply alone.
 */
#include <inttypes.h>
#include <stdio.h>

#include "shared/bus/errors.h"
#include "shared/conf/conf.h"
#include "shared/name.h"
#include "shared/protocol.h"
#include "shared/tag/glob.h"
#include "shared/time-util.h"
#include "webhookd/bus/access.h"
#include "webhookd/bus/hook.h"
#include "webhookd/bus/reply.h"
#include "webhookd/bus/tell.h"

#define GRACE_MAX_SEC (HOOK_GRACE_MAX_USEC / USEC_PER_SEC)

typedef struct CreateOptions {
        char **images;
        const char *signature;
        int bare;
} CreateOptions;

static const BusOption create_options[] = {
        { HOOK_KEY_IMAGES, "as", offsetof(CreateOptions, images) },
        { HOOK_KEY_SIGNATURE, "s", offsetof(CreateOptions, signature) },
        { HOOK_KEY_BARE, "b", offsetof(CreateOptions, bare) },
};

static void create_options_done(CreateOptions *options) {
        options->images = strv_free(options->images);
}

typedef struct RotateOptions {
        uint64_t grace_sec;
} RotateOptions;

static const BusOption rotate_options[] = { { "GraceSec", "t", offsetof(RotateOptions, grace_sec) } };

static int check_images(char *const *images, sd_bus_error *error) {
        size_t n = 0, total = 0;

        for (; images && images[n]; n++) {
                const char *pattern = images[n], *reason = "it is too long";

                if (isempty(pattern) || strpbrk(pattern, " \t\n\r"))
                        reason = "it is empty or has white space in it";
                else if (glob_validate(pattern, &reason, NULL) >= 0)
                        reason = NULL;
                if (reason)
                        return sd_bus_error_setf(error, ERROR_INVALID_PATTERN, "Bad pattern '%s': %s",
                                                 pattern, reason);

                total += strlen(pattern) + 1;
        }

        if (n > HOOK_PATTERNS_MAX || total > HOOK_IMAGES_MAX)
                return sd_bus_error_setf(error, ERROR_INVALID_OPTION,
                                         "Images: at most %u patterns, of %u bytes together",
                                         HOOK_PATTERNS_MAX, HOOK_IMAGES_MAX);

        return 0;
}

/* A call without a body cannot say what it is about. */
static int check_bare(const CreateOptions *options, sd_bus_error *error) {
        int r;

        r = options->bare ? hook_images_are_one(options->images) : 1;
        if (r < 0)
                return r;

        return r > 0 ? 0
                     : sd_bus_error_set(error, ERROR_INVALID_OPTION,
                                        "Bare wants exactly one image, which is a repository such as "
                                        "ghcr.io/acme/shop, and no pattern");
}

/* The hook that a call names, from a caller who may; else what the method has to return, as of manager_begin(). */
static int read_hook(Manager *manager, sd_bus_message *message, const Hook **ret, uid_t *ret_uid,
                     sd_bus_error *error) {
        const Hook *hook = NULL;
        PolkitDetails about;
        int r;

        r = manager_begin(manager, message, CALL_HOOK, &about, ret_uid, error);
        if (r != 0)
                return r;

        hook = hooks_find(manager->webhooks, about.hook);
        if (!hook)
                return sd_bus_error_setf(error, ERROR_NO_SUCH_HOOK, "There is no hook '%s'", about.hook);

        *ret = hook;
        return 0;
}

static int reply_path(sd_bus_message *message, const Hook *hook) {
        _cleanup_(secret_path_freep) char *path = NULL;
        int r;

        r = secret_path(&hook->secret, &path);
        return r < 0 ? r : sd_bus_reply_method_return(message, "s", path);
}

static void tell(Manager *manager, EventId event, NoticeSignal signal, const char *name, uid_t uid,
                 const char *format, ...) _printf_(6, 7);

static void tell(Manager *manager, EventId event, NoticeSignal signal, const char *name, uid_t uid,
                 const char *format, ...) {
        Notice notice = NOTICE(event, signal);
        char text[192];
        va_list args;

        va_start(args, format);
        (void) vsnprintf(text, sizeof(text), format, args);
        va_end(args);

        notice.text = text;
        notice.hook = name;
        notice.caller_uid = uid;
        manager_tell(manager, &notice);
        manager->hooks.changed(manager->userdata);
}

int method_regenerate_secret(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;
        uid_t uid;
        int r;

        r = manager_begin(manager, message, CALL_ALL, NULL, &uid, error);
        if (r != 0)
                return r;

        r = hooks_regenerate(manager->webhooks);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);

        tell(manager, EVENT_SECRET_REGENERATED, NOTICE_SECRET_REGENERATED, NULL, uid,
             "Secret regenerated by uid %u", (unsigned) uid);
        return reply_path(message, hooks_at(manager->webhooks, 0));
}

int method_get_webhook_path(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;
        uid_t uid;
        int r;

        r = manager_begin(manager, message, CALL_ALL, NULL, &uid, error);
        return r != 0 ? r : reply_path(message, hooks_at(manager->webhooks, 0));
}

static int reply_create_error(const Manager *manager, const char *name, sd_bus_error *error, int r) {
        switch (r) {
        case -EEXIST:
                return sd_bus_error_setf(error, ERROR_HOOK_EXISTS, "There is a hook '%s' already", name);
        case -EUSERS:
                return sd_bus_error_setf(error, ERROR_TOO_MANY, "There are %u hooks already", HOOKS_MAX);
        case -EBADMSG:
                return sd_bus_error_setf(error, ERROR_CONFIGURATION,
                                         "The credential '" SIGNATURE_CREDENTIAL
                                         ".%s' is no list of keys that can be read",
                                         name);
        default:
                return manager_reply_store_error(manager, error, r);
        }
}

int method_create_hook(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(create_options_done) CreateOptions options = { .signature = "optional" };
        Manager *manager = userdata;
        const Hook *hook = NULL;
        PolkitDetails about;
        unsigned seen;
        uid_t uid;
        int r, rule;

        r = manager_begin(manager, message, CALL_HOOK, &about, &uid, error);
        if (r != 0)
                return r;

        r = bus_options_read(message, create_options, ELEMENTSOF(create_options), &options, &seen, error);
        if (r >= 0)
                r = check_images(options.images, error);
        if (r >= 0)
                r = check_bare(&options, error);
        if (r < 0)
                return r;

        rule = signature_rule_from_string(options.signature);
        if (rule < 0)
                return sd_bus_error_set(error, ERROR_INVALID_OPTION,
                                        "Signature is \"optional\", \"required\" or \"none\"");

        r = hooks_create(manager->webhooks, about.hook, options.images, (SignatureRule) rule, options.bare,
                         &hook);
        if (r < 0)
                return reply_create_error(manager, about.hook, error, r);

        tell(manager, EVENT_HOOK_CREATED, NOTICE_HOOK_ADDED, about.hook, uid, "Hook %s created by uid %u%s",
             about.hook, (unsigned) uid,
             hook_is_deaf(hook)
                             ? "; it accepts nothing until it has a key for the signature that it requires"
                             : "");
        return reply_path(message, hook);
}

int method_rotate_hook(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        RotateOptions options = { .grace_sec = 0 };
        Manager *manager = userdata;
        char grace[80] = "";
        const Hook *hook = NULL;
        unsigned seen;
        uid_t uid;
        int r;

        r = read_hook(manager, message, &hook, &uid, error);
        if (r != 0)
                return r;

        r = bus_options_read(message, rotate_options, ELEMENTSOF(rotate_options), &options, &seen, error);
        if (r < 0)
                return r;

        if (options.grace_sec > GRACE_MAX_SEC)
                return sd_bus_error_setf(error, ERROR_INVALID_OPTION, "GraceSec is at most %" PRIu64,
                                         GRACE_MAX_SEC);
        assert(hook);
        if (streq(hook->name, HOOK_MAIN))
                return sd_bus_error_set(
                                error, ERROR_INVALID_NAME,
                                "The main hook has no grace: its secret is replaced by RegenerateSecret()");

        r = hooks_rotate(manager->webhooks, hook->name, options.grace_sec * USEC_PER_SEC, &hook);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);

        if (options.grace_sec > 0)
                (void) snprintf(grace, sizeof(grace), "; the secret before works for another %" PRIu64 " s",
                                options.grace_sec);
        tell(manager, EVENT_HOOK_ROTATED, NOTICE_HOOK_ROTATED, hook->name, uid,
             "Secret of hook %s replaced by uid %u%s", hook->name, (unsigned) uid, grace);
        return reply_path(message, hook);
}

int method_remove_hook(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        char name[NAME_MAX_LENGTH + 1];
        Manager *manager = userdata;
        const Hook *hook = NULL;
        uid_t uid;
        int r;

        r = read_hook(manager, message, &hook, &uid, error);
        if (r != 0)
                return r;

        assert(hook);
        if (streq(hook->name, HOOK_MAIN))
                return sd_bus_error_set(error, ERROR_INVALID_NAME, "The main hook cannot be removed");

        (void) snprintf(name, sizeof(name), "%s", hook->name);
        r = hooks_remove(manager->webhooks, name);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);

        tell(manager, EVENT_HOOK_REMOVED, NOTICE_HOOK_REMOVED, name, uid, "Hook %s removed by uid %u", name,
             (unsigned) uid);
        return sd_bus_reply_method_return(message, "");
}

int method_get_hook_path(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;
        const Hook *hook = NULL;
        uid_t uid;
        int r;

        r = read_hook(manager, message, &hook, &uid, error);
        return r != 0 ? r : reply_path(message, hook);
}

static int append_hook(sd_bus_message *reply, const Hook *hook, uint64_t now) {
        int r;

        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_STRUCT, "sassbttt");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", hook->name);
        if (r >= 0)
                r = sd_bus_message_append_strv(reply, hook->images);
        if (r >= 0)
                r = sd_bus_message_append(reply, "sbttt", signature_rule_to_string(hook->rule),
                                          (int) (hook->keys != NULL), hook->created_at, hook->rotated_at,
                                          hook->previous_until > now ? hook->previous_until : 0);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_hook_images(sd_bus_message *reply, const Hook *hook) {
        int r;

        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_DICT_ENTRY, "sv");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", HOOK_KEY_IMAGES);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_VARIANT, "as");
        if (r >= 0)
                r = sd_bus_message_append_strv(reply, hook->images);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_hook_entries(sd_bus_message *reply, const Hook *hook, uint64_t now) {
        const struct {
                const char *key;
                uint64_t time;
        } times[] = {
                { HOOK_KEY_CREATED_AT, hook->created_at },
                { HOOK_KEY_ROTATED_AT, hook->rotated_at },
                { HOOK_KEY_PREVIOUS_UNTIL, hook->previous_until > now ? hook->previous_until : 0 },
        };
        int r;

        r = sd_bus_message_append(reply, "{sv}", HOOK_KEY_NAME, "s", hook->name);
        if (r >= 0)
                r = append_hook_images(reply, hook);
        if (r >= 0)
                r = sd_bus_message_append(reply, "{sv}", HOOK_KEY_SIGNATURE, "s",
                                          signature_rule_to_string(hook->rule));
        if (r >= 0)
                r = sd_bus_message_append(reply, "{sv}", HOOK_KEY_HAS_KEY, "b", (int) (hook->keys != NULL));
        if (r >= 0)
                r = sd_bus_message_append(reply, "{sv}", HOOK_KEY_BARE, "b", (int) hook->bare);
        for (size_t i = 0; i < ELEMENTSOF(times) && r >= 0; i++)
                r = sd_bus_message_append(reply, "{sv}", times[i].key, "t", times[i].time);
        return r;
}

static int append_hook_described(sd_bus_message *reply, const Hook *hook, uint64_t now) {
        int r;

        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r >= 0)
                r = append_hook_entries(reply, hook, now);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* All hooks but the main one, each of that type. */
static int list_hooks(sd_bus_message *message, Manager *manager, const char *type,
                      int (*append)(sd_bus_message *reply, const Hook *hook, uint64_t now),
                      sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        uint64_t now = now_usec(CLOCK_REALTIME);
        const Hook *hook = NULL;
        uid_t uid;
        int r;

        r = manager_begin(manager, message, CALL_ALL, NULL, &uid, error);
        if (r != 0)
                return r;

        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, type);
        for (size_t i = 1; r >= 0 && (hook = hooks_at(manager->webhooks, i)); i++)
                r = append(reply, hook, now);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

int method_list_hooks(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        return list_hooks(message, userdata, "(sassbttt)", append_hook, error);
}

int method_describe_hooks(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        return list_hooks(message, userdata, "a{sv}", append_hook_described, error);
}
