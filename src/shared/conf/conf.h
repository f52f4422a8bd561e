/* SPDX-License-Identifier: MIT */
/*
 * Configuration files in systemd's dialect: sections, Key=value, comments in lines that begin with # or ;, a list is
 * extended by naming its key again and emptied by an empty value; then the files of `<path>.d` ending in .conf, in the
 * order of their names. Unlike systemd's, lines cannot be continued, there are no quotes and no specifiers, and what
 * is no line of the dialect is an error. White space around keys and values does not count. A line has at most 4 KiB, a
 * file 256 KiB. A file or directory that anyone but root may write, or that is a symbolic link, is refused.
 *
 * The room shared/conf/ reads what root and systemd hand to a program: files, credentials, numbers and times as text. Every
 * program includes this header or those beside it. Nothing here logs: the caller gets a sentence that says what is wrong.
 */
#pragma once

#include <stdio.h>

#include "shared/macro.h"

typedef struct ConfProblem {
        char text[512]; /* "path:line: what is wrong" */
} ConfProblem;

/*
 * Reads one value into `field`. Returns 0, or -EINVAL with `*ret_expected` (static text) set to what the value
 * should have been, or -ENOMEM. A parser that is called again for the same field replaces the value, or extends
 * the list.
 */
typedef int (*ConfParse)(const char *value, void *field, const char **ret_expected);

typedef struct ConfKey {
        const char *section;
        const char *name;
        ConfParse parse;
        size_t offset;        /* of the field in the structure that conf_load() fills */
        const char *fallback; /* the value where no file has one; NULL: nothing, as for all lists */
        bool is_list;         /* each line adds to it; an empty value forgets those before */
} ConfKey;

/* Called for what is worth telling but no error: an unknown key or section. `userdata` is conf_load()'s. */
typedef void (*ConfWarning)(const char *text, void *userdata);

/* Called for each value that was taken; negative ends the reading with that error. */
typedef struct ConfWatch {
        int (*function)(const ConfKey *key, const char *value, const char *path, unsigned line,
                        void *userdata);
        void *userdata;
} ConfWatch;

/*
 * Fills `fields` from the keys' fallbacks, and from `path` and its drop-ins. A file that is not there is no error. -EINVAL, -EPERM, -EBADMSG or
 * another negative errno with `*ret_problem` filled; `fields` may then be half filled, so give it its own clean-up.
 */
int conf_load(const char *path, const ConfKey *keys, size_t n_keys, void *fields, ConfWarning warn,
              void *userdata, ConfProblem *ret_problem);

/* The same, with somebody who watches. */
int conf_trace(const char *path, const ConfKey *keys, size_t n_keys, void *fields, const ConfWatch *watch,
               ConfWarning warn, void *userdata, ConfProblem *ret_problem);

/*
 * The same, and prints to `file` what is in force: of each key one line of JSON for its value, or for each assignment that
 * its list is made of: {"section", "key", "value", "path", "line"}. The value is null where there is none; path and line
 * are null where it is the fallback.
 */
int conf_print(const char *path, const ConfKey *keys, size_t n_keys, void *fields, ConfWarning warn,
               void *userdata, FILE *file, ConfProblem *ret_problem);

/* conf_load() without fallbacks, for one file that is open already, whoever owns it; `path` is for messages. */
int conf_read(FILE *file, const char *path, const ConfKey *keys, size_t n_keys, void *fields,
              ConfWarning warn, void *userdata, ConfProblem *ret_problem);

int conf_parse_bool(const char *value, void *field /* bool */, const char **ret_expected);
int conf_parse_unsigned(const char *value, void *field /* unsigned */, const char **ret_expected);
/* systemd's time spans ("90", "1min 30s", "500ms") in µs; a plain number counts seconds. */
int conf_parse_sec(const char *value, void *field /* uint64_t, µs */, const char **ret_expected);
/* A string, replacing the earlier one; an empty value sets NULL. */
int conf_parse_string(const char *value, void *field /* char* */, const char **ret_expected);
/* Words separated by white space, appended to a NULL-terminated array; an empty value clears it. */
int conf_parse_strv(const char *value, void *field /* char** */, const char **ret_expected);

/* As conf_parse_strv(), of tag patterns (glob.h) over "domain/path". */
int conf_parse_image_patterns(const char *value, void *field /* char** */, const char **ret_expected);
/* How many deploys at the same time, 1 … DEPLOYS_MAX_LIMIT. */
int conf_parse_max_deploys(const char *value, void *field /* unsigned */, const char **ret_expected);
/* A time span above zero, a day at most: what is longer is a slip of the pen. */
int conf_parse_timeout(const char *value, void *field /* uint64_t, µs */, const char **ret_expected);
/* A time span as `parse` takes it, and no longer than `max` µs: else what was expected is `expected`, which has to be static. */
int conf_parse_at_most(ConfParse parse, const char *value, void *field /* uint64_t, µs */, uint64_t max,
                       const char *expected, const char **ret_expected);

/* Whether one of the patterns (NULL: no restriction) takes "domain/path". */
bool image_patterns_take(char *const *patterns, const char *repository);

/* Appends the first `length` bytes of `word` to a NULL-terminated array, which NULL is an empty one of. -ENOMEM. */
int strv_add(char ***strv, const char *word, size_t length);

/* Frees a NULL-terminated array of strings, and returns NULL. */
char **strv_free(char **strv);

static inline void strv_freep(char ***strv) {
        if (*strv)
                (void) strv_free(*strv);
}
