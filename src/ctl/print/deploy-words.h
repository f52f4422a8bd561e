/* SPDX-License-Identifier: MIT */
/* What a deploy is, in the words that people see: its tag, who asked for it, what kind it is, and how long it took. */
#pragma once

#include "ctl/print/rows.h"
#include "ctl/print/span.h"

/* Bytes of a name, a hook and its format, or of a tag and some digits. */
#define DEPLOY_WORD_SIZE 192U

/*
 * "v1.4"; "@3f2a91c04b7d" of an image without one; with `with_digest` both, in short: "v1.4@3f2a91c". "" where the image has neither.
 */
const char *deploy_tag(const DeployRow *row, bool with_digest, char buffer[static DEPLOY_WORD_SIZE]);

/* The first digits of a digest, as the engines' own tools show them. */
const char *digest_short(const char *digest, char buffer[static 16]);

/* "anna", "uid 1000", or "main (harbor)" of a hook and the format of its sender; "" where nobody knows. */
const char *deploy_who(const DeployRow *row, char buffer[static DEPLOY_WORD_SIZE]);

/* "rollback to 3", "promotion", "restart"; "" of what was pushed, or deployed by its tag. */
const char *deploy_kind(const DeployRow *row, char buffer[static DEPLOY_WORD_SIZE]);

/* How long ago it was queued at `now`. */
const char *deploy_age(const DeployRow *row, uint64_t now, char buffer[static SPAN_SIZE]);

/* How long its last attempt took, or takes by `now`; "" where none has begun. */
const char *deploy_took(const DeployRow *row, uint64_t now, char buffer[static SPAN_SIZE]);

/* Six names, and a span of time behind each. */
#define DEPLOY_STEPS_WORDS_SIZE 256U

/* "pull 1.2s, start 80ms, healthy 2min 5s", in the order of the steps; "" where none is known. */
const char *deploy_steps_words(const DeploySteps *steps, char buffer[static DEPLOY_STEPS_WORDS_SIZE]);

/* What became of watching it: "until 12:05:00" while it is watched, "held", "failed", …; empty where it is not. */
const char *deploy_watch(const DeployRow *row, char buffer[static DEPLOY_WORD_SIZE]);
