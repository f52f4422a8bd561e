/* SPDX-License-Identifier: MIT */
/* The hooks of this host: see hook.h. */
#include "webhookd/hook/hook.h"

#include <stdio.h>

#include "shared/conf/conf.h"
#include "shared/image-ref.h"
#include "shared/log.h"
#include "shared/name.h"
#include "shared/time-util.h"

#define CREDENTIAL_SIZE (sizeof(SIGNATURE_CREDENTIAL) + 1 + NAME_MAX_LENGTH)

struct Hooks {
        Store *store;
        Hook items[1 + HOOKS_MAX]; /* the main one, then by name */
        size_t n;
};

static void hook_done(Hook *hook) {
        free(hook->name);
        hook->images = strv_free(hook->images);
        hook->keys = signature_keys_free(hook->keys);
        explicit_bzero(hook, sizeof(*hook));
}

static void hooks_drop(Hooks *hooks) {
        while (hooks->n > 0)
                hook_done(&hooks->items[--hooks->n]);
}

Hooks *hooks_free(Hooks *hooks) {
        if (!hooks)
                return NULL;

        hooks_drop(hooks);
        free(hooks);
        return NULL;
}

bool hook_is_deaf(const Hook *hook) {
        assert(hook);

        return hook->rule == SIGNATURE_RULE_REQUIRED && !hook->keys;
}

static int hook_load_keys(Hook *hook) {
        char credential[CREDENTIAL_SIZE];
        KeyProblem problem;
        int r;

        if (streq(hook->name, HOOK_MAIN))
                (void) snprintf(credential, sizeof(credential), SIGNATURE_CREDENTIAL);
        else
                (void) snprintf(credential, sizeof(credential), SIGNATURE_CREDENTIAL ".%s", hook->name);

        r = signature_keys_load(credential, &hook->keys, &problem);
        if (r < 0 && problem.text && problem.line > 0)
                return log_error_errno(r, "Credential '%s' refused, line %u: %s", credential, problem.line,
                                       problem.text);
        if (r < 0 && problem.text)
                return log_error_errno(r, "Credential '%s' refused: %s", credential, problem.text);
        if (r < 0) {
                (void) log_error_errno(r, "Cannot read the credential '%s': %m", credential);
                return r == -ENOMEM ? r : -EBADMSG;
        }

        if (hook_is_deaf(hook))
                log_warning("Hook '%s' accepts nothing: it requires a signature, and there is no credential '%s'",
                            hook->name, credential);
        return 0;
}

/* Without what is in it the store is of no use; NULL for what it says itself. */
static int hooks_give_up(Hooks *hooks, int error, const char *text) {
        return error == -ENOMEM ? log_oom() : store_give_up(hooks->store, error, text);
}

static int hooks_load_main(Hooks *hooks, SignatureRule rule) {
        Hook *main_hook = &hooks->items[0];
        int r;

        hooks->n = 1;
        main_hook->rule = rule;
        main_hook->name = strdup(HOOK_MAIN);
        if (!main_hook->name)
                return log_oom();

        r = secret_load(&main_hook->secret, hooks->store);
        if (r < 0)
                return hooks_give_up(hooks, r, NULL);

        if (store_is_new(hooks->store))
                log_event(EVENT_SECRET_CREATED, NULL,
                          "The first secret was made; tinyforgectl url shows the URL");
        return hook_load_keys(main_hook);
}

static int hooks_load_row(Hooks *hooks, const HookRow *row) {
        Hook *hook = &hooks->items[hooks->n++];
        const char *expected = "";
        int r;

        *hook = (Hook){
                .previous_until = row->previous_until,
                .created_at = row->created_at,
                .rotated_at = row->rotated_at,
                .rule = row->signature,
                .bare = row->bare,
        };
        memcpy(hook->secret.text, row->secret, sizeof(row->secret));
        memcpy(hook->previous.text, row->previous, sizeof(row->previous));
        hook->name = strdup(row->name);
        if (!hook->name)
                return log_oom();

        r = conf_parse_image_patterns(row->images, &hook->images, &expected);
        if (r < 0)
                return hooks_give_up(hooks, r, "the images of a hook are none");

        return hook_load_keys(hook);
}

static int hooks_load(Hooks *hooks, SignatureRule main_rule) {
        _cleanup_(hook_row_list_done) HookRowList rows = { 0 };
        int r;

        r = hooks_load_main(hooks, main_rule);
        if (r < 0)
                return r;

        r = store_forget_secrets(hooks->store, now_usec(CLOCK_REALTIME));
        if (r >= 0)
                r = store_list_hooks(hooks->store, &rows);
        if (r < 0)
                return hooks_give_up(hooks, r, NULL);
        if (rows.n > HOOKS_MAX)
                return hooks_give_up(hooks, -EIO, "it has too many hooks");

        for (size_t i = 0; i < rows.n; i++) {
                r = hooks_load_row(hooks, &rows.items[i]);
                if (r < 0)
                        return r;
        }

        return 0;
}

int hooks_new(Store *store, SignatureRule main_rule, Hooks **ret) {
        _cleanup_(hooks_freep) Hooks *hooks = NULL;
        int r;

        assert(store);
        assert(ret);

        hooks = calloc(1, sizeof(*hooks));
        if (!hooks)
                return log_oom();

        hooks->store = store;
        r = store_fault(store) < 0 ? 0 : hooks_load(hooks, main_rule);
        if (store_fault(store) < 0)
                hooks_drop(hooks);
        else if (r < 0)
                return r;

        *ret = TAKE_PTR(hooks);
        return 0;
}

const Hook *hooks_check(const Hooks *hooks, Bytes path, uint64_t now, uint64_t *ret_deploy) {
        HookPath given;
        size_t found = 0;

        assert(hooks);
        assert(ret_deploy);

        hook_path_read(&given, path);
        *ret_deploy = given.deploy;

        /* Every secret is compared, whether one has been found or not; what is found is counted from 1. */
        for (size_t i = 0; i < hooks->n; i++) {
                const Hook *hook = &hooks->items[i];
                bool right = secret_check(&hook->secret, &given) == SECRET_OK,
                     was_right = secret_check(&hook->previous, &given) == SECRET_OK;

                found |= (size_t) (right | (was_right & (now < hook->previous_until))) * (i + 1);
        }

        explicit_bzero(&given, sizeof(given));
        return found > 0 ? &hooks->items[found - 1] : NULL;
}

const Hook *hooks_find(const Hooks *hooks, const char *name) {
        assert(hooks);
        assert(name);

        for (size_t i = 0; i < hooks->n; i++)
                if (streq(hooks->items[i].name, name))
                        return &hooks->items[i];

        return NULL;
}

const Hook *hooks_at(const Hooks *hooks, size_t i) {
        assert(hooks);

        return i < hooks->n ? &hooks->items[i] : NULL;
}

int hooks_regenerate(Hooks *hooks) {
        assert(hooks);

        return secret_regenerate(&hooks->items[0].secret, hooks->store);
}

/* The patterns with a space between them, as the store has them. */
static int images_join(char *const *images, char ret[static HOOK_IMAGES_MAX + 1]) {
        size_t length = 0;

        ret[0] = '\0';
        for (; images && *images; images++) {
                int n = snprintf(ret + length, HOOK_IMAGES_MAX + 1 - length, "%s%s", length > 0 ? " " : "",
                                 *images);

                if (n < 0 || length + (size_t) n > HOOK_IMAGES_MAX)
                        return -E2BIG;
                length += (size_t) n;
        }

        return 0;
}

static int hook_store(Store *store, const Hook *hook, char *images) {
        HookRow row = {
                .name = hook->name,
                .images = images,
                .signature = hook->rule,
                .bare = hook->bare,
                .created_at = hook->created_at,
        };
        int r;

        memcpy(row.secret, hook->secret.text, sizeof(row.secret));
        r = store_create_hook(store, &row);
        explicit_bzero(&row, sizeof(row));
        return r;
}

/* Where a hook of that name belongs. */
static size_t hooks_place(const Hooks *hooks, const char *name) {
        size_t place = 1;

        while (place < hooks->n && strcmp(hooks->items[place].name, name) < 0)
                place++;

        return place;
}

/* All of a hook that is not in the store yet. */
static int hook_make(Hook *hook, const char *name, const char *images) {
        const char *expected;
        int r;

        hook->created_at = hook->rotated_at = now_usec(CLOCK_REALTIME);
        hook->name = strdup(name);
        if (!hook->name)
                return -ENOMEM;

        r = conf_parse_image_patterns(images, &hook->images, &expected);
        if (r >= 0)
                r = secret_make(&hook->secret);
        return r < 0 ? r : hook_load_keys(hook);
}

int hook_images_are_one(char *const *images) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_free_ char *repository = NULL;
        int r;

        if (!images || !images[0] || images[1])
                return 0;

        r = image_ref_parse(images[0], &ref, NULL);
        if (r >= 0)
                r = image_ref_repository(ref, &repository);
        if (r < 0)
                return r == -ENOMEM ? r : 0;

        return streq(images[0], repository);
}

int hooks_create(Hooks *hooks, const char *name, char *const *images, SignatureRule rule, bool bare,
                 const Hook **ret) {
        _cleanup_(hook_done) Hook hook = { .rule = rule, .bare = bare };
        char joined[HOOK_IMAGES_MAX + 1];
        size_t place;
        int r;

        assert(hooks);
        assert(name && name_is_valid(name));
        assert(ret);

        if (hooks_find(hooks, name))
                return -EEXIST;
        if (hooks->n == ELEMENTSOF(hooks->items))
                return -EUSERS;

        r = images_join(images, joined);
        if (r >= 0)
                r = hook_make(&hook, name, joined);
        if (r >= 0)
                r = hook_store(hooks->store, &hook, joined);
        if (r < 0)
                return r;

        place = hooks_place(hooks, name);
        memmove(&hooks->items[place + 1], &hooks->items[place],
                (hooks->n++ - place) * sizeof(hooks->items[0]));
        hooks->items[place] = hook;
        hook = (Hook){ .name = NULL };
        *ret = &hooks->items[place];
        return 0;
}

static Hook *hooks_take(Hooks *hooks, const char *name) {
        Hook *hook = (Hook *) (uintptr_t) hooks_find(hooks, name);

        assert(hook && hook != &hooks->items[0]);
        return hook;
}

int hooks_rotate(Hooks *hooks, const char *name, uint64_t grace_usec, const Hook **ret) {
        uint64_t now = now_usec(CLOCK_REALTIME);
        HookRow row = { .rotated_at = now };
        Secret fresh;
        Hook *hook;
        int r;

        assert(hooks);
        assert(grace_usec <= HOOK_GRACE_MAX_USEC);
        assert(ret);

        hook = hooks_take(hooks, name);
        r = secret_make(&fresh);
        if (r < 0)
                return r;

        row.name = hook->name;
        memcpy(row.secret, fresh.text, sizeof(row.secret));
        if (grace_usec > 0) {
                memcpy(row.previous, hook->secret.text, sizeof(row.previous));
                row.previous_until = now + grace_usec;
        }

        r = store_rotate_hook(hooks->store, &row);
        if (r > 0) {
                hook->secret = fresh;
                memcpy(hook->previous.text, row.previous, sizeof(row.previous));
                hook->previous_until = row.previous_until;
                hook->rotated_at = now;
                *ret = hook;
        }

        secret_erase(&fresh);
        explicit_bzero(&row, sizeof(row));
        return r > 0 ? 0 : r < 0 ? r : -EIO;
}

int hooks_remove(Hooks *hooks, const char *name) {
        Hook *hook, *last;
        int r;

        assert(hooks);

        hook = hooks_take(hooks, name);
        r = store_remove_hook(hooks->store, name);
        if (r < 0)
                return r;

        last = &hooks->items[--hooks->n];
        hook_done(hook);
        memmove(hook, hook + 1, (size_t) (last - hook) * sizeof(*hook));
        explicit_bzero(last, sizeof(*last));
        return 0;
}

static HookVerdict hook_judge(const Hook *hook, SignatureVerdict signature) {
        bool required = hook->rule == SIGNATURE_RULE_REQUIRED;

        switch (signature) {
        case SIGNATURE_WEAK:
                return required ? HOOK_SIGNATURE_WEAK : HOOK_ADMITTED_UNSIGNED;
        case SIGNATURE_ABSENT:
                return required ? HOOK_SIGNATURE_MISSING : HOOK_ADMITTED_UNSIGNED;
        case SIGNATURE_GOOD:
                return HOOK_ADMITTED;
        case SIGNATURE_GOOD_FINAL_ID:
                return HOOK_ADMITTED_FINAL_ID;
        case SIGNATURE_BAD:
                break;
        }

        return HOOK_SIGNATURE_WRONG;
}

int hook_admit(const Hook *hook, const Request *request, Bytes form, uint64_t now, HookVerdict *ret) {
        SignatureVerdict signature;
        int r;

        assert(hook);
        assert(request);
        assert(ret);

        if (hook_is_deaf(hook) || hook->rule == SIGNATURE_RULE_NONE || !hook->keys) {
                *ret = hook_is_deaf(hook) ? HOOK_WITHOUT_KEY : HOOK_ADMITTED_UNCHECKED;
                return 0;
        }

        r = signature_check(hook->keys, request, form, now, &signature);
        if (r < 0)
                return r;

        *ret = hook_judge(hook, signature);
        return 0;
}

const char *hook_refusal(HookVerdict verdict) {
        static const char *const refusals[] = {
                [HOOK_ADMITTED_UNCHECKED] = NULL,
                [HOOK_ADMITTED_UNSIGNED] = NULL,
                [HOOK_ADMITTED] = NULL,
                [HOOK_ADMITTED_FINAL_ID] = NULL,
                [HOOK_WITHOUT_KEY] =
                                "this hook requires a signature, and this host has no key to check one with",
                [HOOK_SIGNATURE_MISSING] = "this hook requires a signature, and there is none",
                [HOOK_SIGNATURE_WEAK] =
                                ("the only signature is an HMAC-SHA1, which is not enough: this hook requires "
                                 "an HMAC-SHA256"),
                [HOOK_SIGNATURE_WRONG] = "a signature is wrong, or too old",
        };

        assert((size_t) verdict < ELEMENTSOF(refusals));

        return refusals[verdict];
}
