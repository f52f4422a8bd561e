/* SPDX-License-Identifier: MIT */
#include "deployerd/engine/secrets.h"

#include "shared/json.h"
#include "unit.h"

static json_t *secrets(void) {
        return json_pack("{s:s, s:s, s:s, s:s, s:s}", "A", "hunter2secret", "B", "hunter2secret-and-more",
                         "C", "begin\r\n0123456789\n\nin between\n", "D", "short", "E", "");
}

static void expect(const char *said, const char *told) {
        _cleanup_(json_freep) json_t *all = secrets();
        _cleanup_free_ char *text = strdup(said);

        assert_non_null(text);
        secrets_hide(all, text);
        assert_string_equal(text, told);
}

static void secret_is_hidden_wherever_it_stands(void **state) {
        (void) state;

        expect("", "");
        expect("hunter2secret", "(hidden)");
        expect("hunter2secrethunter2secret!", "(hidden)(hidden)!");
        expect("no such user: x:hunter2secret@db", "no such user: x:(hidden)@db");
}

static void longer_of_two_secrets_is_hidden_as_a_whole(void **state) {
        (void) state;

        expect("hunter2secret-and-more or hunter2secret-and", "(hidden) or (hidden)-and");
}

static void line_of_a_secret_is_one(void **state) {
        (void) state;

        expect("begin | 0123456789 | in between |", "begin | (hidden) | (hidden) |");
}

static void what_is_short_or_no_secret_stays(void **state) {
        _cleanup_free_ char *text = strdup("hunter2secret");

        (void) state;

        expect("short words, and hunter2secre", "short words, and hunter2secre");
        assert_non_null(text);
        secrets_hide(NULL, text);
        assert_string_equal(text, "hunter2secret");
}

static void sentence_of_an_engine_keeps_no_secret(void **state) {
        _cleanup_(json_freep) json_t *all = secrets(), *answer = NULL;

        (void) state;

        answer = json_pack("{s:s, s:s, s:i}", "message", "A=hunter2secret", "cause", "0123456789", "code",
                           1);
        assert_int_equal(secrets_hide_answer(all, answer), 0);
        assert_string_equal(json_get_string(answer, "message"), "A=(hidden)");
        assert_string_equal(json_get_string(answer, "cause"), "(hidden)");
        assert_int_equal(secrets_hide_answer(all, NULL), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(secret_is_hidden_wherever_it_stands),
                cmocka_unit_test(longer_of_two_secrets_is_hidden_as_a_whole),
                cmocka_unit_test(line_of_a_secret_is_one),
                cmocka_unit_test(what_is_short_or_no_secret_stays),
                cmocka_unit_test(sentence_of_an_engine_keeps_no_secret),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
