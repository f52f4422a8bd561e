/* SPDX-License-Identifier: MIT */
#include "deployerd/engine/container-list.h"

#include "shared/json.h"
#include "unit.h"

static int read_list(const char *text, ContainerList *ret) {
        _cleanup_(json_freep) json_t *json = NULL;
        JsonError error;

        assert_int_equal(json_decode(text, strlen(text), &json, &error), 0);
        return container_list_read(json, ret);
}

static void list_tells_what_both_engines_tell(void **state) {
        _cleanup_(container_list_done) ContainerList list = { .n = 0 };

        (void) state;

        assert_int_equal(
                        read_list("[{\"Id\":\"ab\",\"Names\":[\"/proxy/shop\",\"/shop-dev-7\"],\"Image\":\"shop:v1\","
                                  "\"State\":\"running\",\"Labels\":{\"stage\":\"dev\"}},"
                                  "{\"Id\":\"cd\",\"Names\":[\"shop-dev-8\"],\"State\":\"exited\",\"Labels\":null}]",
                                  &list),
                        0);
        assert_int_equal(list.n, 2);
        assert_string_equal(list.rows[0].id, "ab");
        assert_string_equal(list.rows[0].name, "shop-dev-7");
        assert_string_equal(list.rows[0].image, "shop:v1");
        assert_string_equal(list.rows[0].state, "running");
        assert_string_equal(container_row_label(&list.rows[0], "stage"), "dev");
        assert_null(container_row_label(&list.rows[0], "project"));
        assert_string_equal(list.rows[1].name, "shop-dev-8");
        assert_string_equal(list.rows[1].image, "");
        assert_null(container_row_label(&list.rows[1], "stage"));
}

static void list_lacks_what_is_no_container(void **state) {
        _cleanup_(container_list_done) ContainerList list = { .n = 0 };

        (void) state;

        assert_int_equal(read_list("[{\"Names\":[\"/a\"]},7,{\"Id\":\"\"},{\"Id\":\"ab\",\"Names\":7}]",
                                   &list),
                         0);
        assert_int_equal(list.n, 1);
        assert_string_equal(list.rows[0].name, "");
        assert_string_equal(list.rows[0].state, "");
}

static void list_of_too_many_or_of_none_is_refused(void **state) {
        _cleanup_(json_freep) json_t *many = json_array();
        ContainerList list;

        (void) state;

        assert_int_equal(read_list("{\"Id\":\"ab\"}", &list), -EBADMSG);
        for (size_t i = 0; i <= CONTAINERS_MAX; i++)
                assert_int_equal(json_array_append_new(many, json_object()), 0);
        assert_int_equal(container_list_read(many, &list), -EBADMSG);
        assert_int_equal(container_list_read(NULL, &list), -EBADMSG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(list_tells_what_both_engines_tell),
                cmocka_unit_test(list_lacks_what_is_no_container),
                cmocka_unit_test(list_of_too_many_or_of_none_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
