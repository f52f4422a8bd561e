/* SPDX-License-Identifier: MIT */
/* Whose fault a start is that fails. */
#include "deployerd/engine/start-error.h"
#include "unit.h"

static void what_the_container_is_to_blame_for_is_final(void **state) {
        static const char *const messages[] = {
                "failed to create shim: OCI runtime create failed: container_linux.go: starting container process caused: "
                "exec: \"/app\": stat /app: no such file or directory: unknown",
                "driver failed programming external connectivity on endpoint shop: Bind for 127.0.0.1:8088 failed: port "
                "is already allocated",
                "rootlessport listen tcp 127.0.0.1:8088: bind: address already in use",
                "crun: executable file `/app` not found in $PATH: No such file or directory",
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(messages); i++)
                assert_int_equal(start_error_classify(500, messages[i], false), -EREMOTEIO);
}

static void what_the_engine_lacks_is_tried_again(void **state) {
        static const char *const messages[] = {
                "connection error: desc = \"transport: dial unix /run/containerd/containerd.sock: no such file or directory\"",
                "context deadline exceeded",
                "told to fail",
                "",
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(messages); i++)
                assert_int_equal(start_error_classify(500, messages[i], false), -EIO);
        assert_int_equal(start_error_classify(503, "service unavailable", false), -EIO);
}

static void what_the_engine_refuses_is_final(void **state) {
        (void) state;
        assert_int_equal(start_error_classify(400, "told to fail", false), -EREMOTEIO);
        assert_int_equal(start_error_classify(404, "dial unix", true), -EREMOTEIO);
}

static void where_an_attempt_is_an_outage_unknown_words_are_final(void **state) {
        (void) state;
        assert_int_equal(start_error_classify(
                                         500,
                                         "could not select device driver \"\" with capabilities: [[gpu]]",
                                         true),
                         -EREMOTEIO);
        assert_int_equal(start_error_classify(500,
                                              "failed to initialize logging driver: dial tcp 127.0.0.1:514",
                                              true),
                         -EREMOTEIO);
        assert_int_equal(start_error_classify(500, "", true), -EREMOTEIO);
        assert_int_equal(start_error_classify(500, "context deadline exceeded", true), -EIO);
        assert_int_equal(
                        start_error_classify(
                                        500,
                                        "dial unix /run/containerd/containerd.sock: connect: connection refused",
                                        true),
                        -EIO);
}

static void full_disk_is_told_as_such(void **state) {
        (void) state;
        for (int once = 0; once <= 1; once++) {
                assert_int_equal(start_error_classify(
                                                 500,
                                                 "mkdir /var/lib/docker/overlay2/x: no space left on device",
                                                 once),
                                 -ENOSPC);
                assert_int_equal(start_error_classify(500, "OCI runtime error: write: Disk quota exceeded",
                                                      once),
                                 -ENOSPC);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_the_container_is_to_blame_for_is_final),
                cmocka_unit_test(what_the_engine_lacks_is_tried_again),
                cmocka_unit_test(what_the_engine_refuses_is_final),
                cmocka_unit_test(where_an_attempt_is_an_outage_unknown_words_are_final),
                cmocka_unit_test(full_disk_is_told_as_such),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
