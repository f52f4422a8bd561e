/* SPDX-License-Identifier: MIT */
/*
 * Tls: what listeners with TLS need, made of two credentials that systemd hands over (LoadCredential=): the certificate with
 * its chain, and its key, both in PEM. TLS 1.2 (RFC 5246) with forward secrecy and authenticated encryption only, and TLS 1.3
 * (RFC 8446). No renegotiation, no compression, no resumption, no ALPN. The only file that knows libssl.
 */
#pragma once

#include "shared/macro.h"

#define TLS_CERTIFICATE_CREDENTIAL "tls-certificate"
#define TLS_KEY_CREDENTIAL         "tls-key"
/* The largest of either, bytes. */
#define TLS_CREDENTIAL_MAX (256U * 1024U)
/* Certificates of a chain, its own included. */
#define TLS_CHAIN_MAX 16U

typedef struct Tls Tls;
struct ssl_ctx_st;

/*
 * Reads the two credentials. 1 with a Tls; 0: there is neither of them, or both are blank. Logs what is wrong, as
 * EVENT_TLS_UNUSABLE with the credential's name: -ENOKEY when one is missing or blank, -EBADMSG when one cannot be used, -EKEYREJECTED when they do not belong together, errors of
 * credential_read(). The listeners of TLS are closed then, and the others serve. A certificate that has expired is used, with a
 * warning: its callers will say what they think of it.
 */
int tls_load(Tls **ret);
Tls *tls_free(Tls *tls);
DEFINE_CLEANUP(Tls, tls_free)

/* Borrowed; for server.c. */
struct ssl_ctx_st *tls_context(Tls *tls);
