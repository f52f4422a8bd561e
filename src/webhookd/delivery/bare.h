/* SPDX-License-Identifier: MIT */
/*
 * Bare calls: what some senders and people have is a URL and nothing to put into a body. A hook that was made for them, and is for
 * exactly one repository, takes a POST without a body, or with `?tag=` behind its secret, as the push of that tag; without
 * `?tag=` it is the tag that was pushed last, or where the call has an id, the one that it meant the first time. A body beside a `?tag=` is not looked at. What comes of it is what comes of every push.
 */
#pragma once

#include "shared/json.h"
#include "webhookd/hook/hook.h"
#include "webhookd/payload/payload.h"
#include "webhookd/request.h"
#include "webhookd/store/store.h"

/* Whether the request, which has the hook's secret, is to be taken so. */
bool bare_is_meant(const Hook *hook, const Request *request);

/* The one push. -EBADMSG with the error filled where it cannot be known which tag is meant; -ENOMEM, or what the store says. */
int bare_decode(Store *store, const Hook *hook, const Request *request, PushList *ret, JsonError *ret_error);

/* In the delivery's transaction: a copy of a call that names no tag is to mean the same one, whatever is pushed meanwhile. */
int bare_keep(Store *store, const Hook *hook, const Request *request, const PushList *pushes);
