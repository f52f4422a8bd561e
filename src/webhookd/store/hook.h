/* SPDX-License-Identifier: MIT */
/* What the store keeps of hooks, and of the secrets that their URLs have. Errors are those of store.h. */
#pragma once

#include "webhookd/store/store.h"

/* What is asked of a hook's requests besides its secret. */
typedef enum SignatureRule {
        SIGNATURE_RULE_NONE,     /* signatures are not looked at */
        SIGNATURE_RULE_OPTIONAL, /* one that is there has to be right, where there is a key */
        SIGNATURE_RULE_REQUIRED, /* there has to be one, and it has to be right */
        _SIGNATURE_RULE_MAX,
} SignatureRule;

/* "none", "optional", "required": as stored, configured and sent over the bus. */
const char *signature_rule_to_string(SignatureRule rule);
/* The rule of that name, or -EINVAL. */
int signature_rule_from_string(const char *name);

/* A hook beside the main one. */
typedef struct HookRow {
        char *name;
        char secret[UUID_TEXT_SIZE];
        char previous[UUID_TEXT_SIZE]; /* the secret before the latest, or "" */
        uint64_t previous_until;       /* when that one is dead; 0 where there is none */
        char *images; /* patterns over "domain/path", a space between them; "": every image */
        SignatureRule signature;
        bool bare;                       /* a call without a body deploys the one repository in `images` */
        uint64_t created_at, rotated_at; /* µs since the epoch, as all times here */
} HookRow;

typedef struct HookRowList {
        HookRow *items;
        size_t n;
} HookRowList;

/* Erases the secrets. A list is a plain value, as those of store.h. */
void hook_row_list_done(HookRowList *list);

/* The hooks beside the main one, by name. */
int store_list_hooks(Store *store, HookRowList *ret);
/* -EEXIST when there is a hook of that name. Takes name, secret, images, signature, bare and created_at. */
int store_create_hook(Store *store, const HookRow *hook);
/* Sets secret, previous, previous_until and rotated_at of the hook of that name: 1, or 0 where there is none. */
int store_rotate_hook(Store *store, const HookRow *hook);
/* And the delivery ids and times that came through it: 1, or 0 where there is none. */
int store_remove_hook(Store *store, const char *name);
/* Forgets previous secrets whose time was over at `now`. */
int store_forget_secrets(Store *store, uint64_t now);
