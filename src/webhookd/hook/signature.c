/* SPDX-License-Identifier: MIT */
/* Proof of origin: see signature.h. */
#include "webhookd/hook/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "shared/conf/parse.h"
#include "webhookd/store/store.h"

#define MAC_SIZE      32U
#define HEX_LENGTH    (2U * MAC_SIZE)
#define BASE64_LENGTH 44U /* of a MAC */

#define HUB_PREFIX      "sha256="
#define WEAK_PREFIX     "sha1="
#define STANDARD_PREFIX "v1,"
/* Beyond this bit, a capital letter of ASCII is the small one. */
#define SMALL_BIT 0x20

/* The digits of a number of seconds that is worth reading: up to the year 5138. */
#define TIMESTAMP_DIGITS_MAX 11U

/* What one check is about. */
typedef struct Check {
        const SignatureKeys *keys;
        const Request *request;
        Bytes form;
        uint64_t now;
        char hex[2 * SIGNATURE_KEYS_MAX]
                [HEX_LENGTH]; /* of each key: the body's and the form's, once they are made */
        size_t n_hex;
} Check;

/* The HMAC-SHA256 of the parts, one behind the other. -ENOMEM is the only error. */
static int mac_make(const void *key, size_t key_length, const Bytes *parts, size_t n_parts,
                    unsigned char ret[static MAC_SIZE]) {
        char digest[] = "SHA256";
        const OSSL_PARAM params[] = { OSSL_PARAM_utf8_string("digest", digest, sizeof(digest) - 1),
                                      OSSL_PARAM_END };
        EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
        EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;
        size_t length = 0;
        bool done;

        done = context && EVP_MAC_init(context, key, key_length, params) == 1;
        for (size_t i = 0; done && i < n_parts; i++)
                done = EVP_MAC_update(context, (const unsigned char *) parts[i].data, parts[i].length) == 1;
        done = done && EVP_MAC_final(context, ret, &length, MAC_SIZE) == 1 && length == MAC_SIZE;

        EVP_MAC_CTX_free(context);
        EVP_MAC_free(mac);
        return done ? 0 : -ENOMEM;
}

static int hex_add(Check *check, const SignatureKey *key, Bytes body) {
        static const char digits[] = "0123456789abcdef";
        unsigned char mac[MAC_SIZE];
        char *hex;
        int r;

        assert(check->n_hex < ELEMENTSOF(check->hex));

        r = mac_make(key->text, key->text_length, &body, 1, mac);
        if (r < 0)
                return r;

        hex = check->hex[check->n_hex++];
        for (size_t i = 0; i < MAC_SIZE; i++) {
                hex[2 * i] = digits[mac[i] >> 4];
                hex[2 * i + 1] = digits[mac[i] & 0xf];
        }

        return 0;
}

/* What the body would be signed with: by all keys, once. */
static int hex_make(Check *check) {
        const Bytes bodies[] = { check->request->body, check->form };
        int r;

        if (check->n_hex > 0)
                return 0;

        for (size_t i = 0; i < ELEMENTSOF(bodies) && (i == 0 || bodies[i].data); i++)
                for (size_t k = 0; k < check->keys->n; k++) {
                        r = hex_add(check, &check->keys->items[k], bodies[i]);
                        if (r < 0)
                                return r;
                }

        return 0;
}

/* Digits in either case; whatever else it is stays as it is. As all of its kind: 1, 0, or -ENOMEM. */
static int hex_is_right(Check *check, Bytes given) {
        char small[HEX_LENGTH];
        bool right = false;
        int r;

        if (given.length != HEX_LENGTH)
                return 0;

        r = hex_make(check);
        if (r < 0)
                return r;

        for (size_t i = 0; i < HEX_LENGTH; i++)
                small[i] = (char) (given.data[i] >= 'A' && given.data[i] <= 'F' ? given.data[i] | SMALL_BIT
                                                                                : given.data[i]);
        for (size_t i = 0; i < check->n_hex; i++)
                right |= CRYPTO_memcmp(check->hex[i], small, HEX_LENGTH) == 0;

        return right;
}

static int hub_is_right(Check *check, Bytes given) {
        const size_t length = strlen(HUB_PREFIX);

        if (given.length < length || memcmp(given.data, HUB_PREFIX, length) != 0)
                return 0;

        return hex_is_right(check, (Bytes){ given.data + length, given.length - length });
}

/* The header's value is a key. All bytes of the longest are compared, so that the time tells no length. */
static int literal_is_right(Check *check, Bytes given) {
        char padded[SIGNATURE_KEY_MAX] = { 0 };
        bool right = false;

        if (given.length >= sizeof(padded))
                return 0;

        memcpy(padded, given.data, given.length);
        for (size_t i = 0; i < check->keys->n; i++) {
                const SignatureKey *key = &check->keys->items[i];

                right |= (CRYPTO_memcmp(key->text, padded, sizeof(padded)) == 0) &
                         (key->text_length == given.length);
        }

        explicit_bzero(padded, sizeof(padded));
        return right;
}

static bool is_blank(char c) {
        return c == ' ' || c == '\t';
}

static Bytes bytes_trim(Bytes bytes) {
        while (bytes.length > 0 && is_blank(bytes.data[bytes.length - 1]))
                bytes.length--;
        for (; bytes.length > 0 && is_blank(bytes.data[0]); bytes.length--)
                bytes.data++;

        return bytes;
}

/* The value of the header that there is once; false where there is none, or more than one to choose from. */
static bool header_only(const Request *request, const char *name, Bytes *ret) {
        const Header *found = NULL;

        for (size_t i = 0; i < request->n_headers; i++) {
                if (!header_is(&request->headers[i], name))
                        continue;
                if (found)
                        return false;
                found = &request->headers[i];
        }

        if (found)
                *ret = bytes_trim(found->value);
        return found;
}

/* Printable, and without a full stop, which would leave open where the id ends and the time begins. */
static bool id_is_valid(Bytes id) {
        for (size_t i = 0; i < id.length; i++)
                if (id.data[i] <= ' ' || id.data[i] > '~' || id.data[i] == '.')
                        return false;

        return id.length > 0 && id.length <= DELIVERY_ID_MAX;
}

static bool timestamp_is_near(Bytes text, uint64_t now) {
        char digits[TIMESTAMP_DIGITS_MAX + 1] = "";
        uint64_t sent;

        if (text.length > TIMESTAMP_DIGITS_MAX)
                return false;

        memcpy(digits, text.data, text.length);
        if (strlen(digits) != text.length || parse_uint(digits, UINT64_MAX / USEC_PER_SEC, &sent) < 0)
                return false;

        sent *= USEC_PER_SEC;
        return (now > sent ? now - sent : sent - now) <= SIGNATURE_TOLERANCE_USEC;
}

/* Whether a version of the standard's begins here, perhaps behind blanks. */
static bool version_begins(const char *text, size_t length) {
        while (length > 0 && is_blank(text[0])) {
                text++;
                length--;
        }

        return length > 1 && text[0] == 'v' && text[1] >= '0' && text[1] <= '9';
}

/*
 * The next of a list of signatures, "version,base64". Between two of them is a blank, as the standard has it, or a comma, as
 * some senders have it and proxies that join headers.
 */
static bool list_next(Bytes *rest, Bytes *ret) {
        bool valued = false;
        size_t n = 0;

        for (; rest->length > 0 && is_blank(rest->data[0]); rest->length--)
                rest->data++;
        if (rest->length == 0)
                return false;

        for (; n < rest->length && !is_blank(rest->data[n]); n++) {
                if (rest->data[n] != ',')
                        continue;
                if (valued && version_begins(rest->data + n + 1, rest->length - n - 1))
                        break;
                valued = true;
        }

        *ret = (Bytes){ rest->data, n };
        n += n < rest->length;
        *rest = (Bytes){ rest->data + n, rest->length - n };
        return true;
}

static bool list_is_short(Bytes list) {
        size_t n = 0;
        Bytes one;

        while (n <= SIGNATURES_MAX && list_next(&list, &one))
                n++;

        return n <= SIGNATURES_MAX;
}

/* One of the list is the signature that the key makes. Those of other schemes are passed over. */
static int list_has(Bytes list, const void *key, size_t key_length, const Bytes *parts, size_t n_parts) {
        const size_t prefix = strlen(STANDARD_PREFIX);
        unsigned char mac[MAC_SIZE], wanted[BASE64_LENGTH + 1];
        bool right = false;
        Bytes one;
        int r;

        r = mac_make(key, key_length, parts, n_parts, mac);
        if (r < 0)
                return r;

        (void) EVP_EncodeBlock(wanted, mac, MAC_SIZE);
        while (list_next(&list, &one))
                if (one.length == prefix + BASE64_LENGTH && memcmp(one.data, STANDARD_PREFIX, prefix) == 0)
                        right |= CRYPTO_memcmp(wanted, one.data + prefix, BASE64_LENGTH) == 0;

        return right;
}

/* The standard grew out of Svix, which still sends the names that it had. */
typedef struct StandardNames {
        const char *id, *timestamp, *signature;
} StandardNames;

static const StandardNames standard_names = { "webhook-id", "webhook-timestamp", "webhook-signature" };
static const StandardNames svix_names = { "svix-id", "svix-timestamp", "svix-signature" };

/* A key is what is written, or what that decodes to: whichever it can be. */
static int list_is_of(Bytes list, const SignatureKey *key, const Bytes *parts, size_t n_parts) {
        int standard = 0, text = 0;

        if (key->standard_length > 0)
                standard = list_has(list, key->standard, key->standard_length, parts, n_parts);
        if (standard >= 0 && !key->encoded)
                text = list_has(list, key->text, key->text_length, parts, n_parts);
        if (standard < 0 || text < 0)
                return -ENOMEM;

        return standard | text;
}

static int list_is_right(Check *check, Bytes list, const StandardNames *names) {
        Bytes id, timestamp;
        int r, right = 0;

        if (!list_is_short(list) || !header_only(check->request, names->id, &id) || !id_is_valid(id) ||
            !header_only(check->request, names->timestamp, &timestamp) ||
            !timestamp_is_near(timestamp, check->now))
                return 0;

        for (size_t i = 0; i < check->keys->n; i++) {
                const Bytes parts[] = { id, { ".", 1 }, timestamp, { ".", 1 }, check->request->body };

                r = list_is_of(list, &check->keys->items[i], parts, ELEMENTSOF(parts));
                if (r < 0)
                        return r;
                right |= r;
        }

        return right;
}

static int standard_is_right(Check *check, Bytes list) {
        return list_is_right(check, list, &standard_names);
}

static int svix_is_right(Check *check, Bytes list) {
        return list_is_right(check, list, &svix_names);
}

/* Where a request has the headers of both names, they have to be about the same delivery. */
static bool ids_agree(const Request *request) {
        Bytes standard, svix;

        return header_only(request, standard_names.id, &standard) &&
               header_only(request, svix_names.id, &svix) && standard.length == svix.length &&
               memcmp(standard.data, svix.data, svix.length) == 0;
}

typedef struct Scheme {
        const char *header;
        const char *nothing; /* what stands there where the sender has no key */
        int (*is_right)(Check *check, Bytes given);
        SignatureVerdict good;
} Scheme;

static const Scheme schemes[] = {
        { "x-hub-signature-256", HUB_PREFIX, hub_is_right, SIGNATURE_GOOD },
        { "x-gitea-signature", "", hex_is_right, SIGNATURE_GOOD },
        { "x-forgejo-signature", "", hex_is_right, SIGNATURE_GOOD },
        { "x-gitlab-token", "", literal_is_right, SIGNATURE_GOOD },
        { "authorization", "", literal_is_right, SIGNATURE_GOOD },
        { "webhook-signature", "", standard_is_right, SIGNATURE_GOOD_FINAL_ID },
        { "svix-signature", "", svix_is_right, SIGNATURE_GOOD_FINAL_ID },
};

/* SHA-1 is not enough: these are not looked at, but that there is nothing else is said. */
static const char *const weak_headers[] = { "x-hub-signature", "x-nexus-webhook-signature" };

/* The scheme of a header that has something in it, or NULL. */
static const Scheme *scheme_of(const Header *header) {
        for (size_t i = 0; i < ELEMENTSOF(schemes); i++)
                if (header_is(header, schemes[i].header)) {
                        Bytes value = bytes_trim(header->value);

                        return value.length == 0 || bytes_equal(value, schemes[i].nothing) ? NULL
                                                                                           : &schemes[i];
                }

        return NULL;
}

/* Gitea's is "sha1=" where it has no key. */
static bool has_weak(const Request *request) {
        for (size_t i = 0; i < request->n_headers; i++)
                for (size_t k = 0; k < ELEMENTSOF(weak_headers); k++) {
                        Bytes value = bytes_trim(request->headers[i].value);

                        if (header_is(&request->headers[i], weak_headers[k]) && value.length > 0 &&
                            !bytes_equal(value, WEAK_PREFIX))
                                return true;
                }

        return false;
}

/* What the signature headers of a request come to. */
typedef struct Found {
        size_t n, n_standard, n_svix;
        SignatureVerdict best;
        bool right;
} Found;

static int headers_check(Check *check, Found *ret) {
        Found found = { .best = SIGNATURE_ABSENT, .right = true };
        const Request *request = check->request;
        int r;

        for (size_t i = 0; i < request->n_headers && found.n <= SIGNATURE_HEADERS_MAX; i++) {
                const Scheme *scheme = scheme_of(&request->headers[i]);

                if (!scheme)
                        continue;

                r = scheme->is_right(check, bytes_trim(request->headers[i].value));
                if (r < 0)
                        return r;

                found.n++;
                found.n_standard += scheme->is_right == standard_is_right;
                found.n_svix += scheme->is_right == svix_is_right;
                found.right &= r > 0;
                if (scheme->good > found.best)
                        found.best = scheme->good;
        }

        *ret = found;
        return 0;
}

int signature_check(const SignatureKeys *keys, const Request *request, Bytes form, uint64_t now,
                    SignatureVerdict *ret) {
        Check check = { .keys = keys, .request = request, .form = form, .now = now };
        Found found = { 0 };
        int r;

        assert(keys);
        assert(request);
        assert(ret);

        r = headers_check(&check, &found);
        explicit_bzero(check.hex, sizeof(check.hex));
        if (r < 0)
                return r;

        if (found.n == 0 && has_weak(request))
                *ret = SIGNATURE_WEAK;
        else if (!found.right || found.n > SIGNATURE_HEADERS_MAX || found.n_standard > 1 ||
                 found.n_svix > 1 || (found.n_standard + found.n_svix > 1 && !ids_agree(request)))
                *ret = SIGNATURE_BAD;
        else
                *ret = found.best;
        return 0;
}

Bytes signature_final_id(const Request *request) {
        const StandardNames *names = &standard_names;
        Bytes id = { "", 0 };

        assert(request);

        /* Of whichever was signed; where both were, they are the same. */
        for (size_t i = 0; i < request->n_headers; i++)
                if (header_is(&request->headers[i], svix_names.signature) &&
                    bytes_trim(request->headers[i].value).length > 0)
                        names = &svix_names;

        (void) header_only(request, names->id, &id);
        return id;
}
