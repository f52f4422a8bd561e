/* SPDX-License-Identifier: MIT */
/* Hooks in memory: which path is whose, what a rotation leaves working, and what each rule lets through. */
#include "webhookd/hook/hook.h"

#include <fcntl.h>
#include <stdio.h>

#include "shared/time-util.h"
#include "store-fixture.h"

#define BODY "Hello, World!"
#define KEY  "It's a Secret to Everybody"
#define HEX  "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

/* A store in memory, and a folder as systemd would name it in $CREDENTIALS_DIRECTORY. */
typedef struct HookFixture {
        char folder[32];
        Store *store;
        Hooks *hooks;
} HookFixture;

static void reload(HookFixture *f) {
        f->hooks = hooks_free(f->hooks);
        assert_int_equal(hooks_new(f->store, SIGNATURE_RULE_OPTIONAL, &f->hooks), 0);
}

static int setup(void **state) {
        HookFixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        (void) snprintf(f->folder, sizeof(f->folder), "/tmp/hooks-XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", f->folder, 1), 0);
        assert_int_equal(store_open(":memory:", &f->store), 0);
        reload(f);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        HookFixture *f = *state;

        hooks_free(f->hooks);
        store_free(f->store);
        remove_folder(f->folder);
        assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
        free(f);
        return 0;
}

static void credential(HookFixture *f, const char *name, const char *text) {
        char path[96];
        FILE *file;

        (void) snprintf(path, sizeof(path), "%s/%s", f->folder, name);
        file = fopen(path, "we");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static void link_to_nothing(HookFixture *f, const char *name) {
        char path[96];

        (void) snprintf(path, sizeof(path), "%s/%s", f->folder, name);
        assert_int_equal(symlink("/nonexistent", path), 0);
}

static const Hook *create(HookFixture *f, const char *name, SignatureRule rule) {
        const Hook *hook = NULL;

        assert_int_equal(hooks_create(f->hooks, name, NULL, rule, false, &hook), 0);
        assert_string_equal(hook->name, name);
        return hook;
}

/* The name of the hook of that secret at that time, or NULL. */
static const char *name_of(HookFixture *f, const Secret *secret, uint64_t now) {
        _cleanup_(secret_path_freep) char *path = NULL;
        const Hook *hook;
        uint64_t deploy;

        assert_int_equal(secret_path(secret, &path), 0);
        hook = hooks_check(f->hooks, (Bytes){ path, strlen(path) }, now, &deploy);
        return hook ? hook->name : NULL;
}

#define assert_is(f, secret, now, name) assert_string_equal(strempty(name_of(f, secret, now)), name)

static void main_hook_is_always_there(void **state) {
        HookFixture *f = *state;
        Secret secret = hooks_at(f->hooks, 0)->secret;

        assert_is(f, &secret, 1, "main");
        assert_ptr_equal(hooks_find(f->hooks, HOOK_MAIN), hooks_at(f->hooks, 0));
        assert_null(hooks_at(f->hooks, 1));
        reload(f);
        assert_is(f, &secret, 1, "main");
        assert_string_equal(hooks_at(f->hooks, 0)->secret.text, secret.text);
}

static void each_path_is_of_its_own_hook_and_of_no_other(void **state) {
        static const char *const names[] = { "shop", "blog", "api" }, *const sorted[] = { "api", "blog",
                                                                                          "shop" };
        HookFixture *f = *state;
        Secret secrets[ELEMENTSOF(names)], main_secret = hooks_at(f->hooks, 0)->secret;

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                secrets[i] = create(f, names[i], SIGNATURE_RULE_OPTIONAL)->secret;

        for (int round = 0; round < 2; round++) {
                assert_is(f, &main_secret, 1, "main");
                for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                        assert_is(f, &secrets[i], 1, names[i]);
                        assert_string_equal(hooks_at(f->hooks, i + 1)->name, sorted[i]);
                }
                reload(f);
        }
}

static void path_that_is_not_exactly_one_is_nobodys(void **state) {
        HookFixture *f = *state;
        const Secret secret = create(f, "shop", SIGNATURE_RULE_NONE)->secret, none = { "" };
        _cleanup_(secret_path_freep) char *path = NULL;
        HookPath nothing;
        uint64_t deploy;
        size_t length;

        assert_int_equal(secret_path(&secret, &path), 0);
        length = strlen(path);
        for (size_t n = 0; n < length; n++)
                assert_null(hooks_check(f->hooks, (Bytes){ path, n }, 1, &deploy));
        for (size_t i = 0; i < length; i++) {
                path[i] ^= 1;
                assert_null(hooks_check(f->hooks, (Bytes){ path, length }, 1, &deploy));
                path[i] ^= 1;
        }
        assert_non_null(hooks_check(f->hooks, (Bytes){ path, length }, 1, &deploy));
        assert_null(hooks_check(f->hooks, (Bytes){ path, length + 1 }, 1, &deploy));
        assert_null(name_of(f, &none, 1));

        /* The place of a secret that is not there is no secret. */
        memset(path + strlen("/api/webhook/"), 0, UUID_TEXT_SIZE - 1);
        assert_null(hooks_check(f->hooks, (Bytes){ path, length }, 1, &deploy));
        hook_path_read(&nothing, (Bytes){ path, length });
        assert_int_equal(secret_check(&none, &nothing), SECRET_UNKNOWN);
}

static void hook_of_a_taken_name_is_refused_and_so_is_one_too_many(void **state) {
        HookFixture *f = *state;
        const Hook *hook = NULL;
        char name[16];

        (void) create(f, "h0", SIGNATURE_RULE_NONE);
        assert_int_equal(hooks_create(f->hooks, "h0", NULL, SIGNATURE_RULE_NONE, false, &hook), -EEXIST);
        assert_int_equal(hooks_create(f->hooks, HOOK_MAIN, NULL, SIGNATURE_RULE_NONE, false, &hook),
                         -EEXIST);
        for (unsigned i = 1; i < HOOKS_MAX; i++) {
                (void) snprintf(name, sizeof(name), "h%u", i);
                (void) create(f, name, SIGNATURE_RULE_NONE);
        }
        assert_int_equal(hooks_create(f->hooks, "more", NULL, SIGNATURE_RULE_NONE, false, &hook), -EUSERS);
        assert_null(hook);
        reload(f);
        assert_non_null(hooks_at(f->hooks, HOOKS_MAX));
        assert_null(hooks_at(f->hooks, HOOKS_MAX + 1));
        assert_int_equal(hooks_remove(f->hooks, "h7"), 0);
        (void) create(f, "more", SIGNATURE_RULE_NONE);
}

static void rotated_secret_without_grace_is_dead(void **state) {
        HookFixture *f = *state;
        Secret old = create(f, "shop", SIGNATURE_RULE_NONE)->secret, fresh;
        const Hook *hook;

        assert_int_equal(hooks_rotate(f->hooks, "shop", 0, &hook), 0);
        fresh = hook->secret;
        for (int round = 0; round < 2; round++) {
                assert_null(name_of(f, &old, 1));
                assert_is(f, &fresh, 1, "shop");
                reload(f);
        }
}

static void rotated_secret_with_grace_works_until_it_is_over(void **state) {
        HookFixture *f = *state;
        Secret old = create(f, "shop", SIGNATURE_RULE_NONE)->secret, fresh;
        const Hook *hook;
        uint64_t until;

        assert_int_equal(hooks_rotate(f->hooks, "shop", 3600 * USEC_PER_SEC, &hook), 0);
        fresh = hook->secret;
        until = hook->previous_until;
        assert_true(until > now_usec(CLOCK_REALTIME));
        for (int round = 0; round < 2; round++) {
                assert_is(f, &old, until - 1, "shop");
                assert_null(name_of(f, &old, until));
                assert_is(f, &fresh, until - 1, "shop");
                assert_is(f, &fresh, until, "shop");
                reload(f);
        }

        /* One more rotation leaves the last two at most. */
        assert_int_equal(hooks_rotate(f->hooks, "shop", 7200 * USEC_PER_SEC, &hook), 0);
        assert_null(name_of(f, &old, 1));
        assert_is(f, &fresh, 1, "shop");
}

static void grace_that_was_over_while_nothing_ran_is_forgotten(void **state) {
        static const char age[] = "UPDATE hooks SET previous_until = 1";
        HookFixture *f = *state;
        const Hook *hook;
        Secret old = create(f, "shop", SIGNATURE_RULE_NONE)->secret;

        assert_int_equal(hooks_rotate(f->hooks, "shop", HOOK_GRACE_MAX_USEC, &hook), 0);
        assert_int_equal(store_execute(f->store, age), 0);
        reload(f);
        assert_null(name_of(f, &old, 1));
        assert_string_equal(hooks_find(f->hooks, "shop")->previous.text, "");
}

static void removed_hook_is_nobodys_and_the_others_stay(void **state) {
        HookFixture *f = *state;
        Secret a = create(f, "a", SIGNATURE_RULE_NONE)->secret,
               b = create(f, "b", SIGNATURE_RULE_NONE)->secret,
               c = create(f, "c", SIGNATURE_RULE_NONE)->secret, main_secret = hooks_at(f->hooks, 0)->secret;

        assert_int_equal(hooks_remove(f->hooks, "b"), 0);
        for (int round = 0; round < 2; round++) {
                assert_is(f, &a, 1, "a");
                assert_null(name_of(f, &b, 1));
                assert_is(f, &c, 1, "c");
                assert_is(f, &main_secret, 1, "main");
                assert_null(hooks_find(f->hooks, "b"));
                reload(f);
        }
}

static void regenerated_main_secret_leaves_the_others_alone(void **state) {
        HookFixture *f = *state;
        Secret shop = create(f, "shop", SIGNATURE_RULE_NONE)->secret, old = hooks_at(f->hooks, 0)->secret;

        assert_int_equal(hooks_regenerate(f->hooks), 0);
        assert_null(name_of(f, &old, 1));
        assert_is(f, &shop, 1, "shop");
}

static void bare_hook_stays_one(void **state) {
        char *images[] = { (char[]){ "a.example/team/app" }, NULL };
        HookFixture *f = *state;
        const Hook *hook;

        assert_int_equal(hooks_create(f->hooks, "shop", images, SIGNATURE_RULE_NONE, true, &hook), 0);
        (void) create(f, "blog", SIGNATURE_RULE_NONE);
        for (int round = 0; round < 2; round++) {
                assert_true(hooks_find(f->hooks, "shop")->bare);
                assert_false(hooks_find(f->hooks, "blog")->bare);
                assert_false(hooks_find(f->hooks, HOOK_MAIN)->bare);
                reload(f);
        }
}

static void only_one_repository_is_one(void **state) {
        static const struct {
                const char *images[3];
                int expected;
        } cases[] = {
                { { "ghcr.io/acme/shop" }, 1 },
                { { "registry.example:5000/shop" }, 1 },
                { { "docker.io/library/nginx" }, 1 },
                { { NULL }, 0 },
                { { "a.example/shop", "a.example/blog" }, 0 },
                { { "ghcr.io/acme/*" }, 0 },
                { { "ghcr.io/acme/sho?" }, 0 },
                { { "ghcr.io/acme/[a-z]hop" }, 0 },
                { { "ghcr.io/acme/shop\\" }, 0 },
                { { "ghcr.io/acme/shop:v1" }, 0 },
                { { "nginx" }, 0 }, /* no push has this name: it would be docker.io/library/nginx */
                { { "ghcr.io/Acme/shop" }, 0 },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                assert_int_equal(hook_images_are_one((char *const *) (uintptr_t) cases[i].images),
                                 cases[i].expected);
        assert_int_equal(hook_images_are_one(NULL), 0);
}

static void images_are_kept(void **state) {
        char *images[] = { (char[]){ "a.example/*" }, (char[]){ "b.example/team/[a-f]*" }, NULL };
        HookFixture *f = *state;
        const Hook *hook;

        assert_int_equal(hooks_create(f->hooks, "shop", images, SIGNATURE_RULE_REQUIRED, false, &hook), 0);
        for (int round = 0; round < 2; round++) {
                hook = hooks_find(f->hooks, "shop");
                assert_int_equal(hook->rule, SIGNATURE_RULE_REQUIRED);
                assert_string_equal(hook->images[0], images[0]);
                assert_string_equal(hook->images[1], images[1]);
                assert_null(hook->images[2]);
                reload(f);
        }
}

typedef enum Sent {
        SENT_NOTHING,
        SENT_EMPTY,
        SENT_RIGHT,
        SENT_WRONG,
        SENT_WEAK, /* an HMAC-SHA1 alone */
        _SENT_MAX,
} Sent;

static HookVerdict admit(const Hook *hook, Sent sent) {
        static const char *const values[] = { "", "", HEX, "0", "sha1=0" };
        const char *name = sent == SENT_WEAK ? "x-hub-signature" : "x-gitea-signature";
        const Header header = { { name, strlen(name) }, { values[sent], strlen(values[sent]) } };
        const Request request = {
                .body = { BODY, strlen(BODY) },
                .headers = &header,
                .n_headers = sent != SENT_NOTHING,
        };
        HookVerdict verdict;

        assert_int_equal(hook_admit(hook, &request, (Bytes){ NULL, 0 }, 1, &verdict), 0);
        return verdict;
}

static void every_rule_lets_through_what_it_says(void **state) {
        static const struct {
                SignatureRule rule;
                bool key;
                HookVerdict verdicts[_SENT_MAX];
        } cases[] = {
                { SIGNATURE_RULE_NONE,
                  false,
                  { HOOK_ADMITTED_UNCHECKED, HOOK_ADMITTED_UNCHECKED, HOOK_ADMITTED_UNCHECKED,
                    HOOK_ADMITTED_UNCHECKED, HOOK_ADMITTED_UNCHECKED } },
                { SIGNATURE_RULE_NONE,
                  true,
                  { HOOK_ADMITTED_UNCHECKED, HOOK_ADMITTED_UNCHECKED, HOOK_ADMITTED_UNCHECKED,
                    HOOK_ADMITTED_UNCHECKED, HOOK_ADMITTED_UNCHECKED } },
                { SIGNATURE_RULE_OPTIONAL,
                  false,
                  { HOOK_ADMITTED_UNCHECKED, HOOK_ADMITTED_UNCHECKED, HOOK_ADMITTED_UNCHECKED,
                    HOOK_ADMITTED_UNCHECKED, HOOK_ADMITTED_UNCHECKED } },
                { SIGNATURE_RULE_OPTIONAL,
                  true,
                  { HOOK_ADMITTED_UNSIGNED, HOOK_ADMITTED_UNSIGNED, HOOK_ADMITTED, HOOK_SIGNATURE_WRONG,
                    HOOK_ADMITTED_UNSIGNED } },
                { SIGNATURE_RULE_REQUIRED,
                  false,
                  { HOOK_WITHOUT_KEY, HOOK_WITHOUT_KEY, HOOK_WITHOUT_KEY, HOOK_WITHOUT_KEY,
                    HOOK_WITHOUT_KEY } },
                { SIGNATURE_RULE_REQUIRED,
                  true,
                  { HOOK_SIGNATURE_MISSING, HOOK_SIGNATURE_MISSING, HOOK_ADMITTED, HOOK_SIGNATURE_WRONG,
                    HOOK_SIGNATURE_WEAK } },
        };
        HookFixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char name[16], file[32];
                const Hook *hook;

                (void) snprintf(name, sizeof(name), "h%zu", i);
                (void) snprintf(file, sizeof(file), "signing-key.%s", name);
                if (cases[i].key)
                        credential(f, file, KEY "\n");
                hook = create(f, name, cases[i].rule);
                assert_int_equal(hook_is_deaf(hook), cases[i].verdicts[0] == HOOK_WITHOUT_KEY);
                for (int sent = 0; sent < _SENT_MAX; sent++) {
                        HookVerdict verdict = admit(hook, (Sent) sent);

                        assert_int_equal(verdict, cases[i].verdicts[sent]);
                        assert_int_equal(hook_refusal(verdict) == NULL, verdict <= HOOK_ADMITTED);
                }
        }
}

static void keys_are_of_their_hook_alone(void **state) {
        HookFixture *f = *state;

        credential(f, "signing-key", KEY "\n");
        credential(f, "signing-key.shop", "another\n");
        (void) create(f, "shop", SIGNATURE_RULE_OPTIONAL);
        (void) create(f, "blog", SIGNATURE_RULE_OPTIONAL);
        reload(f);
        assert_int_equal(admit(hooks_find(f->hooks, "main"), SENT_RIGHT), HOOK_ADMITTED);
        assert_int_equal(admit(hooks_find(f->hooks, "main"), SENT_WRONG), HOOK_SIGNATURE_WRONG);
        assert_int_equal(admit(hooks_find(f->hooks, "shop"), SENT_RIGHT), HOOK_SIGNATURE_WRONG);
        assert_int_equal(admit(hooks_find(f->hooks, "blog"), SENT_WRONG), HOOK_ADMITTED_UNCHECKED);
}

static void credential_that_is_no_list_of_keys_refuses_its_hook(void **state) {
        HookFixture *f = *state;
        Hooks *hooks = NULL;
        const Hook *hook = NULL;

        credential(f, "signing-key.shop", "whsec_?\n");
        assert_int_equal(hooks_create(f->hooks, "shop", NULL, SIGNATURE_RULE_OPTIONAL, false, &hook),
                         -EBADMSG);
        assert_null(hooks_find(f->hooks, "shop"));
        credential(f, "signing-key.shop", "key\n");
        (void) create(f, "shop", SIGNATURE_RULE_OPTIONAL);
        /* What is there and cannot be read is not taken for a hook without a key. */
        link_to_nothing(f, "signing-key.blog");
        assert_int_equal(hooks_create(f->hooks, "blog", NULL, SIGNATURE_RULE_OPTIONAL, false, &hook),
                         -EBADMSG);
        credential(f, "signing-key.shop", "");
        assert_int_equal(hooks_new(f->store, SIGNATURE_RULE_NONE, &hooks), -EBADMSG);
        assert_null(hooks);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(main_hook_is_always_there),
                TEST(each_path_is_of_its_own_hook_and_of_no_other),
                TEST(path_that_is_not_exactly_one_is_nobodys),
                TEST(hook_of_a_taken_name_is_refused_and_so_is_one_too_many),
                TEST(rotated_secret_without_grace_is_dead),
                TEST(rotated_secret_with_grace_works_until_it_is_over),
                TEST(grace_that_was_over_while_nothing_ran_is_forgotten),
                TEST(removed_hook_is_nobodys_and_the_others_stay),
                TEST(regenerated_main_secret_leaves_the_others_alone),
                TEST(bare_hook_stays_one),
                cmocka_unit_test(only_one_repository_is_one),
                TEST(images_are_kept),
                TEST(every_rule_lets_through_what_it_says),
                TEST(keys_are_of_their_hook_alone),
                TEST(credential_that_is_no_list_of_keys_refuses_its_hook),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
