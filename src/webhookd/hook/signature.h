/* SPDX-License-Identifier: MIT */
/*
 * Signature: what a request brings to prove who sent it, besides the secret in its URL. Taken over the bytes as they came,
 * before anything of them is parsed, and compared in constant time with every key. Pure.
 *
 * X-Hub-Signature-256 ("sha256=" and hex), X-Gitea-Signature and X-Forgejo-Signature (hex) are the HMAC-SHA256 of the body;
 * X-Gitlab-Token and Authorization are a key itself; webhook-id, webhook-timestamp and webhook-signature are those of
 * Standard Webhooks 1.0 (https://www.standardwebhooks.com), of which the symmetric signature, v1, is looked at, and svix-id,
 * svix-timestamp and svix-signature the same under their older names. HMAC-SHA1 (X-Hub-Signature, X-Nexus-Webhook-Signature)
 * proves nothing.
 */
#pragma once

#include "webhookd/hook/signature-key.h"
#include "webhookd/request.h"

/* How far the clocks of Standard Webhooks may be apart, in either direction. */
#define SIGNATURE_TOLERANCE_USEC (5 * 60 * USEC_PER_SEC)
/* Signatures in one webhook-signature, and signature headers in one request; more are refused. */
#define SIGNATURES_MAX        16U
#define SIGNATURE_HEADERS_MAX 8U

typedef enum SignatureVerdict {
        SIGNATURE_ABSENT, /* nothing to look at: no such header, or only empty ones (Gitea without a secret) */
        SIGNATURE_GOOD,   /* all that there are */
        SIGNATURE_GOOD_FINAL_ID, /* the same, and signature_final_id() must not be accepted twice */
        SIGNATURE_BAD,           /* one of them is wrong, whatever the others are */
        SIGNATURE_WEAK,          /* nothing but an HMAC-SHA1, which was not looked at */
} SignatureVerdict;

/*
 * `form` are the bytes of the JSON inside the body where that is a form: Gitea and Forgejo sign those, GitHub the body, and
 * either is good. {} where it is none. `now` is CLOCK_REALTIME in µs. -ENOMEM is the only error: nothing is known then.
 */
int signature_check(const SignatureKeys *keys, const Request *request, Bytes form, uint64_t now,
                    SignatureVerdict *ret);

/* Of a request that is SIGNATURE_GOOD_FINAL_ID: its id, printable ASCII of 1 … DELIVERY_ID_MAX bytes. Borrowed. */
Bytes signature_final_id(const Request *request);
