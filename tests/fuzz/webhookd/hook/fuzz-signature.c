/* SPDX-License-Identifier: MIT */
/*
 * Headers that claim to prove where a request comes from. Input: the lines of a head, "name: value", up to an empty
 * line, then the body. Whatever they are, they are absent, good or bad; only with what the key makes of the body are
 * they good; and one wrong header more is always bad. The first line is read as a file of keys as well.
 */
#include "fuzz.h"
#include "webhookd/hook/signature.h"

#define HEADERS_MAX 32U
#define NOW         (UINT64_C(1614265330) * USEC_PER_SEC)

/* The key that the corpus signs with. */
static const char key[] = "corpus key";

/* Up to `end`: a name in small letters, as the HTTP library gives it, and a value. */
static Header header_of(char *line, size_t length) {
        char *colon = memchr(line, ':', length);
        size_t name = colon ? (size_t) (colon - line) : length, value = colon ? name + 1 : length;

        for (size_t i = 0; i < name; i++)
                if (line[i] >= 'A' && line[i] <= 'Z')
                        line[i] = (char) (line[i] + 'a' - 'A');

        return (Header){ { line, name }, { line + value, length - value } };
}

static void check_keys(const uint8_t *data, size_t size) {
        _cleanup_(signature_keys_freep) SignatureKeys *keys = NULL;
        KeyProblem problem = { .text = NULL };
        int r;

        r = signature_keys_parse((const char *) data, size, &keys, &problem);
        fuzz_promise(r == 0 ? keys && keys->n > 0 && keys->n <= SIGNATURE_KEYS_MAX
                            : r == -EBADMSG && problem.text && !keys);
        for (size_t i = 0; keys && i < keys->n; i++) {
                const SignatureKey *one = &keys->items[i];

                fuzz_promise(one->text_length > 0 && one->text_length < SIGNATURE_KEY_MAX);
                fuzz_promise(one->standard_length <= one->text_length);
                fuzz_promise(!one->encoded || one->standard_length > 0);
                fuzz_promise(strlen(one->text) == one->text_length);
                fuzz_promise(one->text[0] != ' ' && one->text[one->text_length - 1] != ' ');
        }
}

static SignatureVerdict check(const SignatureKeys *keys, const Request *request, Bytes form, uint64_t now) {
        SignatureVerdict verdict;

        fuzz_promise(signature_check(keys, request, form, now, &verdict) == 0);
        return verdict;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(signature_keys_freep) SignatureKeys *keys = NULL, *other = NULL;
        _cleanup_free_ char *copy = fuzz_string(data, size);
        Header headers[HEADERS_MAX + 1];
        Request request = { .method = { "POST", 4 }, .path = { "/", 1 }, .headers = headers };
        const Bytes none = { NULL, 0 };
        KeyProblem problem;
        SignatureVerdict verdict;
        size_t at = 0;

        check_keys(data, size);
        while (at < size && request.n_headers < HEADERS_MAX) {
                char *end = memchr(copy + at, '\n', size - at);
                size_t length = end ? (size_t) (end - copy) - at : size - at;

                if (length > 0)
                        headers[request.n_headers++] = header_of(copy + at, length);
                at += length + 1;
                if (length == 0)
                        break;
        }
        request.body = (Bytes){ copy + (at < size ? at : size), at < size ? size - at : 0 };

        fuzz_promise(signature_keys_parse(key, strlen(key), &keys, &problem) == 0);
        fuzz_promise(signature_keys_parse("another key", 11, &other, &problem) == 0);
        verdict = check(keys, &request, none, NOW);

        /* What is good by one key is bad by another, and so is what is bad: only nothing is the same for both. */
        if (verdict == SIGNATURE_ABSENT || verdict == SIGNATURE_WEAK)
                fuzz_promise(check(other, &request, none, NOW) == verdict);
        else
                fuzz_promise(check(other, &request, none, NOW) == SIGNATURE_BAD);
        if (verdict == SIGNATURE_GOOD_FINAL_ID) {
                Bytes id = signature_final_id(&request);

                fuzz_promise(id.length > 0 && id.length <= 255 && !memchr(id.data, '.', id.length));
        }

        headers[request.n_headers++] = (Header){ { "x-gitlab-token", 14 }, { "wrong", 5 } };
        fuzz_promise(check(keys, &request, none, NOW) == SIGNATURE_BAD);
        return 0;
}
