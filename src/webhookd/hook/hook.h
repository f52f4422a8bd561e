/* SPDX-License-Identifier: MIT */
/*
 * Hooks: the URLs by which deliveries come in, each with its own secret. The main one is always there and is held to
 * Signature= of webhookd.conf; others are made by an administrator, for images of their own and with a rule of their
 * own. The store has them; this is their copy in memory together with the keys of their senders, and every check.
 *
 * Changes are on disk when they return. As with secret.h, a check and the enqueue that follows happen in one turn of the
 * loop, between two changes.
 *
 * The room hook/ proves who sent a request. delivery/ has requests checked here, and bus/ shows and changes hooks. Nothing here
 * reads a payload or logs a secret; a path goes only to the caller who asked for it.
 */
#pragma once

#include "webhookd/hook/secret.h"
#include "webhookd/hook/signature.h"
#include "webhookd/store/hook.h"

/* The name of the main hook. */
#define HOOK_MAIN "main"
/* Hooks beside the main one: each costs every request two comparisons. */
#define HOOKS_MAX 64U
/* Patterns of one hook, and their length together, with a space between two. */
#define HOOK_PATTERNS_MAX 64U
#define HOOK_IMAGES_MAX   4096U
/* How long a previous secret can go on working. */
#define HOOK_GRACE_MAX_USEC (30 * 24 * 3600 * USEC_PER_SEC)

typedef struct Hook {
        char *name;
        Secret secret;
        Secret previous;         /* the secret before the latest, or empty */
        uint64_t previous_until; /* µs since the epoch (CLOCK_REALTIME), as the two below; 0 where there is none */
        uint64_t created_at, rotated_at; /* 0 for the main hook */
        char **images;                   /* patterns over "domain/path"; NULL: every image */
        bool bare; /* a call without a body is for the one repository in `images`: see bare.h */
        SignatureRule rule;
        SignatureKeys *keys; /* NULL: there is no credential */
} Hook;

typedef struct Hooks Hooks;

/*
 * Reads everything from the store, which is borrowed, and the keys from the credentials. Logs the first
 * secret of a new store, what is refused (a credential that is no list of keys is -EBADMSG), and which hooks can accept nothing. Of a store
 * that is given up, before or over this, nothing is known: then there is no hook at all.
 */
int hooks_new(Store *store, SignatureRule main_rule, Hooks **ret);
Hooks *hooks_free(Hooks *hooks);
DEFINE_CLEANUP(Hooks, hooks_free)

/*
 * The hook of that path (in any form, hook-path.h) at `now`, or NULL, and the deploy that the path names, or 0. The time it takes
 * depends on the number of hooks and on the path, not on the secrets. Hooks are borrowed until the next change.
 */
const Hook *hooks_check(const Hooks *hooks, Bytes path, uint64_t now, uint64_t *ret_deploy);

/* By name, the main one too; NULL: there is none. */
const Hook *hooks_find(const Hooks *hooks, const char *name);
/* The main hook is number 0, the others follow by name; NULL behind the last one, and where no hook is known. */
const Hook *hooks_at(const Hooks *hooks, size_t i);

/* A new secret for the main hook; the old one is dead. */
int hooks_regenerate(Hooks *hooks);

/* Whether the patterns are one repository, "domain/path" as it is written in a normalised reference: what a bare hook is for. -ENOMEM. */
int hook_images_are_one(char *const *images);

/*
 * A hook with a new secret. The name is valid (name.h), and so are the patterns (NULL: every image) and their lengths; those of
 * a bare one are one repository. -EEXIST: there is one, -EUSERS: there are HOOKS_MAX, -EBADMSG: its credential is no list of keys, or cannot
 * be read (logged).
 */
int hooks_create(Hooks *hooks, const char *name, char *const *images, SignatureRule rule, bool bare,
                 const Hook **ret);

/*
 * A new secret for a hook that is there and not the main one. The one it had works for another `grace_usec`, the one
 * before that no longer.
 */
int hooks_rotate(Hooks *hooks, const char *name, uint64_t grace_usec, const Hook **ret);

/* Removes a hook that is there and not the main one. */
int hooks_remove(Hooks *hooks, const char *name);

typedef enum HookVerdict {
        HOOK_ADMITTED_UNCHECKED, /* signatures are not looked at, or there is no key */
        HOOK_ADMITTED_UNSIGNED,  /* none is required, and there is none */
        HOOK_ADMITTED,           /* all that there are are right */
        HOOK_ADMITTED_FINAL_ID,  /* the same, and signature_final_id() must not be accepted twice */
        HOOK_WITHOUT_KEY,        /* a signature is required, and there is no key to check one with */
        HOOK_SIGNATURE_MISSING,  /* one is required */
        HOOK_SIGNATURE_WEAK,     /* one is required, and there is an HMAC-SHA1 alone */
        HOOK_SIGNATURE_WRONG,
} HookVerdict;

/* Holds a request that has the hook's secret to the hook's rule; all else as for signature_check(). */
int hook_admit(const Hook *hook, const Request *request, Bytes form, uint64_t now, HookVerdict *ret);

/* What the sender of a refused request is told, static text; NULL where it is admitted. */
const char *hook_refusal(HookVerdict verdict);

/* Whether nothing can come through it: a signature is required, and there is no key. */
bool hook_is_deaf(const Hook *hook);
