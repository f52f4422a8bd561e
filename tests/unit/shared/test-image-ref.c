/* SPDX-License-Identifier: MIT */
#include "shared/image-ref.h"

#include <stdio.h>

#include "unit.h"

#define HEX32  "0123456789abcdef0123456789abcdef"
#define HEX64  HEX32 HEX32
#define SHA256 "sha256:" HEX64
#define SHA512 "sha512:" HEX64 HEX64

typedef struct Good {
        const char *text;
        const char *domain;
        const char *path;
        const char *tag;
        const char *digest;
} Good;

static const Good good[] = {
        /* Names of the default registry. */
        { "kettle", "docker.io", "library/kettle", NULL, NULL },
        { "kettle:1.2", "docker.io", "library/kettle", "1.2", NULL },
        { "library/kettle", "docker.io", "library/kettle", NULL, NULL },
        { "docker.io/kettle", "docker.io", "library/kettle", NULL, NULL },
        { "docker.io/library/kettle:v2", "docker.io", "library/kettle", "v2", NULL },
        { "index.docker.io/kettle", "docker.io", "library/kettle", NULL, NULL },
        { "index.docker.io/acme/kettle", "docker.io", "acme/kettle", NULL, NULL },
        { "acme/kettle", "docker.io", "acme/kettle", NULL, NULL },
        { "acme/tea/kettle", "docker.io", "acme/tea/kettle", NULL, NULL },
        { "docker.io:443/kettle", "docker.io:443", "kettle", NULL, NULL },
        { "library", "docker.io", "library/library", NULL, NULL },
        /* What is a domain, and what only looks like one. */
        { "localhost/kettle", "localhost", "kettle", NULL, NULL },
        { "localhost", "docker.io", "library/localhost", NULL, NULL },
        { "localhost:5000", "docker.io", "library/localhost", "5000", NULL },
        { "localhost:5000/kettle", "localhost:5000", "kettle", NULL, NULL },
        { "localhosts/kettle", "docker.io", "localhosts/kettle", NULL, NULL },
        { "tea.example", "docker.io", "library/tea.example", NULL, NULL },
        { "tea.example/kettle", "tea.example", "kettle", NULL, NULL },
        { "tea.example/library/kettle", "tea.example", "library/kettle", NULL, NULL },
        { "tea.example:8443/acme/kettle:v1", "tea.example:8443", "acme/kettle", "v1", NULL },
        { "tea:80/kettle:v1", "tea:80", "kettle", "v1", NULL },
        { "Tea/kettle", "Tea", "kettle", NULL, NULL },
        { "TEA.example/kettle", "TEA.example", "kettle", NULL, NULL },
        { "INDEX.docker.io/kettle", "INDEX.docker.io", "kettle", NULL, NULL },
        { "t-e--a.example/kettle", "t-e--a.example", "kettle", NULL, NULL },
        { "192.0.2.7/kettle", "192.0.2.7", "kettle", NULL, NULL },
        { "192.0.2.7:5000/kettle", "192.0.2.7:5000", "kettle", NULL, NULL },
        { "[2001:db8::7]/kettle", "[2001:db8::7]", "kettle", NULL, NULL },
        { "[2001:DB8::7]:5000/acme/kettle:v1", "[2001:DB8::7]:5000", "acme/kettle", "v1", NULL },
        { "[ABCD]/kettle", "[ABCD]", "kettle", NULL, NULL },
        { "tea.example:00000000080/kettle", "tea.example:00000000080", "kettle", NULL, NULL },
        { "1.2/3", "1.2", "3", NULL, NULL },
        /* Separators in the path. */
        { "a.b/c_d/e__f/g-h/i---j/k.l", "a.b", "c_d/e__f/g-h/i---j/k.l", NULL, NULL },
        { "0/1", "docker.io", "0/1", NULL, NULL },
        /* Tags. */
        { "kettle:_", "docker.io", "library/kettle", "_", NULL },
        { "kettle:A.b-C_9..--", "docker.io", "library/kettle", "A.b-C_9..--", NULL },
        { "kettle:latest", "docker.io", "library/kettle", "latest", NULL },
        { HEX64 ":v1", "docker.io", "library/" HEX64, "v1", NULL },
        { "docker.io/" HEX64, "docker.io", "library/" HEX64, NULL, NULL },
        { HEX64 "0", "docker.io", "library/" HEX64 "0", NULL, NULL },
        /* Digests. */
        { "kettle@" SHA256, "docker.io", "library/kettle", NULL, SHA256 },
        { "kettle:v1@" SHA256, "docker.io", "library/kettle", "v1", SHA256 },
        { "tea.example:80/kettle@" SHA512, "tea.example:80", "kettle", NULL, SHA512 },
        { "sha256/kettle", "docker.io", "sha256/kettle", NULL, NULL },
        /* Not a bare digest: a repository with a tag. */
        { SHA256, "docker.io", "library/sha256", HEX64, NULL },
};

typedef struct Bad {
        const char *text;
        const char *reason; /* a word of the reason, or NULL */
} Bad;

static const Bad bad[] = {
        { "", "empty" },
        { " ", NULL },
        { " kettle", NULL },
        { "kettle ", NULL },
        { "kettle\n", NULL },
        { "kettle:v1\n", "tag" },
        { "kettle\t", NULL },
        { "k\xC3\xA4ttle", NULL },
        { "\xFF", NULL },
        { HEX64, "64 hexadecimal digits" },
        { ":", NULL },
        { "@", "digest" },
        { "/", NULL },
        { ":v1", "empty" },
        { "@" SHA256, "empty" },
        { "kettle:", "tag is empty" },
        { "kettle:v1:v2", NULL },
        { "kettle:.v1", "tag begins" },
        { "kettle:-v1", "tag begins" },
        { "kettle:v/1", NULL },
        { "kettle:v+1", "tag" },
        { "kettle:v1 ", "tag" },
        { "tea.example:80/kettle:80:1", NULL },
        /* Capitals. */
        { "Kettle", "lowercase" },
        { "Kettle:v1", "lowercase" },
        { "acme/Kettle", "lowercase" },
        { "tea.example/acme/kettlE", "lowercase" },
        { "docker.io/Acme/kettle", "lowercase" },
        /* Paths. */
        { "acme/", "empty" },
        { "/kettle", "empty" },
        { "acme//kettle", "empty" },
        { "tea.example/", "empty" },
        { "tea.example//kettle", "empty" },
        { "-kettle", "separator" },
        { "\xff\xfe", "something else" },
        { "a.example/kettle/\xc3\xa9", "something else" },
        { "kettle-", "separator" },
        { ".kettle", "separator" },
        { "kettle.", "separator" },
        { "_kettle", "separator" },
        { "a..b", "separator" },
        { "a___b", "separator" },
        { "a._b", "separator" },
        { "a-_b", "separator" },
        { "acme/-kettle", "separator" },
        { "a$b", NULL },
        { "a\\b", NULL },
        { "a*", NULL },
        { "https://tea.example/kettle", NULL },
        { "kettle?tag=v1", NULL },
        { "../kettle", NULL },
        { "./kettle", NULL },
        { "a/../b", NULL },
        /* Domains. */
        { "tea..example/kettle", "domain" },
        { ".example/kettle", "domain" },
        { "example./kettle", "domain" },
        { "-tea.example/kettle", "domain" },
        { "tea-.example/kettle", "domain" },
        { "tea.example-/kettle", "domain" },
        { "tea_time.example/kettle", "domain" },
        { "tea.example:/kettle", "domain" },
        { "tea.example:80a/kettle", "domain" },
        { ":80/kettle", "domain" },
        { "tea.example:80:80/kettle", "domain" },
        { "[2001:db8::7/kettle", "domain" },
        { "2001:db8::7]/kettle", "domain" },
        { "2001:db8::7:80/kettle", "domain" },
        { "[]/kettle", NULL },
        { "[]:80/kettle", "domain" },
        { "[fe80::1%eth0]/kettle", "domain" },
        { "[::192.0.2.7]/kettle", "domain" },
        { "[2001:db8::7]", NULL },
        { "[2001:db8::7]:80", NULL },
        { "[abcd]/kettle", NULL },
        { "user@tea.example/kettle", "digest" },
        /* Digests: exactly the digits of the algorithm, all of them small. */
        { "kettle@", "digest" },
        { "kettle@sha256", "digest" },
        { "kettle@sha256:", "digest" },
        { "kettle@sha256:" HEX32, "digest" },
        { "kettle@" SHA256 "0", "digest" },
        { "kettle@sha256:" HEX32 "0123456789ABCDEF0123456789abcdef", "digest" },
        { "kettle@SHA256:" HEX64, "digest" },
        { "kettle@sha512:" HEX64, "digest" },
        { "kettle@md5:" HEX32, "digest" },
        { "kettle@sha256-" HEX64, "digest" },
        { "kettle@" SHA256 "@" SHA256, "digest" },
        { "kettle@" SHA256 ":v1", "digest" },
        { "kettle@" SHA256 "/acme", "digest" },
        { "kettle:@" SHA256, "tag is empty" },
};

static void assert_part(const char *text, const char *name, const char *is, const char *wanted) {
        if ((!is) != (!wanted) || (is && !streq(is, wanted)))
                fail_msg("'%s': the %s is '%s', wanted '%s'", text, name, strempty(is), strempty(wanted));
}

static void reference_is_taken_apart_and_normalised(void **state) {
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                _cleanup_(image_ref_freep) ImageRef *ref = NULL;
                const char *reason = NULL;
                const Good *g = &good[i];

                if (image_ref_parse(g->text, &ref, &reason) < 0)
                        fail_msg("'%s': %s", g->text, strempty(reason));
                assert_part(g->text, "domain", ref->domain, g->domain);
                assert_part(g->text, "path", ref->path, g->path);
                assert_part(g->text, "tag", ref->tag, g->tag);
                assert_part(g->text, "digest", ref->digest, g->digest);
        }
}

static void normalised_reference_reads_as_itself(void **state) {
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                _cleanup_(image_ref_freep) ImageRef *ref = NULL, *again = NULL;
                _cleanup_free_ char *text = NULL, *text_again = NULL, *repository = NULL;

                assert_int_equal(image_ref_parse(good[i].text, &ref, NULL), 0);
                assert_int_equal(image_ref_format(ref, &text), 0);
                assert_int_equal(image_ref_parse(text, &again, NULL), 0);
                assert_int_equal(image_ref_format(again, &text_again), 0);
                assert_string_equal(text, text_again);

                assert_int_equal(image_ref_repository(ref, &repository), 0);
                assert_memory_equal(text, repository, strlen(repository));
        }
}

static void invalid_reference_is_refused_with_a_reason(void **state) {
        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                const char *reason = NULL;
                ImageRef *ref = NULL;

                if (image_ref_parse(bad[i].text, &ref, &reason) != -EINVAL)
                        fail_msg("'%s' is not refused as invalid", bad[i].text);
                assert_null(ref);
                if (isempty(reason) || (bad[i].reason && !strstr(reason, bad[i].reason)))
                        fail_msg("'%s': the reason is '%s'", bad[i].text, strempty(reason));
        }
}

/* "docker.io/" and a path of `length` characters. */
static char *long_reference(size_t length, const char *suffix) {
        char *text = malloc(10 + length + strlen(suffix) + 1);

        assert_non_null(text);
        memcpy(text, "docker.io/", 10);
        for (size_t i = 0; i < length; i++)
                text[10 + i] = i % 2 == 1 && i + 1 < length ? '/' : 'a';
        memcpy(text + 10 + length, suffix, strlen(suffix) + 1);
        return text;
}

static void path_has_at_most_255_characters_whatever_the_domain(void **state) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_free_ char *longest = long_reference(255, ":v1"), *longer = long_reference(256, "");
        char official[300] = "";
        const char *reason = NULL;

        (void) state;

        assert_int_equal(image_ref_parse(longest, &ref, NULL), 0);
        assert_int_equal(strlen(ref->path), 255);
        ref = image_ref_free(ref);
        assert_int_equal(image_ref_parse(longer, &ref, &reason), -ENAMETOOLONG);
        assert_non_null(strstr(reason, "255"));

        /* "library/" counts. */
        memset(official, 'k', 247);
        assert_int_equal(image_ref_parse(official, &ref, NULL), 0);
        ref = image_ref_free(ref);
        official[247] = 'k';
        assert_int_equal(image_ref_parse(official, &ref, NULL), -ENAMETOOLONG);
        assert_null(ref);
}

static void tag_has_at_most_128_characters(void **state) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        char text[200] = "kettle:";
        const char *reason = NULL;

        (void) state;

        memset(text + 7, 't', 128);
        assert_int_equal(image_ref_parse(text, &ref, NULL), 0);
        ref = image_ref_free(ref);
        text[7 + 128] = 't';
        assert_int_equal(image_ref_parse(text, &ref, &reason), -ENAMETOOLONG);
        assert_non_null(strstr(reason, "128"));
}

static void reference_beyond_the_limit_is_not_looked_at(void **state) {
        _cleanup_free_ char *text = calloc(1, 1U << 20);
        const char *reason = NULL;
        ImageRef *ref = NULL;

        (void) state;

        assert_non_null(text);
        memset(text, 'a', (1U << 20) - 1);
        assert_int_equal(image_ref_parse(text, &ref, &reason), -ENAMETOOLONG);
        assert_non_null(reason);
        assert_int_equal(image_ref_parse(text, &ref, NULL), -ENAMETOOLONG);
}

static void digest_is_valid_with_its_algorithms_length_only(void **state) {
        (void) state;

        assert_true(image_digest_is_valid(SHA256));
        assert_true(image_digest_is_valid(SHA512));
        assert_false(image_digest_is_valid(NULL));
        assert_false(image_digest_is_valid(""));
        assert_false(image_digest_is_valid(HEX64));
        assert_false(image_digest_is_valid("sha512:" HEX64));
        assert_false(image_digest_is_valid("sha256:" HEX64 HEX64));
        assert_false(image_digest_is_valid(SHA256 "\n"));
        assert_false(image_digest_is_valid("sha256:" HEX32 "ABCDEF6789abcdef0123456789abcdef"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(reference_is_taken_apart_and_normalised),
                cmocka_unit_test(normalised_reference_reads_as_itself),
                cmocka_unit_test(invalid_reference_is_refused_with_a_reason),
                cmocka_unit_test(path_has_at_most_255_characters_whatever_the_domain),
                cmocka_unit_test(tag_has_at_most_128_characters),
                cmocka_unit_test(reference_beyond_the_limit_is_not_looked_at),
                cmocka_unit_test(digest_is_valid_with_its_algorithms_length_only),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
