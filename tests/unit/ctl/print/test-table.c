/* SPDX-License-Identifier: MIT */
/* What tinyforgectl prints: text made harmless, rows in columns or as JSON. */
#include "ctl/print/table.h"
#include "ctl/text.h"

#include "unit.h"

typedef struct Escape {
        const char *text;
        const char *escaped;
} Escape;

static void text_that_controls_a_terminal_is_written_out(void **state) {
        static const Escape escapes[] = {
                { "", "" },
                { "plain text, 1 \\ 2", "plain text, 1 \\ 2" },
                { "Gr\xC3\xB6\xC3\x9F"
                  "e \xE6\x97\xA5 \xF0\x9F\x8D\xB5",
                  "Gr\xC3\xB6\xC3\x9F"
                  "e \xE6\x97\xA5 \xF0\x9F\x8D\xB5" },
                { "a\nb\tc\r", "a\\x0ab\\x09c\\x0d" },
                { "\x1b[2J\x07\x7f", "\\x1b[2J\\x07\\x7f" },
                { "\xC2\x85\xC2\x9B"
                  "1m",
                  "\\u0085\\u009b1m" },
                { "\xC2\xA0", "\xC2\xA0" },
                { "\xE2\x80\xAE"
                  "gpj\xE2\x81\xA6",
                  "\\u202egpj\\u2066" },
                { "zero\xE2\x80\x8Bwidth\xEF\xBB\xBF", "zero\\u200bwidth\\ufeff" },
                { "\xF3\xA0\x81\x81", "\\U000e0041" },
                /* No UTF-8: each byte by itself. */
                { "\xFF\xC3", "\\xff\\xc3" },
                { "\xC0\xAF", "\\xc0\\xaf" },
                { "\xED\xA0\x80", "\\xed\\xa0\\x80" },
                { "\xF4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
                { "\x9B"
                  "31m",
                  "\\x9b31m" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(escapes); i++) {
                _cleanup_free_ char *escaped = NULL;

                assert_int_equal(text_escape(escapes[i].text, &escaped), 0);
                assert_string_equal(escaped, escapes[i].escaped);
        }
}

static void width_counts_characters(void **state) {
        (void) state;

        assert_int_equal(text_width(""), 0);
        assert_int_equal(text_width("a\xC3\xB6\xE6\x97\xA5"), 3);
        assert_int_equal(text_prefix("a\xC3\xB6\xE6\x97\xA5", 2), 3);
        assert_int_equal(text_prefix("a\xC3\xB6\xE6\x97\xA5", 0), 0);
        assert_int_equal(text_prefix("a\xC3\xB6\xE6\x97\xA5", 9), 6);
}

static void sentences_end_lines_between_words(void **state) {
        static const struct {
                const char *text;
                size_t columns;
                const char *wrapped;
        } sentences[] = {
                { "one two three", 0, "one two three" },
                { "one two three", 13, "one two three" },
                { "one two three", 12, "one two\nthree" },
                { "one two three", 7, "one two\nthree" },
                { "one two three", 6, "one\ntwo\nthree" },
                { "one two three", 1, "one\ntwo\nthree" },
                { "a-very-long-word two", 5, "a-very-long-word\ntwo" },
                { "\xC3\xB6\xC3\xB6 \xC3\xB6 x", 4, "\xC3\xB6\xC3\xB6 \xC3\xB6\nx" },
                { "", 5, "" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(sentences); i++) {
                _cleanup_free_ char *text = strdup(sentences[i].text);

                assert_non_null(text);
                text_wrap(text, sentences[i].columns);
                assert_string_equal(text, sentences[i].wrapped);
        }
}

static const Column columns[] = {
        { "ID", "id", COLUMN_RIGHT },    { "NAME", "name", COLUMN_SHRINKS }, { NULL, "hidden", 0 },
        { "RARE", "rare", COLUMN_RARE }, { "NOTE", NULL, COLUMN_SHRINKS },
};

static void add_row(Table *table, uint64_t id, const char *name, const char *rare, const char *note) {
        table_add_number(table, id);
        table_add_text(table, name);
        table_add_bool(table, id > 5);
        table_add_text(table, rare);
        table_add_text(table, note);
}

static void assert_printed(const Table *table, bool heading, size_t width, const char *wanted) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *file = open_memstream(&text, &size);

        assert_non_null(file);
        assert_int_equal(table_print(table, file, heading, /* coloured= */ false, width), 0);
        assert_int_equal(fclose(file), 0);
        assert_string_equal(text, wanted);
}

static void columns_are_aligned_and_what_is_empty_is_a_dash(void **state) {
        _cleanup_(table_freep) Table *table = table_new(columns, ELEMENTSOF(columns));

        (void) state;

        assert_non_null(table);
        assert_printed(table, false, 0, "");
        add_row(table, 7, "kettle", NULL, "x");
        add_row(table, 123, "t\xC3\xB6pf", "", NULL);
        assert_int_equal(table_n_rows(table), 2);
        assert_printed(table, true, 0, " ID  NAME    NOTE\n  7  kettle  x\n123  t\xC3\xB6pf    -\n");
        assert_printed(table, false, 0, "  7  kettle  x\n123  t\xC3\xB6pf    -\n");

        add_row(table, 1, "cup", "rare", "y");
        assert_printed(table, false, 0,
                       "  7  kettle  -     x\n123  t\xC3\xB6pf    -     -\n  1  cup     rare  y\n");
}

static void widest_column_gives_way_on_a_narrow_terminal(void **state) {
        _cleanup_(table_freep) Table *table = table_new(columns, ELEMENTSOF(columns));

        (void) state;

        assert_non_null(table);
        add_row(table, 7, "a-name-of-some-length", NULL, "a note that is longer than the name is");
        assert_printed(table, false, 42, "7  a-name-of-some-le…  a note that is lon…\n");
        assert_printed(table, false, 30, "7  a-name-of-s…  a note that …\n");
        /* Below that, being read comes before fitting. */
        assert_printed(table, false, 3, "7  a-nam…  a not…\n");
        assert_printed(table, false, 500,
                       "7  a-name-of-some-length  a note that is longer than the name is\n");
}

static void columns_are_left_out_where_a_terminal_has_no_room_for_them(void **state) {
        static const Column many[] = {
                { "ID", "id", COLUMN_RIGHT },           { "NAME", "name", COLUMN_SHRINKS },
                { "STATE", "state", COLUMN_STATE },     { "TOOK", "took", COLUMN_SPARE },
                { "DIGEST", "digest", COLUMN_SPARE },   { "FIXED", "fixed", 0 },
                { "REASON", "reason", COLUMN_SHRINKS },
        };
        _cleanup_(table_freep) Table *table = table_new(many, ELEMENTSOF(many));

        (void) state;

        assert_non_null(table);
        table_add_number(table, 7);
        table_add_text(table, "shop");
        table_add_text(table, "rolled-back");
        table_add_text(table, "12s");
        table_add_text(table, "0123456789ab");
        table_add_text(table, "fixed-width");
        table_add_text(table, "a reason that does not fit at all");
        assert_printed(table, false, 0,
                       "7  shop  rolled-back  12s  0123456789ab  fixed-width  a reason that does not fit at all\n");
        /* What is spare goes before a text is cut below what is easy to read, the last first; that is no loss to hint at. */
        assert_printed(table, false, 75,
                       "7  shop  rolled-back  12s  fixed-width  a reason that does not fit at all\n");
        assert_printed(table, false, 60, "7  shop  rolled-back  fixed-width  a reason that does not f…\n");
        assert_false(table_is_cut(table, false, 75));
        assert_true(table_is_cut(table, false, 60));
        /* No line is longer than a terminal of 40 columns, and the state is the last to go. */
        assert_printed(table, false, 45, "7  shop  rolled-back  fixed-width  a reason …\n");
        assert_printed(table, false, 40, "7  shop  rolled-back  fixed-width\n");
        table_add_number(table, 12345);
        table_add_text(table, "a-long-name");
        table_add_text(table, "rolled-back");
        table_add_text(table, "");
        table_add_text(table, "");
        table_add_text(table, "");
        table_add_text(table, "because");
        assert_printed(table, false, 40,
                       "    7  shop    rolled-back  fixed-width\n12345  a-lon…  rolled-back  -\n");
}

static void what_counts_at_the_end_of_a_text_stays(void **state) {
        static const Column with_image[] = {
                { "IMAGE", "image", COLUMN_SHRINKS | COLUMN_TAIL },
                { "REASON", "reason", COLUMN_SHRINKS },
        };
        _cleanup_(table_freep) Table *table = table_new(with_image, ELEMENTSOF(with_image));

        (void) state;

        assert_non_null(table);
        table_add_text(table, "registry.example/t\xC3\xB6pfe:v12");
        table_add_text(table, "it runs");
        assert_printed(table, false, 23, "…ple/t\xC3\xB6pfe:v12  it runs\n");
}

static void caller_learns_whether_a_text_is_cut(void **state) {
        static const Column with_time[] = { { "NOTE", "note", COLUMN_SHRINKS },
                                            { "AT", "at", COLUMN_TIME } };
        _cleanup_(table_freep) Table *table = table_new(with_time, ELEMENTSOF(with_time));

        (void) state;

        assert_non_null(table);
        table_add_text(table, "a note of 20 letters");
        table_add_time(table, UINT64_C(1700000000) * USEC_PER_SEC);
        assert_false(table_is_cut(table, true, 0));
        assert_false(table_is_cut(table, true, 45));
        /* Without its year the time leaves room. */
        assert_false(table_is_cut(table, true, 33));
        assert_true(table_is_cut(table, true, 32));
}

static void time_loses_its_seconds_and_year_before_texts_lose_their_sense(void **state) {
        static const Column with_time[] = {
                { "NAME", "name", COLUMN_SHRINKS },
                { "SINCE", "since", COLUMN_TIME },
                { "HEALTH", "health", COLUMN_DROPS },
        };
        _cleanup_(table_freep) Table *table = table_new(with_time, ELEMENTSOF(with_time));

        (void) state;

        assert_non_null(table);
        assert_int_equal(setenv("TZ", "UTC", 1), 0);
        table_add_text(table, "a-name-that-is-longer-than-is-easy");
        table_add_time(table, UINT64_C(1700000000) * USEC_PER_SEC);
        table_add_text(table, "healthy");
        table_add_text(table, "b");
        table_add_time(table, 0);
        table_add_text(table, NULL);
        assert_printed(table, false, 60,
                       "a-name-that-is-longer-tha…  Tue 2023-11-14 22:13:20  healthy\n"
                       "b                           -                        -\n");
        assert_printed(table, false, 52,
                       "a-name-that-is-longer-th…  2023-11-14 22:13  healthy\n"
                       "b                          -                 -\n");
        assert_printed(table, false, 46,
                       "a-name-that-is-longer-t…  11-14 22:13  healthy\n"
                       "b                         -            -\n");
        assert_printed(table, false, 30,
                       "a-name-…  11-14 22:13  healthy\n"
                       "b         -            -\n");
        assert_printed(table, false, 22,
                       "a-nam…  11-14 22:13\n"
                       "b       -\n");
}

static void state_is_coloured_and_its_column_stays_aligned(void **state) {
        static const Column with_state[] = { { "STATE", "state", COLUMN_STATE }, { "NAME", "name", 0 } };
        _cleanup_(table_freep) Table *table = table_new(with_state, ELEMENTSOF(with_state));
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *file = open_memstream(&text, &size);

        (void) state;

        assert_non_null(table);
        assert_non_null(file);
        table_add_text(table, "succeeded");
        table_add_text(table, "failed");
        table_add_text(table, "queued");
        table_add_text(table, "x");
        assert_int_equal(table_print(table, file, true, /* coloured= */ true, 0), 0);
        assert_int_equal(fclose(file), 0);
        assert_string_equal(text, "STATE      NAME\n"
                                  "\x1b[32msucceeded\x1b[0m  failed\n"
                                  "queued     x\n");
}

static void programs_get_the_text_itself_and_null(void **state) {
        _cleanup_(table_freep) Table *table = table_new(columns, ELEMENTSOF(columns));
        _cleanup_free_ char *text = NULL;
        json_t *rows;

        (void) state;

        assert_non_null(table);
        add_row(table, 7, "\x1b[1m", NULL, "not for programs");
        rows = table_steal_json(table);
        text = json_dumps(rows, JSON_COMPACT | JSON_PRESERVE_ORDER);
        json_decref(rows);
        assert_string_equal(text, "[{\"id\":7,\"name\":\"\\u001B[1m\",\"hidden\":true,\"rare\":null}]");
}

static void list_is_words_for_people_and_an_array_for_programs(void **state) {
        static const Column one[] = { { "WORDS", "words", 0 } };
        char *words[] = { (char[]){ "a" }, (char[]){ "b\x1b" }, NULL };
        _cleanup_(table_freep) Table *table = table_new(one, 1);
        _cleanup_free_ char *text = NULL;
        json_t *rows;

        (void) state;

        assert_non_null(table);
        table_add_list(table, words);
        table_add_list(table, words + 2);
        table_add_list(table, NULL);
        assert_printed(table, true, 0, "WORDS\na b\\x1b\n-\n-\n");
        rows = table_steal_json(table);
        text = json_dumps(rows, JSON_COMPACT);
        json_decref(rows);
        assert_string_equal(text, "[{\"words\":[\"a\",\"b\\u001B\"]},{\"words\":[]},{\"words\":[]}]");
}

static void json_line_is_ascii_without_control_characters(void **state) {
        _cleanup_free_ char *text = NULL;
        size_t size;
        Ctl ctl = { .out = open_memstream(&text, &size), .err = stderr };

        (void) state;

        assert_non_null(ctl.out);
        assert_int_equal(ctl_print_json(&ctl, json_string("\x7f\xC2\x9B\xE2\x80\xAE\n")), 0);
        assert_int_equal(fclose(ctl.out), 0);
        assert_string_equal(text, "\"\\u007f\\u009B\\u202E\\n\"\n");
}

static void time_is_local_and_zero_is_absent(void **state) {
        static const Column times[] = { { "AT", "at", 0 } };
        _cleanup_(table_freep) Table *table = table_new(times, 1);

        (void) state;

        assert_int_equal(setenv("TZ", "UTC", 1), 0);
        table_add_time(table, UINT64_C(1700000000123456));
        table_add_time(table, 0);
        assert_printed(table, false, 0, "Tue 2023-11-14 22:13:20\n-\n");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(text_that_controls_a_terminal_is_written_out),
                cmocka_unit_test(width_counts_characters),
                cmocka_unit_test(sentences_end_lines_between_words),
                cmocka_unit_test(columns_are_aligned_and_what_is_empty_is_a_dash),
                cmocka_unit_test(widest_column_gives_way_on_a_narrow_terminal),
                cmocka_unit_test(columns_are_left_out_where_a_terminal_has_no_room_for_them),
                cmocka_unit_test(what_counts_at_the_end_of_a_text_stays),
                cmocka_unit_test(caller_learns_whether_a_text_is_cut),
                cmocka_unit_test(time_loses_its_seconds_and_year_before_texts_lose_their_sense),
                cmocka_unit_test(state_is_coloured_and_its_column_stays_aligned),
                cmocka_unit_test(programs_get_the_text_itself_and_null),
                cmocka_unit_test(list_is_words_for_people_and_an_array_for_programs),
                cmocka_unit_test(json_line_is_ascii_without_control_characters),
                cmocka_unit_test(time_is_local_and_zero_is_absent),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
