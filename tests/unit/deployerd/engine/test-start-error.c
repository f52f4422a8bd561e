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
                assert_int_equal(start_error_classify(500, messages[i]), -EREMOTEIO);
}

static void what_the_engine_lacks_is_tried_again(void **state) {
        static const char *const messages[] = {
                "connection error: desc = \"transport: dial unix /run/containerd/containerd.sock: no such file or directory\"",
                "context deadline exceeded",
                "write /var/lib/x: no space left on device",
                "told to fail",
                "",
        };

        (void) state;
        for (size_t i = 0; i < ELEMENTSOF(messages); i++)
                assert_int_equal(start_error_classify(500, messages[i]), -EIO);
        assert_int_equal(start_error_classify(503, "service unavailable"), -EIO);
}

static void what_the_engine_refuses_is_final(void **state) {
        (void) state;
        assert_int_equal(start_error_classify(400, "told to fail"), -EREMOTEIO);
        assert_int_equal(start_error_classify(404, "dial unix"), -EREMOTEIO);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_the_container_is_to_blame_for_is_final),
                cmocka_unit_test(what_the_engine_lacks_is_tried_again),
                cmocka_unit_test(what_the_engine_refuses_is_final),
        };

        cmocka_set_message_output(CM_OUTPUT_TAP);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
