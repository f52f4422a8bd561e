/* SPDX-License-Identifier: MIT */
#include "deployerd/text.h"

#include "unit.h"

static void expect(const char *dirty, const char *clean) {
        _cleanup_free_ char *text = strdup(dirty);

        assert_non_null(text);
        text_clean(text);
        assert_string_equal(text, clean);
}

static void text_that_is_clean_stays(void **state) {
        (void) state;

        expect("", "");
        expect("plain \xc3\xbc \xe2\x82\xac \xf0\x9f\x90\xb3",
               "plain \xc3\xbc \xe2\x82\xac \xf0\x9f\x90\xb3");
        expect("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf", "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf");
}

static void text_loses_its_control_characters(void **state) {
        (void) state;

        expect("a\nb\tc\r\x1b[31m\x7f", "a b c  [31m ");
}

static void text_that_is_no_utf8_is_marked(void **state) {
        (void) state;

        expect("\xff\xfe", "??");
        expect("\x80", "?");
        expect("\xc0\xaf", "??");           /* overlong */
        expect("\xe0\x80\xaf", "???");      /* overlong */
        expect("\xf0\x80\x80\xaf", "????"); /* overlong */
        expect("\xed\xa0\x80", "???");      /* a surrogate */
        expect("\xf4\x90\x80\x80", "????"); /* above U+10FFFF */
        expect("\xf5\x80\x80\x80", "????");
        expect("a\xc3", "a?");           /* cut */
        expect("a\xe2\x82", "a??");      /* cut */
        expect("a\xf0\x9f\x90", "a???"); /* cut */
        expect("\xe2\x28\xa1", "?(?");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(text_that_is_clean_stays),
                cmocka_unit_test(text_loses_its_control_characters),
                cmocka_unit_test(text_that_is_no_utf8_is_marked),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
