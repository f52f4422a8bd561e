/* SPDX-License-Identifier: MIT */
/* The certificate and its key: see tls.h. */
#include "webhookd/http/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <time.h>

#include "shared/conf/credential.h"
#include "shared/log.h"

/* For TLS 1.2; the suites of TLS 1.3 are all of this kind. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

struct Tls {
        SSL_CTX *context;
};

DEFINE_CLEANUP(BIO, BIO_free)
DEFINE_CLEANUP(X509, X509_free)
DEFINE_CLEANUP(EVP_PKEY, EVP_PKEY_free)

/* Why there is no TLS, as an entry that the catalog explains. */
#define log_unusable(error, ...) (log_event(EVENT_TLS_UNUSABLE, NULL, __VA_ARGS__), (error))

/* What systemd hands over where the file of a LoadCredential= is not there: a blank. */
static bool is_blank(const Credential *credential) {
        for (size_t i = 0; i < credential->length; i++)
                if (credential->bytes[i] == '\0' || !strchr(" \t\r\n", credential->bytes[i]))
                        return false;

        return true;
}

/* 1; 0: there is none, or nothing in it. Logs its faults. */
static int read_credential(Credential *credential) {
        int r;

        r = credential_read(credential, TLS_CREDENTIAL_MAX);
        if (r < 0)
                return log_unusable(r, "Cannot read the credential '%s': %s", credential->name,
                                    strerror(-r));

        return r > 0 && !is_blank(credential);
}

/* Says what libssl thought of a credential, and empties its queue of errors. */
static int refuse(const Credential *credential, const char *what) {
        const char *reason = ERR_reason_error_string(ERR_peek_last_error());

        ERR_clear_error();
        return log_unusable(-EBADMSG, "The credential '%s' %s: %s", credential->name, what,
                            reason ? reason : "unknown error");
}

/* Nobody is there who could be asked. */
static int on_password(char *password, int size, int writing, void *userdata) {
        bool *asked = userdata;

        (void) password;
        (void) size;
        (void) writing;

        if (asked)
                *asked = true;
        return -1;
}

static void log_validity(const Credential *credential, const X509 *certificate) {
        struct tm begin = { 0 }, end = { 0 };
        char from[32] = "?", until[32] = "?";

        if (ASN1_TIME_to_tm(X509_get0_notBefore(certificate), &begin) == 1)
                (void) strftime(from, sizeof(from), "%F %T UTC", &begin);
        if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1)
                (void) strftime(until, sizeof(until), "%F %T UTC", &end);

        if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
                log_warning("The certificate in '%s' has expired on %s.", credential->name, until);
        else if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
                log_warning("The certificate in '%s' is not valid before %s.", credential->name, from);
        else
                log_debug("The certificate in '%s' is valid until %s.", credential->name, until);
}

/* What follows the certificate: those that vouch for it. */
static int use_chain(SSL_CTX *context, const Credential *credential, BIO *bio) {
        for (size_t n = 1;; n++) {
                _cleanup_(X509_freep) X509 *next = PEM_read_bio_X509(bio, NULL, on_password, NULL);

                if (!next)
                        break;
                if (n >= TLS_CHAIN_MAX)
                        return log_unusable(-EBADMSG, "The credential '%s' has more than %u certificates.",
                                            credential->name, TLS_CHAIN_MAX);
                if (SSL_CTX_add1_chain_cert(context, next) != 1)
                        return refuse(credential, "has a chain that cannot be used");
        }

        /* The end is an error of its own; any other one is a certificate in pieces. */
        if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
                return refuse(credential, "has a chain that cannot be read");

        ERR_clear_error();
        return 0;
}

static int use_certificate(SSL_CTX *context, const Credential *credential, X509 **ret) {
        _cleanup_(BIO_freep) BIO *bio = NULL;
        _cleanup_(X509_freep) X509 *certificate = NULL;
        int r;

        bio = BIO_new_mem_buf(credential->bytes, (int) credential->length);
        if (!bio)
                return log_oom();

        certificate = PEM_read_bio_X509(bio, NULL, on_password, NULL);
        if (!certificate)
                return refuse(credential, "does not begin with a certificate in PEM");
        if (SSL_CTX_use_certificate(context, certificate) != 1)
                return refuse(credential, "has a certificate that cannot be used");

        r = use_chain(context, credential, bio);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(certificate);
        return 0;
}

static int use_key(SSL_CTX *context, const Credential *credential, X509 *certificate) {
        _cleanup_(BIO_freep) BIO *bio = NULL;
        _cleanup_(EVP_PKEY_freep) EVP_PKEY *key = NULL;
        bool asked = false;

        bio = BIO_new_mem_buf(credential->bytes, (int) credential->length);
        if (!bio)
                return log_oom();

        key = PEM_read_bio_PrivateKey(bio, NULL, on_password, &asked);
        if (!key && asked) {
                ERR_clear_error();
                return log_unusable(-EBADMSG, "The credential '%s' is encrypted; it has to be a plain key.",
                                    credential->name);
        }
        if (!key)
                return refuse(credential, "is no key in PEM");

        if (X509_check_private_key(certificate, key) != 1) {
                ERR_clear_error();
                return log_unusable(-EKEYREJECTED,
                                    "The credential '%s' is not the key of the certificate in '%s'.",
                                    credential->name, TLS_CERTIFICATE_CREDENTIAL);
        }
        if (SSL_CTX_use_PrivateKey(context, key) != 1)
                return refuse(credential, "has a key that cannot be used");

        return 0;
}

/*
 * Who calls is a CI job that connects once. A ticket would spare it nothing, and be a key that can open what was recorded
 * for as long as this process lives.
 */
static int tls_new(Tls **ret) {
        _cleanup_(tls_freep) Tls *tls = NULL;

        tls = calloc(1, sizeof(*tls));
        if (!tls)
                return -ENOMEM;

        tls->context = SSL_CTX_new(TLS_server_method());
        if (!tls->context)
                return -ENOMEM;

        if (SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION) != 1 ||
            SSL_CTX_set_cipher_list(tls->context, CIPHERS) != 1 ||
            SSL_CTX_set_num_tickets(tls->context, 0) != 1)
                return -EOPNOTSUPP;

        (void) SSL_CTX_set_options(tls->context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                                                 SSL_OP_NO_TICKET |
                                                                 SSL_OP_CIPHER_SERVER_PREFERENCE |
                                                                 SSL_OP_PRIORITIZE_CHACHA);
        (void) SSL_CTX_set_session_cache_mode(tls->context, SSL_SESS_CACHE_OFF);
        (void) SSL_CTX_set_mode(tls->context, SSL_MODE_RELEASE_BUFFERS);

        *ret = TAKE_PTR(tls);
        return 0;
}

int tls_load(Tls **ret) {
        _cleanup_(credential_done) Credential certificate = { .name = TLS_CERTIFICATE_CREDENTIAL };
        _cleanup_(credential_done) Credential key = { .name = TLS_KEY_CREDENTIAL };
        _cleanup_(X509_freep) X509 *own = NULL;
        _cleanup_(tls_freep) Tls *tls = NULL;
        int r, has_certificate, has_key;

        assert(ret);

        has_certificate = read_credential(&certificate);
        if (has_certificate < 0)
                return has_certificate;

        has_key = read_credential(&key);
        if (has_key < 0)
                return has_key;

        if (!has_certificate && !has_key)
                return 0;
        if (!has_certificate || !has_key)
                return log_unusable(-ENOKEY,
                                    "There is a credential '%s', but no '%s': its file is missing or empty.",
                                    has_key ? key.name : certificate.name,
                                    has_key ? certificate.name : key.name);

        r = tls_new(&tls);
        if (r < 0)
                return log_unusable(r, "Cannot set up TLS: %s", strerror(-r));

        r = use_certificate(tls->context, &certificate, &own);
        if (r < 0)
                return r;

        r = use_key(tls->context, &key, own);
        if (r < 0)
                return r;

        log_validity(&certificate, own);
        *ret = TAKE_PTR(tls);
        return 1;
}

Tls *tls_free(Tls *tls) {
        if (!tls)
                return NULL;

        SSL_CTX_free(tls->context);
        free(tls);
        return NULL;
}

struct ssl_ctx_st *tls_context(Tls *tls) {
        assert(tls);

        return tls->context;
}
