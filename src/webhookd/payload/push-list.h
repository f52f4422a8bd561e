/* SPDX-License-Identifier: MIT */
/*
 * PushList: what one body says, taken apart: the images that were pushed, each once, and what was left
 * aside, with the reason. It is also the one place where the texts of a registry become a reference. Pure.
 */
#pragma once

#include "shared/image-ref.h"
#include "shared/json.h"
#include "webhookd/payload/delivery-id.h"
#include "webhookd/payload/ignore-reason.h"

/* Pushes of one body; more are told as ignored. */
#define PUSHES_MAX 64U
/* Events of one body that are looked at. */
#define EVENTS_MAX 1024U
/* Things that are told as ignored, before the one that says that there were more. */
#define IGNORED_MAX 64U
/* Bytes of an explanation, and of the host that is in it. */
#define IGNORED_TEXT_SIZE 512U
#define IGNORED_HOST_MAX  128U

typedef struct Push {
        ImageRef *ref;      /* owned; its digest is the pushed one where the sender names one */
        char *delivery_id;  /* of this event of the body, or NULL; owned */
        uint64_t pushed_at; /* µs since the epoch by the sender's clock, or 0: see push-time.h */
} Push;

typedef struct Ignored {
        char *image; /* normalised, or "" where none is known; owned */
        char *host; /* with IGNORE_NO_HOST_ALIAS: what the alias has to be for; NULL where nothing says it; owned */
        IgnoreReason reason;
} Ignored;

typedef struct PushList {
        Push items[PUSHES_MAX];
        size_t n;
        Ignored ignored[IGNORED_MAX + 1];
        size_t n_ignored;
        const char *provider;      /* who sent it: "generic"; static text */
        DeliveryId delivery_id;    /* of the request as a whole; owned */
        char *const *host_aliases; /* see host-alias.h; borrowed, for decoding only */
        char *validation_code; /* a sender asks whether it may call here, and wants this back; owned, or NULL */
        const char *sender; /* whose event is being decoded: its host's name where the event has none; static */
} PushList;

/* What a registry says of one push, as it says it: any of it may be NULL or nonsense. Borrowed. */
typedef struct PushedImage {
        const char *host; /* NULL: the event names none, and the sender's own name stands for it */
        const char *repository;
        const char *tag;
        const char *digest;
        const char *delivery_id;
        const char *scope;  /* for host_alias_find() */
        uint64_t pushed_at; /* as in Push */
} PushedImage;

void push_list_done(PushList *list);

/*
 * For references that a person wrote: a reference, and perhaps a tag and a digest beside it (NULL: none),
 * taken literally. What contradicts itself is an error. -EBADMSG with the error filled; -ENOMEM.
 */
int push_list_add(PushList *list, const char *image, const char *tag, const char *digest,
                  JsonError *ret_error);

/*
 * For what a registry says: capitals of the name are lowered, a digest that is none is left away, and what
 * cannot be deployed is noted as ignored. -ENOMEM is the only error.
 */
int push_list_add_pushed(PushList *list, const PushedImage *pushed);

/* Notes that it is left aside; `pushed` may be NULL. The same is noted once. -ENOMEM is the only error. */
int push_list_ignore(PushList *list, const PushedImage *pushed, IgnoreReason reason);

/* How many of `n_events` are to be looked at; notes the others as ignored. -ENOMEM is the only error. */
int push_list_limit_events(PushList *list, size_t n_events, size_t *ret);

/* Why it is ignored, for people: the explanation of its reason, with the host in it where it is about one. */
void ignored_explain(const Ignored *ignored, char ret[static IGNORED_TEXT_SIZE]);

/* The id by which a second copy of this push is told, or NULL. Borrowed. */
const char *push_delivery_id(const PushList *list, const Push *push);
