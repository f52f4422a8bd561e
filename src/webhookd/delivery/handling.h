/* SPDX-License-Identifier: MIT */
/* What a sender is answered, and what others are told, while a request is handled. */
#pragma once

#include "webhookd/delivery/context.h"

/* A notice about the push at hand, or the whole of the delivery. */
Notice handling_notice(const Handling *handling, EventId event, NoticeSignal signal, const char *image);

/* Puts into the outbox what has become of a push, or of a trial into that. The words are static; `reason` may be NULL. */
int handling_tell(Handling *handling, const Notice *notice, const char *outcome, const char *reason);

/*
 * Answers and tells that nothing comes of a push, and why; `match` may be NULL. The answer names the project where the image is not
 * that of one alone.
 */
int handle_ignored(Handling *handling, const char *image, const Match *match, const char *reason);

/* The same of what the decoder left aside. Its words are explained, since nobody here has made a rule for them. */
int handle_undecoded(Handling *handling, const Ignored *ignored);

/* When all pushes are handled: how the delivery is counted, and what its sender is answered. */
DeliveryOutcome handling_outcome(const Handling *handling);
int handling_answer(const Handling *handling, Answer *ret);
