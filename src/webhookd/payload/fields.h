/* SPDX-License-Identifier: MIT */
/*
 * Lookups in what registries send, for which a value of another type is an absent one and capitals do not
 * count; and the texts that they have in common. Pure.
 */
#pragma once

#include "webhookd/payload/push-list.h"
#include "webhookd/request.h"

/* A text that is not empty, or NULL. Borrowed. */
const char *field_text(const json_t *object, const char *key);

/* Whether both are the same but for capitals; NULL is nothing's same. */
bool word_is(const char *word, const char *wanted);
bool word_is_one_of(const char *word, const char *const *wanted, size_t n_wanted);
bool bytes_are_word(Bytes bytes, const char *wanted);
bool bytes_begin_with(Bytes bytes, const char *prefix);

/* Why an action that is no push is ignored: what the words of all senders mean. `action` may be NULL. */
IgnoreReason action_reason(const char *action);

/* Whether that is the type of a Helm chart, as the type of a config or in a word; `type` may be NULL. */
bool type_is_chart(const char *type);

/* The header's value, with no bytes where it is missing. Headers that are empty count as missing. */
Bytes header_value(const Request *request, const char *name);

/* Without its parameters; JSON under any of its names, or no media type at all. */
bool media_type_is(const Request *request, const char *wanted);
bool media_type_is_json(const Request *request);

/* Whether a header says that it is from GitHub, Gitea or Forgejo. */
bool request_is_from_git_forge(const Request *request);

/* An address taken apart: "scheme://host/repository:tag@digest", of which any part may be NULL. */
typedef struct Address {
        char *buffer; /* what the others point into; owned */
        const char *host;
        const char *repository;
        const char *tag;
        const char *digest;
} Address;

/*
 * The tag begins behind the first ':' after the last '/': some put a digest there, which then counts as the tag. `text`
 * may be NULL. -ENOMEM is the only error.
 */
int address_split(const char *text, Address *ret);
void address_done(Address *address);

/* "first/second", freshly allocated, or NULL where one of them is. -ENOMEM is the only error. */
int path_join(const char *first, const char *second, char **ret);
