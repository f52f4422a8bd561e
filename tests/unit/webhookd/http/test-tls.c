/* SPDX-License-Identifier: MIT */
/* Which certificates and keys are taken, and what is said of the others. */
#include "unit.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>

#include "webhookd/http/tls.h"

#define DAY 86400L

typedef struct Fixture {
        char directory[64];
        EVP_PKEY *key;
        X509 *certificate;
        Tls *tls;
        int log, stderr_copy; /* what was logged goes to a file */
} Fixture;

static X509 *make_certificate(EVP_PKEY *key, long from, long until) {
        X509 *certificate = X509_new();
        X509_NAME *name = X509_get_subject_name(certificate);

        assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1), 1);
        assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), from));
        assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), until));
        assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                    (const unsigned char *) "deploy.example.com", -1, -1, 0),
                         1);
        assert_int_equal(X509_set_issuer_name(certificate, name), 1);
        assert_int_equal(X509_set_pubkey(certificate, key), 1);
        assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
        return certificate;
}

static FILE *credential_open(Fixture *f, const char *name, const char *mode) {
        char path[128];
        FILE *file;

        (void) snprintf(path, sizeof(path), "%s/%s", f->directory, name);
        file = fopen(path, mode);
        assert_non_null(file);
        return file;
}

static void give_text(Fixture *f, const char *name, const char *text) {
        FILE *file = credential_open(f, name, "w");

        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static void give_certificate(Fixture *f, X509 *certificate, const char *mode) {
        FILE *file = credential_open(f, TLS_CERTIFICATE_CREDENTIAL, mode);

        assert_int_equal(PEM_write_X509(file, certificate), 1);
        assert_int_equal(fclose(file), 0);
}

static void give_key(Fixture *f, EVP_PKEY *key, const char *password) {
        FILE *file = credential_open(f, TLS_KEY_CREDENTIAL, "w");

        assert_int_equal(PEM_write_PrivateKey(file, key, password ? EVP_aes_256_cbc() : NULL,
                                              (const unsigned char *) password,
                                              password ? (int) strlen(password) : 0, NULL, NULL),
                         1);
        assert_int_equal(fclose(file), 0);
}

static int setup(void **state) {
        Fixture *f = calloc(1, sizeof(*f));

        assert_non_null(f);
        (void) snprintf(f->directory, sizeof(f->directory), "/tmp/tinyforge-tls-XXXXXX");
        assert_non_null(mkdtemp(f->directory));
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", f->directory, 1), 0);
        f->key = EVP_EC_gen("P-256");
        assert_non_null(f->key);
        f->certificate = make_certificate(f->key, -DAY, DAY);

        f->log = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        assert_true(f->log >= 0);
        f->stderr_copy = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
        assert_true(dup2(f->log, STDERR_FILENO) >= 0);
        *state = f;
        return 0;
}

static int teardown(void **state) {
        static const char *const names[] = { TLS_CERTIFICATE_CREDENTIAL, TLS_KEY_CREDENTIAL };
        Fixture *f = *state;
        char path[128];

        (void) dup2(f->stderr_copy, STDERR_FILENO);
        (void) close(f->stderr_copy);
        (void) close(f->log);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                (void) snprintf(path, sizeof(path), "%s/%s", f->directory, names[i]);
                (void) unlink(path);
        }
        (void) rmdir(f->directory);
        tls_free(f->tls);
        X509_free(f->certificate);
        EVP_PKEY_free(f->key);
        free(f);
        return 0;
}

static bool was_logged(const Fixture *f, const char *text) {
        char log[4096];
        ssize_t n = pread(f->log, log, sizeof(log) - 1, 0);

        assert_true(n >= 0);
        log[n] = '\0';
        return strstr(log, text) != NULL;
}

static void assert_refused(Fixture *f, int error, const char *text) {
        Tls *untouched = (Tls *) f, *tls = untouched;

        assert_int_equal(tls_load(&tls), error);
        assert_ptr_equal(tls, untouched);
        if (!was_logged(f, text))
                fail_msg("nothing was said of \"%s\"", text);
        assert_int_equal(ftruncate(f->log, 0), 0);
        assert_int_equal(lseek(f->log, 0, SEEK_SET), 0);
}

static void certificate_and_its_key_make_a_context(void **state) {
        Fixture *f = *state;
        EVP_PKEY *keys[] = {
                EVP_EC_gen("P-256"),
                EVP_EC_gen("P-384"),
                EVP_RSA_gen(2048),
        };

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                X509 *certificate = make_certificate(keys[i], -DAY, DAY);

                give_certificate(f, certificate, "w");
                give_key(f, keys[i], NULL);
                X509_free(certificate);
                EVP_PKEY_free(keys[i]);
                f->tls = tls_free(f->tls);
                assert_int_equal(tls_load(&f->tls), 1);
                assert_int_equal(SSL_CTX_check_private_key(tls_context(f->tls)), 1);
        }
}

static void versions_below_1_2_and_resumption_are_off(void **state) {
        Fixture *f = *state;
        SSL_CTX *context;

        give_certificate(f, f->certificate, "w");
        give_key(f, f->key, NULL);
        assert_int_equal(tls_load(&f->tls), 1);
        context = tls_context(f->tls);
        assert_int_equal(SSL_CTX_get_min_proto_version(context), TLS1_2_VERSION);
        assert_int_equal(SSL_CTX_get_num_tickets(context), 0);
        assert_int_equal(SSL_CTX_get_session_cache_mode(context), SSL_SESS_CACHE_OFF);
        assert_true(SSL_CTX_get_options(context) & SSL_OP_NO_RENEGOTIATION);
        assert_true(SSL_CTX_get_options(context) & SSL_OP_NO_COMPRESSION);
}

static void chain_goes_with_the_certificate(void **state) {
        Fixture *f = *state;
        STACK_OF(X509) *chain = NULL;

        give_certificate(f, f->certificate, "w");
        give_certificate(f, f->certificate, "a");
        give_certificate(f, f->certificate, "a");
        give_key(f, f->key, NULL);
        assert_int_equal(tls_load(&f->tls), 1);
        assert_int_equal(SSL_CTX_get0_chain_certs(tls_context(f->tls), &chain), 1);
        assert_int_equal(sk_X509_num(chain), 2);
}

static void nothing_given_is_no_tls(void **state) {
        Fixture *f = *state;

        assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
        assert_int_equal(tls_load(&f->tls), 0);
        assert_int_equal(setenv("CREDENTIALS_DIRECTORY", f->directory, 1), 0);
        assert_int_equal(tls_load(&f->tls), 0);
        assert_null(f->tls);
}

static void one_without_the_other_is_refused(void **state) {
        Fixture *f = *state;
        char path[128];

        give_certificate(f, f->certificate, "w");
        assert_refused(f, -ENOKEY, "but no 'tls-key'");
        (void) snprintf(path, sizeof(path), "%s/%s", f->directory, TLS_CERTIFICATE_CREDENTIAL);
        assert_int_equal(unlink(path), 0);
        give_key(f, f->key, NULL);
        assert_refused(f, -ENOKEY, "but no 'tls-certificate'");
}

static void blank_is_as_missing(void **state) {
        static const char *const blanks[] = { "", "\n", " \t\r\n\n" };
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(blanks); i++) {
                give_certificate(f, f->certificate, "w");
                give_text(f, TLS_KEY_CREDENTIAL, blanks[i]);
                assert_refused(f, -ENOKEY, "but no 'tls-key': its file is missing or empty. [TLS_UNUSABLE]");
                give_text(f, TLS_CERTIFICATE_CREDENTIAL, blanks[i]);
                assert_int_equal(tls_load(&f->tls), 0);
                assert_null(f->tls);
                assert_false(was_logged(f, "tls-"));
                give_key(f, f->key, NULL);
                assert_refused(f, -ENOKEY,
                               "but no 'tls-certificate': its file is missing or empty. [TLS_UNUSABLE]");
        }
}

static void key_of_another_certificate_is_refused(void **state) {
        Fixture *f = *state;
        EVP_PKEY *keys[] = { EVP_EC_gen("P-256"), EVP_RSA_gen(2048) };

        give_certificate(f, f->certificate, "w");
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                give_key(f, keys[i], NULL);
                assert_refused(f, -EKEYREJECTED,
                               "'tls-key' is not the key of the certificate in 'tls-certificate'");
                EVP_PKEY_free(keys[i]);
        }
}

static void encrypted_key_is_refused_and_nobody_asked(void **state) {
        Fixture *f = *state;

        give_certificate(f, f->certificate, "w");
        give_key(f, f->key, "a password");
        assert_refused(f, -EBADMSG, "'tls-key' is encrypted");
}

static void garbage_is_refused_by_name(void **state) {
        static const char *const texts[] = {
                "no PEM at all",
                "-----BEGIN CERTIFICATE-----\n",
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        };
        Fixture *f = *state;

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                give_text(f, TLS_CERTIFICATE_CREDENTIAL, texts[i]);
                give_key(f, f->key, NULL);
                assert_refused(f, -EBADMSG, "The credential 'tls-certificate' does not begin with");

                give_certificate(f, f->certificate, "w");
                give_text(f, TLS_KEY_CREDENTIAL, texts[i]);
                assert_refused(f, -EBADMSG, "The credential 'tls-key' is no key in PEM");
        }
}

static void chain_in_pieces_is_refused(void **state) {
        Fixture *f = *state;
        FILE *file;

        give_certificate(f, f->certificate, "w");
        give_key(f, f->key, NULL);
        file = credential_open(f, TLS_CERTIFICATE_CREDENTIAL, "a");
        assert_true(fputs("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_refused(f, -EBADMSG, "'tls-certificate' has a chain that cannot be read");
}

static void chain_without_end_is_refused(void **state) {
        Fixture *f = *state;

        give_certificate(f, f->certificate, "w");
        for (unsigned i = 0; i < TLS_CHAIN_MAX; i++)
                give_certificate(f, f->certificate, "a");
        give_key(f, f->key, NULL);
        assert_refused(f, -EBADMSG, "'tls-certificate' has more than 16 certificates");
}

static void file_above_the_limit_is_refused(void **state) {
        Fixture *f = *state;
        char path[128];

        give_certificate(f, f->certificate, "w");
        give_key(f, f->key, NULL);
        (void) snprintf(path, sizeof(path), "%s/%s", f->directory, TLS_KEY_CREDENTIAL);
        assert_int_equal(truncate(path, TLS_CREDENTIAL_MAX + 1), 0);
        assert_refused(f, -EFBIG, "Cannot read the credential 'tls-key'");
}

static void key_that_is_too_weak_is_refused(void **state) {
        Fixture *f = *state;
        EVP_PKEY *key = EVP_RSA_gen(512);
        X509 *certificate = make_certificate(key, -DAY, DAY);

        give_certificate(f, certificate, "w");
        give_key(f, key, NULL);
        assert_refused(f, -EBADMSG, "'tls-certificate' has a certificate that cannot be used");
        X509_free(certificate);
        EVP_PKEY_free(key);
}

static void certificate_out_of_its_time_is_used_with_a_warning(void **state) {
        static const struct {
                long from, until;
                const char *text;
        } spans[] = {
                { -2 * DAY, -DAY, "'tls-certificate' has expired on " },
                { DAY, 2 * DAY, "'tls-certificate' is not valid before " },
        };
        Fixture *f = *state;

        give_key(f, f->key, NULL);
        for (size_t i = 0; i < ELEMENTSOF(spans); i++) {
                X509 *certificate = make_certificate(f->key, spans[i].from, spans[i].until);

                give_certificate(f, certificate, "w");
                X509_free(certificate);
                f->tls = tls_free(f->tls);
                assert_int_equal(tls_load(&f->tls), 1);
                assert_true(was_logged(f, spans[i].text));
        }
}

static void good_certificate_is_no_news(void **state) {
        Fixture *f = *state;

        give_certificate(f, f->certificate, "w");
        give_key(f, f->key, NULL);
        assert_int_equal(tls_load(&f->tls), 1);
        assert_false(was_logged(f, "tls-"));
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        const struct CMUnitTest tests[] = {
                TEST(certificate_and_its_key_make_a_context),
                TEST(versions_below_1_2_and_resumption_are_off),
                TEST(chain_goes_with_the_certificate),
                TEST(nothing_given_is_no_tls),
                TEST(one_without_the_other_is_refused),
                TEST(blank_is_as_missing),
                TEST(key_of_another_certificate_is_refused),
                TEST(encrypted_key_is_refused_and_nobody_asked),
                TEST(garbage_is_refused_by_name),
                TEST(chain_in_pieces_is_refused),
                TEST(chain_without_end_is_refused),
                TEST(file_above_the_limit_is_refused),
                TEST(key_that_is_too_weak_is_refused),
                TEST(certificate_out_of_its_time_is_used_with_a_warning),
                TEST(good_certificate_is_no_news),
        };
#undef TEST

        return cmocka_run_group_tests_name("tls", tests, NULL, NULL);
}
