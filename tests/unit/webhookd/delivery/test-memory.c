/* SPDX-License-Identifier: MIT */
/*
 * Out of memory at any point of a delivery: each allocation on its way fails once, alone and with all that follow. The answer is
 * then 503, which its sender repeats, or what it would have been; nothing else is true. Memory comes from this file for the
 * libraries as well, which is why a sanitizer cannot look on.
 */
#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "delivery-fixture.h"
#include "shared/time-util.h"

#if defined(__SANITIZE_ADDRESS__)
#define WITH_SANITIZER true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_SANITIZER true
#endif
#endif
#ifndef WITH_SANITIZER
#define WITH_SANITIZER false
#endif

#define HEADERS_MAX 8U
#define BODY_SIZE   ((size_t) 64 * 1024)
/* More than any delivery makes. */
#define ALLOCATIONS_MAX 20000U
#define KEY             "a key that nobody has"

static struct {
        size_t fail_at; /* 0: none fails */
        size_t n;
        bool with_all_that_follow;
} faults;

#if !WITH_SANITIZER
#define EXPORTED __attribute__((visibility("default")))

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);

static bool fails(void) {
        if (faults.fail_at == 0)
                return false;

        faults.n++;
        if (faults.n != faults.fail_at && !(faults.with_all_that_follow && faults.n > faults.fail_at))
                return false;

        errno = ENOMEM;
        return true;
}

EXPORTED void *malloc(size_t size) {
        return fails() ? NULL : __libc_malloc(size);
}

EXPORTED void *calloc(size_t n, size_t size) {
        return fails() ? NULL : __libc_calloc(n, size);
}

EXPORTED void *realloc(void *p, size_t size) {
        return fails() ? NULL : __libc_realloc(p, size);
}
#endif

/* One that is handled again and again, and each time undone. */
typedef struct Sweep {
        Fixture *f;
        const char *name;
        Request request;
        Answer right;
} Sweep;

static void handle(const Sweep *sweep, Answer *ret) {
        Fixture *f = sweep->f;

        delivery_handle(f->delivery, &sweep->request, ret);
        if (ret->deploys && bytes_equal(sweep->request.method, "GET"))
                delivery_refresh(f->delivery, ret, f->open, &f->n_open);
        faults.fail_at = 0;
        if (store_is_open(sweep->f->store))
                assert_int_equal(store_rollback(sweep->f->store), 0);
        outbox_drop(sweep->f->outbox);
}

/* Whether that allocation was made. */
static bool try_fault(const Sweep *sweep, size_t fail_at, bool with_all_that_follow) {
        Answer answer;
        bool is_right;

        faults.n = 0;
        faults.with_all_that_follow = with_all_that_follow;
        faults.fail_at = fail_at;
        handle(sweep, &answer);

        /* A refusal may be short of words. */
        is_right = answer.status == sweep->right.status &&
                   (answer.status >= 400 || streq(strempty(answer.body), strempty(sweep->right.body)));
        if (answer.status != 503 && !is_right)
                fail_msg("%s: %i rather than %i when allocation %zu%s fails: %s rather than %s", sweep->name,
                         answer.status, sweep->right.status, fail_at,
                         with_all_that_follow ? " and what follows" : "", strempty(answer.body),
                         strempty(sweep->right.body));

        answer_done(&answer);
        return faults.n >= fail_at;
}

/* The status without a fault. */
static int sweep(Fixture *f, const char *name, const Request *request) {
        Sweep s = { .f = f, .name = name, .request = *request };
        size_t n = 1;
        int status;

        if (!request->path.length)
                s.request.path = bytes(f->path);
        s.request.remote = "192.0.2.1";

        /* What is made once, and kept, is there afterwards. */
        handle(&s, &s.right);
        answer_done(&s.right);
        handle(&s, &s.right);
        for (int follow = 0; follow < 2; follow++) {
                for (n = 1; n < ALLOCATIONS_MAX && try_fault(&s, n, follow > 0); n++)
                        ;
                assert_true(n < ALLOCATIONS_MAX);
        }

        status = s.right.status;
        answer_done(&s.right);
        return status;
}

static int sweep_body(Fixture *f, const char *name, const Header *headers, size_t n_headers,
                      const char *body) {
        return sweep(f, name,
                     &(Request){ .method = bytes("POST"),
                                 .body = bytes(body),
                                 .headers = headers,
                                 .n_headers = n_headers });
}

/* A file of the corpus: lines "name: value", an empty one, the body. */
static void sweep_file(Fixture *f, const char *name, FILE *file) {
        static char text[BODY_SIZE];
        Header headers[HEADERS_MAX];
        char *p = text;
        size_t n = 0;

        text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
        while (*p && *p != '\n') {
                char *end = strchr(p, '\n'), *colon = strchr(p, ':');

                assert_true(end && colon && colon < end && n < HEADERS_MAX);
                *end = '\0';
                headers[n].name = (Bytes){ p, (size_t) (colon - p) };
                headers[n++].value = bytes(colon + 1 + strspn(colon + 1, " "));
                p = end + 1;
        }

        (void) sweep_body(f, name, headers, n, *p ? p + 1 : p);
}

static unsigned sweep_folder(Fixture *f, int corpus, const char *name) {
        int fd = openat(corpus, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct dirent *entry;
        unsigned n = 0;
        DIR *folder;

        assert_true(fd >= 0);
        folder = fdopendir(fd);
        assert_non_null(folder);
        while ((entry = readdir(folder))) {
                FILE *file;
                int one;

                if (entry->d_type != DT_REG)
                        continue;

                one = openat(fd, entry->d_name, O_RDONLY | O_CLOEXEC);
                file = one >= 0 ? fdopen(one, "r") : NULL;
                assert_non_null(file);
                sweep_file(f, entry->d_name, file);
                (void) fclose(file);
                n++;
        }

        (void) closedir(folder);
        return n;
}

static void body_of_any_sender_without_memory_is_503(void **state) {
        const char *root = getenv("SOURCE_ROOT");
        Fixture *f = *state;
        struct dirent *entry;
        char path[512];
        unsigned n = 0;
        DIR *corpus;

        (void) snprintf(path, sizeof(path), "%s/tests/fuzz/corpus", root ? root : ".");
        corpus = opendir(path);
        assert_non_null(corpus);
        while ((entry = readdir(corpus)))
                if (strncmp(entry->d_name, "payload-", strlen("payload-")) == 0 &&
                    !streq(entry->d_name, "payload-recognise"))
                        n += sweep_folder(f, dirfd(corpus), entry->d_name);
        (void) closedir(corpus);
        assert_true(n > 100);
}

static int64_t make_project(Fixture *f, const char *name) {
        char *image = NULL;
        int64_t id;

        assert_true(asprintf(&image, "a.example/%s", name) > 0);
        assert_int_equal(
                        store_create_project(f->store,
                                             &(Project){ .name = (char *) (uintptr_t) name, .image = image },
                                             &id),
                        0);
        free(image);
        return id;
}

static void make_stage(Fixture *f, int64_t project, const char *name, TagPolicy policy, const char *pattern,
                       bool auto_deploy) {
        int64_t id;

        assert_int_equal(store_create_stage(f->store,
                                            &(Stage){ .project_id = project,
                                                      .name = (char *) (uintptr_t) name,
                                                      .policy = policy,
                                                      .tag_pattern = (char *) (uintptr_t) pattern,
                                                      .auto_deploy = auto_deploy,
                                                      .max_instances = 1 },
                                            &id),
                         0);
}

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void push_to_stages_of_every_policy_without_memory_is_503(void **state) {
        static const struct {
                const char *image;
                int status;
        } pushes[] = {
                { "glob:main", 202 },     { "glob:other", 200 },
                { "semver:v1.5.0", 202 }, { "semver:v1.0.0", 200 },
                { "regex:v77", 202 },     { "regex:w", 200 },
                { "digest:latest", 202 }, { "digest:latest@" DIGEST, 200 },
                { "kept:v1", 200 },       { "semver:v1.4.0", 202 },
        };
        Fixture *f = *state;

        make_stage(f, make_project(f, "glob"), "dev", TAG_POLICY_GLOB, "main", true);
        make_stage(f, make_project(f, "semver"), "dev", TAG_POLICY_SEMVER, "^1", true);
        make_stage(f, make_project(f, "regex"), "dev", TAG_POLICY_REGEX, "v[0-9]+", true);
        make_stage(f, make_project(f, "digest"), "dev", TAG_POLICY_DIGEST, "latest", true);
        make_stage(f, make_project(f, "kept"), "dev", TAG_POLICY_GLOB, "*", false);
        assert_int_equal(post_id(f, "first", "{\"image\":\"a.example/semver:v1.4.0\"}", NULL), 202);
        assert_int_equal(post(f, "{\"image\":\"a.example/digest:latest@" DIGEST "\"}", NULL), 202);

        for (size_t i = 0; i < ELEMENTSOF(pushes); i++) {
                char body[256];

                (void) snprintf(body, sizeof(body), "{\"image\":\"a.example/%s\"}", pushes[i].image);
                assert_int_equal(sweep_body(f, pushes[i].image, NULL, 0, body), pushes[i].status);
        }
}

static void second_copy_and_full_queue_without_memory_are_503(void **state) {
        const Header id = { bytes("idempotency-key"), bytes("first") };
        const char *body = "{\"image\":\"a.example/app:v1\"}";
        Fixture *f = *state;

        assert_int_equal(post_id(f, "first", body, NULL), 202);
        assert_int_equal(sweep_body(f, "second copy", &id, 1, body), 200);
        assert_int_equal(sweep_body(f, "joins", NULL, 0, body), 202);
        assert_int_equal(sweep_body(f, "supersedes", NULL, 0, "{\"image\":\"a.example/app:v2\"}"), 202);
        f->config.max_queued = 1;
        assert_int_equal(sweep_body(f, "full", NULL, 0, "{\"image\":\"a.example/other:v1\"}"), 503);
}

static void refusal_without_memory_is_none_of_something_else(void **state) {
        const Header form = { bytes("content-type"), bytes("application/x-www-form-urlencoded") },
                     zipped = { bytes("content-encoding"), bytes("gzip") },
                     asks = { bytes("webhook-request-origin"), bytes("events.example.com") };
        Fixture *f = *state;

        assert_int_equal(sweep_body(f, "malformed", NULL, 0, "{\"image\":\"a.example/app:v1\","), 400);
        assert_int_equal(sweep_body(f, "bad reference", NULL, 0, "{\"image\":\"a.example/App\"}"), 400);
        assert_int_equal(sweep_body(f, "empty", NULL, 0, ""), 400);
        assert_int_equal(sweep_body(f, "form", &form, 1, "image=a"), 415);
        assert_int_equal(sweep_body(f, "zipped", &zipped, 1, "{}"), 415);
        assert_int_equal(sweep(f, "method", &(Request){ .method = bytes("GET") }), 405);
        assert_int_equal(sweep(f, "handshake",
                               &(Request){ .method = bytes("OPTIONS"), .headers = &asks, .n_headers = 1 }),
                         200);
        assert_int_equal(sweep(f, "stranger", &(Request){ .method = bytes("POST"), .path = bytes("/x") }),
                         404);
}

static void deploy_that_is_shown_or_waited_for_without_memory_is_503(void **state) {
        Fixture *f = *state;
        char path[128];

        assert_int_equal(post(f, "{\"image\":\"a.example/app:v1\"}", NULL), 202);
        (void) snprintf(path, sizeof(path), "%s/deploys/1?wait=5", f->path);
        assert_int_equal(sweep(f, "show", &(Request){ .method = bytes("GET"), .path = bytes(path) }), 202);
        (void) snprintf(path, sizeof(path), "%s/deploys/2", f->path);
        assert_int_equal(sweep(f, "show nothing", &(Request){ .method = bytes("GET"), .path = bytes(path) }),
                         404);
        (void) snprintf(path, sizeof(path), "%s?wait=5", f->path);
        assert_int_equal(sweep(f, "wait",
                               &(Request){ .method = bytes("POST"),
                                           .path = bytes(path),
                                           .body = bytes("{\"image\":\"a.example/app:v1\"}") }),
                         202);
}

static void mac(const char *text, unsigned char ret[static 32]) {
        unsigned length = 0;

        assert_non_null(HMAC(EVP_sha256(), KEY, (int) strlen(KEY), (const unsigned char *) text,
                             strlen(text), ret, &length));
        assert_int_equal(length, 32);
}

/* "sha256=" and hex. */
static void sign_body(const char *body, char ret[static 80]) {
        unsigned char bytes_of_mac[32];
        size_t n = (size_t) snprintf(ret, 80, "sha256=");

        mac(body, bytes_of_mac);
        for (size_t i = 0; i < sizeof(bytes_of_mac); i++)
                n += (size_t) snprintf(ret + n, 80 - n, "%02x", bytes_of_mac[i]);
}

static void signed_delivery_without_memory_is_503(void **state) {
        const char *body = "{\"image\":\"a.example/app:v1\"}", *form = "payload=%7B%22zen%22%3A1%7D";
        char path[128], *secret = NULL, signature[80], of_form[80], standard[64] = "v1,", when[32],
                        text[256];
        unsigned char bytes_of_mac[32];
        Fixture *f = *state;
        const Hook *hook;

        assert_int_equal(hooks_create(f->hooks, "signed", NULL, SIGNATURE_RULE_REQUIRED, false, &hook), 0);
        assert_int_equal(secret_path(&hook->secret, &secret), 0);
        (void) snprintf(path, sizeof(path), "%s", secret);
        secret_path_free(secret);

        sign_body(body, signature);
        sign_body(form, of_form);
        (void) snprintf(when, sizeof(when), "%llu",
                        (unsigned long long) (now_usec(CLOCK_REALTIME) / USEC_PER_SEC));
        (void) snprintf(text, sizeof(text), "msg_1.%s.%s", when, body);
        mac(text, bytes_of_mac);
        (void) EVP_EncodeBlock((unsigned char *) standard + 3, bytes_of_mac, sizeof(bytes_of_mac));

        {
                const Header hub[] = { { bytes("x-hub-signature-256"), bytes(signature) } },
                             forge[] = { { bytes("content-type"),
                                           bytes("application/x-www-form-urlencoded") },
                                         { bytes("x-github-event"), bytes("ping") },
                                         { bytes("x-hub-signature-256"), bytes(of_form) } },
                             msg[] = { { bytes("webhook-id"), bytes("msg_1") },
                                       { bytes("webhook-timestamp"), bytes(when) },
                                       { bytes("webhook-signature"), bytes(standard) } },
                             token[] = { { bytes("x-gitlab-token"), bytes(KEY) } };
                Request request = { .method = bytes("POST"),
                                    .path = bytes(path),
                                    .body = bytes(body),
                                    .headers = hub,
                                    .n_headers = 1 };

                assert_int_equal(sweep(f, "hub", &request), 202);
                request.headers = token;
                assert_int_equal(sweep(f, "token", &request), 202);
                request.headers = msg;
                request.n_headers = ELEMENTSOF(msg);
                assert_int_equal(sweep(f, "standard", &request), 202);
                request.headers = forge;
                request.n_headers = ELEMENTSOF(forge);
                request.body = bytes(form);
                assert_int_equal(sweep(f, "form", &request), 200);
                request.body = bytes("payload=%7B%22zen%22%3A2%7D");
                assert_int_equal(sweep(f, "wrong", &request), 401);
                request.n_headers = 2;
                assert_int_equal(sweep(f, "unsigned", &request), 401);
        }
}

/* With a key for the hook that is signed, and names for the registries that have none. */
static int setup_with_key(void **state) {
        static char jfrog[] = "jfrog/bare-local=acme.jfrog.example.com", zot[] = "zot=hub.example.com";
        static char *aliases[] = { jfrog, zot, NULL };
        char folder[] = "/tmp/memory-XXXXXX", path[64];
        FILE *file;

        assert_non_null(mkdtemp(folder));
        (void) snprintf(path, sizeof(path), "%s/signing-key.signed", folder);
        file = fopen(path, "we");
        assert_non_null(file);
        assert_true(fputs(KEY, file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", folder, 1), 0);
        assert_int_equal(setup(state), 0);
        ((Fixture *) *state)->config.host_aliases = aliases;
        return 0;
}

static int teardown_with_key(void **state) {
        char path[256];

        (void) snprintf(path, sizeof(path), "%s/signing-key.signed", getenv("CREDENTIALS_DIRECTORY"));
        assert_int_equal(unlink(path), 0);
        assert_int_equal(rmdir(getenv("CREDENTIALS_DIRECTORY")), 0);
        return teardown(state);
}

#define SWEEP(name)                                                                                  \
        UNIT_TEST_IF_FULL(!WITH_SANITIZER, "the sanitizer has its own memory", name, setup_with_key, \
                          teardown_with_key)

int main(void) {
        const struct CMUnitTest tests[] = {
                SWEEP(body_of_any_sender_without_memory_is_503),
                SWEEP(push_to_stages_of_every_policy_without_memory_is_503),
                SWEEP(second_copy_and_full_queue_without_memory_are_503),
                SWEEP(refusal_without_memory_is_none_of_something_else),
                SWEEP(deploy_that_is_shown_or_waited_for_without_memory_is_503),
                SWEEP(signed_delivery_without_memory_is_503),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
