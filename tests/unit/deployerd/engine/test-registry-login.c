/* SPDX-License-Identifier: MIT */
/* The login of a registry, out of the credential that systemd hands on, as a deploy's child reads it. */
#include <stdio.h>
#include <sys/stat.h>

#include "child-fixture.h"
#include "deployerd/engine/registry-auth.h"
#include "deployerd/worker/worker.h"

#define SECRET "cnllOmZsb3Vy"

typedef struct Fixture {
        char folder[32], path[64];
} Fixture;

static int setup(void **state) {
        Fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        (void) snprintf(f->folder, sizeof(f->folder), "/tmp/login-XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        (void) snprintf(f->path, sizeof(f->path), "%s/%s", f->folder, REGISTRY_CREDENTIAL);
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", f->folder, 1), 0);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        Fixture *f = *state;

        assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
        (void) unlink(f->path);
        (void) rmdir(f->path);
        assert_int_equal(rmdir(f->folder), 0);
        free(f);
        return 0;
}

static void write_credential(const Fixture *f, const char *text) {
        FILE *file = fopen(f->path, "we");

        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

/* In the child: writes the line of the header, or what is wrong, to where reports go. */
static int tell_header(int report_fd, pid_t parent, const void *image) {
        _cleanup_(registry_auth_erasep) char *header = NULL;
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_(worker_freep) Worker *worker = NULL;
        int r;

        if (image_ref_parse(image, &ref, NULL) < 0 || worker_new(report_fd, parent, &worker) < 0)
                return 1;

        r = registry_auth_header(worker, /* path= */ NULL, ref, &header);
        if (r < 0)
                worker_send_error(worker, r);
        else
                (void) worker_succeed(worker, json_pack("{s:s?}", "header", header));
        return 0;
}

/* What a child says of the login for `image`. */
static char *answer_for(const char *image, char *text, size_t size) {
        run_child(tell_header, image, text, size);
        return text;
}

static void login_is_a_header_for_its_registry_alone(void **state) {
        char text[1024];

        write_credential(*state, "{\"auths\":{\"r.example\":{\"auth\":\"" SECRET "\"}}}");
        assert_non_null(strstr(answer_for("r.example/app:v1", text, sizeof(text)), "\"X-Registry-Auth: ey"));
        assert_non_null(strstr(answer_for("s.example/app:v1", text, sizeof(text)), "\"header\":null"));
}

static void no_credential_is_no_header(void **state) {
        char text[1024];

        (void) state;
        assert_non_null(strstr(answer_for("r.example/app:v1", text, sizeof(text)), "\"header\":null"));
}

static void broken_credential_is_told_by_its_place_and_not_shown(void **state) {
        char text[1024];

        write_credential(*state, "{\"auths\":\n{\"r.example\": " SECRET "}}");
        (void) answer_for("r.example/app:v1", text, sizeof(text));
        assert_non_null(strstr(text, "org.tinyforge.Configuration"));
        assert_non_null(strstr(text, REGISTRY_CREDENTIAL " is no JSON: line 2, column"));
        assert_null(strstr(text, SECRET));
}

static void login_that_cannot_be_used_is_told_by_its_registry_and_not_shown(void **state) {
        char text[1024];

        write_credential(*state, "{\"auths\":{\"r.example\":{\"auth\":\"" SECRET "=\"}}}");
        (void) answer_for("r.example/app:v1", text, sizeof(text));
        assert_non_null(strstr(text, "org.tinyforge.Configuration"));
        assert_non_null(strstr(text, "cannot be used for r.example: "));
        assert_null(strstr(text, SECRET));

        /* For others it is none of their business. */
        assert_non_null(strstr(answer_for("s.example/app:v1", text, sizeof(text)), "\"header\":null"));
}

static void credential_that_cannot_be_read_is_an_error(void **state) {
        const Fixture *f = *state;
        char text[1024];

        assert_int_equal(mkdir(f->path, 0700), 0);
        (void) answer_for("r.example/app:v1", text, sizeof(text));
        assert_non_null(strstr(text, "org.tinyforge.Configuration"));
        assert_non_null(strstr(text, "Cannot read the credential " REGISTRY_CREDENTIAL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                TEST(login_is_a_header_for_its_registry_alone),
                TEST(no_credential_is_no_header),
                TEST(broken_credential_is_told_by_its_place_and_not_shown),
                TEST(login_that_cannot_be_used_is_told_by_its_registry_and_not_shown),
                TEST(credential_that_cannot_be_read_is_an_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
