/* SPDX-License-Identifier: MIT */
/* In how many ways a URL may be written, and that none of them makes another secret right. */
#include <ctype.h>
#include <stdio.h>

#include "unit.h"
#include "webhookd/hook/secret.h"

#define SECRET "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"

static bool is_known(const Secret *secret, const char *path, size_t length) {
        HookPath given;

        hook_path_read(&given, (Bytes){ path, length });
        return secret_check(secret, &given) == SECRET_OK;
}

/* The same path with something before, in place of, or behind its secret. */
typedef struct Spelling {
        const char *before, *prefix, *behind;
        enum { AS_IT_IS, IN_CAPITALS, ENCODED } how;
} Spelling;

static void spell(const Spelling *spelling, const Secret *secret, char ret[static 512]) {
        size_t n = (size_t) snprintf(ret, 512, "%s%s", spelling->before, spelling->prefix);

        for (const char *c = secret->text; *c; c++)
                if (spelling->how == ENCODED)
                        n += (size_t) snprintf(ret + n, 512 - n, "%%%02X", (unsigned) *c);
                else
                        ret[n++] = (char) (spelling->how == IN_CAPITALS ? toupper(*c) : *c);
        (void) snprintf(ret + n, 512 - n, "%s", spelling->behind);
}

static void secret_is_known_however_its_url_is_written(void **state) {
        static const char prefix[] = "/api/webhook/";
        static const Spelling right[] = {
                { "", prefix, "", AS_IT_IS },
                { "", prefix, "/", AS_IT_IS },
                { "", prefix, "//", AS_IT_IS },
                { "", prefix, "?", AS_IT_IS },
                { "", prefix, "?x=1&y=/z", AS_IT_IS },
                { "", prefix, "/?x=1", AS_IT_IS },
                { "", prefix, "#x", AS_IT_IS },
                { "", prefix, "%2F", AS_IT_IS },
                { "", prefix, "", IN_CAPITALS },
                { "", prefix, "", ENCODED },
                { "", "/API/Webhook/", "", AS_IT_IS },
                { "", "/%61pi%2fwebhook/", "", AS_IT_IS },
                { "", "//api/webhook//", "", AS_IT_IS },
                { "http://deploy.example.com", prefix, "", AS_IT_IS },
                { "HTTPS://deploy.example.com:8443", prefix, "/?x", IN_CAPITALS },
        };
        static const Spelling wrong[] = {
                { "", prefix, "x", AS_IT_IS },
                { "", prefix, "/x", AS_IT_IS },
                { "", prefix, "%00", AS_IT_IS },
                { "", prefix, "%", AS_IT_IS },
                { "", prefix, "%2", AS_IT_IS },
                { "x", prefix, "", AS_IT_IS },
                { "?", prefix, "", AS_IT_IS },
                { "/x", prefix, "", AS_IT_IS },
                { "", "/api/webhook", "", AS_IT_IS },
                { "", "api/webhook/", "", AS_IT_IS },
                { "", "/api/webhook/x/", "", AS_IT_IS },
                { "", "/api%252fwebhook/", "", AS_IT_IS },
                { "http:/", prefix, "", AS_IT_IS },
                { "ftp://deploy.example.com", prefix, "", AS_IT_IS },
        };
        const Secret secret = { SECRET };
        char path[512], longer[4096];
        size_t length;

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(right); i++) {
                spell(&right[i], &secret, path);
                if (!is_known(&secret, path, strlen(path)))
                        fail_msg("not taken: %s", path);
        }
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                spell(&wrong[i], &secret, path);
                if (is_known(&secret, path, strlen(path)))
                        fail_msg("taken: %s", path);
        }

        /* A query may be long, a path not. */
        spell(&right[3], &secret, longer);
        length = strlen(longer);
        memset(longer + length, 'x', sizeof(longer) - length);
        assert_true(is_known(&secret, longer, sizeof(longer)));
        memset(longer, '/', sizeof(longer));
        spell(&right[0], &secret, path);
        memcpy(longer + sizeof(longer) - strlen(path), path, strlen(path));
        assert_false(is_known(&secret, longer, sizeof(longer)));
        assert_false(is_known(&secret, NULL, 0));
}

static void path_is_read_into_one_form(void **state) {
        HookPath path;

        (void) state;

        hook_path_read(&path, (Bytes){ "/A//b%2Dc/?d", 12 });
        assert_memory_equal(path.text, "/a/b-c/\0\0", 9);
        assert_false(path.fits);
}

static uint64_t deploy_of(const Secret *secret, const char *behind) {
        const Spelling spelling = { "", "/api/webhook/", behind, AS_IT_IS };
        HookPath given;
        char path[512];

        spell(&spelling, secret, path);
        hook_path_read(&given, (Bytes){ path, strlen(path) });
        assert_int_equal(secret_check(secret, &given), given.fits ? SECRET_OK : SECRET_UNKNOWN);
        return given.fits ? given.deploy : UINT64_MAX;
}

static void deploy_behind_the_secret_is_read_however_it_is_written(void **state) {
        static const struct {
                const char *behind;
                uint64_t deploy; /* UINT64_MAX: such a path is nobody's */
        } cases[] = {
                { "", 0 },
                { "/", 0 },
                { "?x=/deploys/7", 0 },
                { "/deploys/7", 7 },
                { "/deploys/7/", 7 },
                { "//deploys//7?wait=5", 7 },
                { "/Deploys/%37#x", 7 },
                { "/deploys/9007199254740992", DEPLOY_ID_MAX },
                { "/deploys/9007199254740993", UINT64_MAX },
                { "/deploys/90071992547409920", UINT64_MAX },
                { "/deploys/18446744073709551623", UINT64_MAX },
                { "/deploys", UINT64_MAX },
                { "/deploys/", UINT64_MAX },
                { "/deploys/0", UINT64_MAX },
                { "/deploys/07", UINT64_MAX },
                { "/deploys/-7", UINT64_MAX },
                { "/deploys/7x", UINT64_MAX },
                { "/deploys/7/8", UINT64_MAX },
                { "/deploys/%2537", UINT64_MAX },
                { "deploys/7", UINT64_MAX },
                { "/deploy/7", UINT64_MAX },
                { "/x/deploys/7", UINT64_MAX },
                { "/deploys/7%00", UINT64_MAX },
        };
        const Secret secret = { SECRET }, other = { "1a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d" };
        HookPath given;
        char path[512];

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                if (deploy_of(&secret, cases[i].behind) != cases[i].deploy)
                        fail_msg("%s is read in another way", cases[i].behind);

        spell(&(Spelling){ "", "/api/webhook/", "/deploys/7", AS_IT_IS }, &secret, path);
        hook_path_read(&given, (Bytes){ path, strlen(path) });
        assert_int_equal(secret_check(&other, &given), SECRET_UNKNOWN);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(secret_is_known_however_its_url_is_written),
                cmocka_unit_test(path_is_read_into_one_form),
                cmocka_unit_test(deploy_behind_the_secret_is_read_however_it_is_written),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
