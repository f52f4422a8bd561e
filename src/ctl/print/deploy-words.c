/* SPDX-License-Identifier: MIT */
/* What a deploy is, in words: see deploy-words.h. */
#include "ctl/print/deploy-words.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <time.h>

#include "shared/protocol.h"

/* Digits of a digest beside a tag. */
#define DIGITS_FEW 7

/* What follows the name of the algorithm. */
static const char *digest_digits(const char *digest) {
        const char *colon = strchr(digest, ':');

        return colon ? colon + 1 : digest;
}

const char *digest_short(const char *digest, char buffer[static 16]) {
        (void) snprintf(buffer, 16, "%.12s", digest_digits(digest));
        return buffer;
}

/* The tag inside of `image`, and its length; 0: it has none. */
static size_t find_tag(const char *image, const char **ret) {
        const char *slash = strrchr(image, '/'), *name = slash ? slash + 1 : image;
        const char *colon = memchr(name, ':', strcspn(name, "@"));

        *ret = colon ? colon + 1 : "";
        return strcspn(*ret, "@");
}

const char *deploy_tag(const DeployRow *row, bool with_digest, char buffer[static DEPLOY_WORD_SIZE]) {
        const char *at = strchr(row->image, '@'),
                   *digest = isempty(row->digest) && at ? at + 1 : row->digest;
        const char *tag;
        size_t n;

        n = find_tag(row->image, &tag);
        if (n > 0 && (!with_digest || isempty(digest)))
                (void) snprintf(buffer, DEPLOY_WORD_SIZE, "%.*s", (int) n, tag);
        else if (n > 0)
                (void) snprintf(buffer, DEPLOY_WORD_SIZE, "%.*s@%.*s", (int) n, tag, DIGITS_FEW,
                                digest_digits(digest));
        else
                (void) snprintf(buffer, DEPLOY_WORD_SIZE, "%s%.12s", isempty(digest) ? "" : "@",
                                digest_digits(strempty(digest)));
        return buffer;
}

/* What the daemon has no name for, the directories of this user may have. */
static const char *user_name(const DeployRow *row) {
        const struct passwd *entry;

        if (!isempty(row->user))
                return row->user;

        entry = getpwuid(row->uid);
        return entry ? entry->pw_name : NULL;
}

const char *deploy_who(const DeployRow *row, char buffer[static DEPLOY_WORD_SIZE]) {
        const char *name = row->uid != DEPLOY_NO_UID ? user_name(row) : NULL;

        buffer[0] = '\0';
        if (name)
                (void) snprintf(buffer, DEPLOY_WORD_SIZE, "%s", name);
        else if (row->uid != DEPLOY_NO_UID)
                (void) snprintf(buffer, DEPLOY_WORD_SIZE, "uid %" PRIu32, row->uid);
        else if (!isempty(row->hook))
                (void) snprintf(buffer, DEPLOY_WORD_SIZE, "%.64s (%.64s)", row->hook, row->provider);
        return buffer;
}

const char *deploy_kind(const DeployRow *row, char buffer[static DEPLOY_WORD_SIZE]) {
        buffer[0] = '\0';
        if (streq(row->source, SOURCE_ROLLBACK))
                (void) snprintf(buffer, DEPLOY_WORD_SIZE, "rollback to %" PRIu64, row->generation);
        else if (streq(row->source, SOURCE_WATCH))
                (void) snprintf(buffer, DEPLOY_WORD_SIZE, "back to %" PRIu64, row->generation);
        else if (streq(row->source, SOURCE_PROMOTE))
                (void) snprintf(buffer, DEPLOY_WORD_SIZE, "promotion");
        else if (streq(row->source, SOURCE_RESTART))
                (void) snprintf(buffer, DEPLOY_WORD_SIZE, "restart");
        return buffer;
}

const char *deploy_watch(const DeployRow *row, char buffer[static DEPLOY_WORD_SIZE]) {
        time_t until = (time_t) (row->watch_until / USEC_PER_SEC);
        char when[16] = "";
        struct tm local;

        buffer[0] = '\0';
        if (streq(row->watch, "watching") && localtime_r(&until, &local)) {
                (void) strftime(when, sizeof(when), "%H:%M:%S", &local);
                (void) snprintf(buffer, DEPLOY_WORD_SIZE, "until %s", when);
        } else
                (void) snprintf(buffer, DEPLOY_WORD_SIZE, "%.32s", row->watch);
        return buffer;
}

/* Clocks are set back now and then. */
static uint64_t between(uint64_t begin, uint64_t end) {
        return end > begin ? end - begin : 0;
}

const char *deploy_age(const DeployRow *row, uint64_t now, char buffer[static SPAN_SIZE]) {
        return span_format(between(row->queued_at, now), 1, buffer);
}

const char *deploy_took(const DeployRow *row, uint64_t now, char buffer[static SPAN_SIZE]) {
        if (row->started_at == 0)
                return "";

        return span_format(between(row->started_at, row->finished_at > 0 ? row->finished_at : now), 2,
                           buffer);
}

/* Below a minute the parts of a second tell something. */
static const char *step_span(uint64_t usec, char buffer[static SPAN_SIZE]) {
        uint64_t tenths = usec / (USEC_PER_SEC / 10);

        if (usec >= 60 * USEC_PER_SEC)
                return span_format(usec, 2, buffer);
        if (usec >= USEC_PER_SEC)
                (void) snprintf(buffer, SPAN_SIZE, "%" PRIu64 ".%" PRIu64 "s", tenths / 10, tenths % 10);
        else
                (void) snprintf(buffer, SPAN_SIZE, "%" PRIu64 "ms", usec / USEC_PER_MSEC);
        return buffer;
}

const char *deploy_steps_words(const DeploySteps *steps, char buffer[static DEPLOY_STEPS_WORDS_SIZE]) {
        char span[SPAN_SIZE];
        size_t n = 0;

        assert(steps);

        buffer[0] = '\0';
        for (DeployStep step = 0; step < _DEPLOY_STEP_MAX; step++)
                if (steps->known[step] && n < DEPLOY_STEPS_WORDS_SIZE)
                        n += (size_t) snprintf(buffer + n, DEPLOY_STEPS_WORDS_SIZE - n, "%s%s %s",
                                               n > 0 ? ", " : "", deploy_step_to_string(step),
                                               step_span(steps->usec[step], span));
        return buffer;
}
