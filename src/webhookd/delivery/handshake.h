/* SPDX-License-Identifier: MIT */
/*
 * Handshake: a sender of CloudEvents 1.0 may ask, before its first event, whether it is welcome at a URL ("Abuse
 * Protection" of the HTTP webhook specification): OPTIONS with its name in WebHook-Request-Origin. Whoever was given the
 * secret is. Pure.
 */
#pragma once

#include "webhookd/request.h"

/* Answers such a request, which has a hook's secret; false where it is none, and nothing was done. */
bool handshake_answer(const Request *request, Answer *ret);
