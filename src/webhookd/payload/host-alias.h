/* SPDX-License-Identifier: MIT */
/*
 * Host aliases: what a registry's address is called here. A sender names the host as somebody else dialled
 * it, or not at all, and then its own name ("nexus") stands for it; root says in HostAliases= what to call it. An
 * alias is the text "from=to". Pure.
 */
#pragma once

#include "shared/macro.h"

/* Aliases that may be set. */
#define HOST_ALIASES_MAX 64U

/*
 * Whether `alias` is one: on the left a host with or without a port, or a pseudo name, in both cases perhaps
 * with a path; on the right a domain as image references have it, perhaps with a path.
 */
bool host_alias_is_valid(const char *alias);

/* Whether an alias can be for that host: what may stand on the left side. */
bool host_alias_is_for(const char *host);

/* Whether both speak of the same host. */
bool host_alias_is_same(const char *a, const char *b);

/*
 * What `host` is called here: the right side of its alias, borrowed from `aliases` (NULL-terminated; NULL is
 * an empty one), or NULL. Capitals do not count. With `scope` (may be NULL), an alias of "host/scope" goes
 * first.
 */
const char *host_alias_find(char *const *aliases, const char *host, const char *scope);
