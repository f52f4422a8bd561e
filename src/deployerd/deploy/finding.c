/* SPDX-License-Identifier: MIT */
/* What is found out about a container: see finding.h. */
#include "deployerd/deploy/finding.h"

#include <stdio.h>

/* The last of its lines that are told. */
#define LOG_LINES 20U

/* The most of a finding that one line of the journal takes. */
#define FINDING_LOG_MAX 900U

/* The end of `text`, at most `max` bytes of it, beginning with a whole character. */
static const char *text_end(const char *text, size_t max) {
        size_t n = strlen(text);

        if (n <= max)
                return text;

        text += n - max;
        while (((unsigned char) *text & 0xc0) == 0x80)
                text++;
        return text;
}

void finding_add(Engine *engine, char *text, size_t size, const char *words, const char *said, size_t max) {
        size_t n = strlen(text), room = size - n - 1, n_words = strlen(words);
        _cleanup_free_ char *clear = strdup(said);
        const char *value;

        assert(engine);
        assert(words && said);

        if (!clear)
                return;

        /* As a whole: half a secret is not found. */
        engine_hide_secrets(engine, clear);
        value = text_end(clear, max);
        worker_log(engine_worker(engine), LOG_NOTICE, "%s%s", words + strlen("; "),
                   text_end(value, FINDING_LOG_MAX));
        if (room > n_words)
                (void) snprintf(text + n, size - n, "%s%s", words, text_end(value, room - n_words));
}

void finding_add_lines(Engine *engine, const Container *container, char *text, size_t size) {
        _cleanup_free_ char *lines = NULL;

        assert(engine);
        assert(container);
        assert(text && size > 0);

        if (engine_container_logs(engine, container, LOG_LINES, &lines) >= 0 && !isempty(lines))
                finding_add(engine, text, size, "; last lines: ", lines, size);
}
