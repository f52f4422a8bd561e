/* SPDX-License-Identifier: MIT */
#include "deployerd/worker/deploy-request.h"

#include "shared/protocol.h"
#include "unit.h"

#define STORE "7d1f8f0e-3c55-4a52-9d3f-5f1d7c0c2b11"

static const DeployOptions good = { .deploy_id = 7, .store = STORE, .max_instances = 1 };

static int request(const char *image, const DeployOptions *options, DeployRequest **ret) {
        const char *reason = NULL;
        int r;

        r = deploy_request_new("shop", "dev", image, options, ret, &reason);
        assert_true(r == 0 || !isempty(reason));
        return r;
}

static void request_normalises_its_image(void **state) {
        _cleanup_(deploy_request_freep) DeployRequest *request_ = NULL;

        (void) state;

        assert_int_equal(request("nginx", &good, &request_), 0);
        assert_string_equal(request_->repository, "docker.io/library/nginx");
        assert_string_equal(request_->text, "docker.io/library/nginx:latest");
        assert_string_equal(request_->image->tag, "latest");
}

static void request_with_a_digest_needs_no_tag(void **state) {
        _cleanup_(deploy_request_freep) DeployRequest *request_ = NULL;

        (void) state;

        assert_int_equal(request("r.example/a@sha256:"
                                 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                 &good, &request_),
                         0);
        assert_null(request_->image->tag);
}

static void request_bounds_its_instances(void **state) {
        static const struct {
                unsigned asked, given;
        } cases[] = { { 0, 1 }, { 1, 1 }, { 16, 16 }, { 17, 16 }, { UINT32_MAX, 16 } };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(deploy_request_freep) DeployRequest *request_ = NULL;
                DeployOptions options = good;

                options.max_instances = cases[i].asked;
                assert_int_equal(request("a", &options, &request_), 0);
                assert_int_equal(request_->max_instances, cases[i].given);
        }
}

static void request_keeps_its_health_check(void **state) {
        static const char *const checks[] = { NULL, "", "image", "tcp", "http:/healthz" };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(checks); i++) {
                _cleanup_(deploy_request_freep) DeployRequest *request_ = NULL;
                DeployOptions options = good;

                options.healthcheck = checks[i];
                assert_int_equal(request("a", &options, &request_), 0);
                assert_string_equal(request_->healthcheck, strempty(checks[i]));
        }
}

static void request_refuses_options_that_are_wrong(void **state) {
        static const DeployOptions wrong[] = {
                { .deploy_id = 0, .store = STORE },
                { .deploy_id = 7 },
                { .deploy_id = 7, .store = "" },
                { .deploy_id = 7, .store = STORE "0" },
                { .deploy_id = 7, .store = "7D1F8F0E-3c55-4a52-9d3f-5f1d7c0c2b11" },
                { .deploy_id = 7, .store = "7d1f8f0e03c55-4a52-9d3f-5f1d7c0c2b11" },
                { .deploy_id = 7, .store = "7d1f8f0e-3c55-4a52-9d3f-5f1d7c0c2b1/" },
                { .deploy_id = 7, .store = STORE, .healthcheck = "http:healthz" },
                { .deploy_id = 7, .store = STORE, .healthcheck = "images" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(wrong); i++) {
                _cleanup_(deploy_request_freep) DeployRequest *request_ = NULL;

                assert_int_equal(request("a", &wrong[i], &request_), -EINVAL);
                assert_null(request_);
        }
}

static void request_refuses_names_and_images_that_are_wrong(void **state) {
        _cleanup_(deploy_request_freep) DeployRequest *request_ = NULL;
        const char *reason = NULL;

        (void) state;

        assert_int_equal(deploy_request_new("Shop", "dev", "a", &good, &request_, &reason), -EBADR);
        assert_int_equal(deploy_request_new("shop", "", "a", &good, &request_, &reason), -EBADR);
        assert_int_equal(deploy_request_new("shop", "a b", "a", &good, &request_, &reason), -EBADR);
        assert_int_equal(request("", &good, &request_), -EBADF);
        assert_int_equal(request("a b", &good, &request_), -EBADF);
        assert_int_equal(request("a@sha256:00", &good, &request_), -EBADF);
        assert_null(request_);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(request_normalises_its_image),
                cmocka_unit_test(request_with_a_digest_needs_no_tag),
                cmocka_unit_test(request_bounds_its_instances),
                cmocka_unit_test(request_keeps_its_health_check),
                cmocka_unit_test(request_refuses_options_that_are_wrong),
                cmocka_unit_test(request_refuses_names_and_images_that_are_wrong),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
