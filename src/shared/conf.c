/* SPDX-License-Identifier: MIT */
/*
 * Configuration files: see conf.h. libinih takes the lines apart; this file decides which files are read, counts the
 * lines, and gives the keys their meaning.
 */
#include "shared/conf.h"

#include <dirent.h>
#include <fcntl.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>

#include "shared/parse.h"

#define CONF_LINE_MAX    4096U
#define CONF_FILE_MAX    (256U * 1024U)
#define CONF_DROPINS_MAX 256U

typedef struct Reader {
        FILE *file;
        const char *path;
        unsigned line;
        const char *line_problem; /* of the line that was read last */
        const ConfKey *keys;
        size_t n_keys;
        void *target;
        ConfWarning warn;
        void *userdata;
        ConfProblem *problem;
        int error;
} Reader;

static int reader_fail(Reader *reader, int error, const char *text) {
        /* The first problem is the one that is told. */
        if (reader->error < 0)
                return reader->error;

        (void) snprintf(reader->problem->text, sizeof(reader->problem->text), "%.250s:%u: %.200s",
                        reader->path, reader->line, text);
        reader->error = error;
        return error;
}

/* For libinih: the next line, as fgets() would give it. */
static char *read_line(char *buffer, int size, void *stream) {
        Reader *reader = stream;
        size_t length = 0;
        int c;

        if (reader->error < 0)
                return NULL;

        while ((c = getc(reader->file)) != EOF) {
                if (c == '\0') {
                        reader->line++;
                        (void) reader_fail(reader, -EBADMSG, "a NUL byte");
                        return NULL;
                }
                if (length + 2 >= (size_t) size) {
                        reader->line++;
                        (void) reader_fail(reader, -EBADMSG, "the line is too long");
                        return NULL;
                }
                buffer[length++] = (char) c;
                if (c == '\n')
                        break;
        }

        if (length == 0)
                return NULL;

        buffer[length] = '\0';
        reader->line++;
        return buffer;
}

static const ConfKey *reader_find(const Reader *reader, const char *section, const char *name) {
        for (size_t i = 0; i < reader->n_keys; i++)
                if (streq(reader->keys[i].section, section) && streq(reader->keys[i].name, name))
                        return &reader->keys[i];

        return NULL;
}

/* For libinih: 1 goes on, 0 is an error. */
static int on_entry(void *user, const char *section, const char *name, const char *value) {
        const char *expected = "another value";
        Reader *reader = user;
        const ConfKey *key;
        char text[768];
        int r;

        key = reader_find(reader, section, name);
        if (!key) {
                (void) snprintf(text, sizeof(text), "%s:%u: unknown key %.128s= in section [%.128s]",
                                reader->path, reader->line, name, section);
                reader->warn(text, reader->userdata);
                return 1;
        }

        r = key->parse(value, (char *) reader->target + key->offset, &expected);
        if (r == -EINVAL) {
                (void) snprintf(text, sizeof(text), "%s= wants %s", name, expected);
                (void) reader_fail(reader, r, text);
        } else if (r < 0)
                (void) reader_fail(reader, r, "out of memory");

        return r >= 0;
}

static int open_trusted(const char *path, FILE **ret, ConfProblem *ret_problem) {
        _cleanup_close_ int fd = -1;
        const char *problem = NULL;
        struct stat st;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0) {
                int r = -errno;

                if (r != -ENOENT)
                        (void) snprintf(ret_problem->text, sizeof(ret_problem->text), "%s: %s", path,
                                        strerror(-r));
                return r;
        }

        if (fstat(fd, &st) < 0)
                return -errno;

        if (!S_ISREG(st.st_mode))
                problem = "is no regular file";
        else if (st.st_uid != 0)
                problem = "does not belong to root";
        else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
                problem = "can be written by others than root";
        else if (st.st_size > (off_t) CONF_FILE_MAX)
                problem = "is too large";
        if (problem) {
                (void) snprintf(ret_problem->text, sizeof(ret_problem->text), "%s: %s", path, problem);
                return -EPERM;
        }

        *ret = fdopen(fd, "re");
        if (!*ret)
                return -errno;

        (void) TAKE_FD(fd);
        return 0;
}

static int conf_load_file(const char *path, const Reader *template) {
        Reader reader = *template;
        int r;

        r = open_trusted(path, &reader.file, reader.problem);
        if (r < 0)
                return r;

        /* libinih is told by globals: no comments behind values, no continued lines; a line as long as ours. */
        ini_allow_inline_comments = false;
        ini_allow_multiline = false;
        ini_allow_bom = false;
        ini_max_line = CONF_LINE_MAX;
        ini_use_stack = true;

        reader.path = path;
        r = ini_parse_stream(read_line, &reader, on_entry, &reader);
        (void) fclose(reader.file);

        if (reader.error < 0)
                return reader.error;
        if (r > 0) {
                (void) snprintf(reader.problem->text, sizeof(reader.problem->text),
                                "%s:%i: neither [Section] nor Key=value", path, r);
                return -EBADMSG;
        }

        return r < 0 ? -ENOMEM : 0;
}

static int select_conf(const struct dirent *entry) {
        const char *dot = strrchr(entry->d_name, '.');

        return entry->d_name[0] != '.' && dot && streq(dot, ".conf");
}

static int compare_names(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

static int conf_load_dropins(const char *path, const Reader *template) {
        struct dirent **entries = NULL;
        char directory[PATH_MAX];
        int r = 0, n;

        (void) snprintf(directory, sizeof(directory), "%s.d", path);
        n = scandir(directory, &entries, select_conf, compare_names);
        if (n < 0) {
                r = errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
                if (r < 0)
                        (void) snprintf(template->problem->text, sizeof(template->problem->text),
                                        "%.300s: %s", directory, strerror(-r));
                return r;
        }

        if (n > (int) CONF_DROPINS_MAX) {
                (void) snprintf(template->problem->text, sizeof(template->problem->text),
                                "%.300s: too many files", directory);
                r = -E2BIG;
        }

        for (int i = 0; i < n; i++) {
                char file[PATH_MAX + 256];

                (void) snprintf(file, sizeof(file), "%s/%s", directory, entries[i]->d_name);
                if (r >= 0)
                        r = conf_load_file(file, template);
                free(entries[i]);
        }
        free(entries);
        return r;
}

int conf_load(const char *path, const ConfKey *keys, size_t n_keys, void *target, ConfWarning warn,
              void *userdata, ConfProblem *ret_problem) {
        Reader template = {
                .keys = keys,
                .n_keys = n_keys,
                .target = target,
                .warn = warn,
                .userdata = userdata,
                .problem = ret_problem,
        };
        int r;

        assert(path);
        assert(keys);
        assert(target);
        assert(warn);
        assert(ret_problem);

        r = conf_load_file(path, &template);
        if (r < 0 && r != -ENOENT)
                return r;

        return conf_load_dropins(path, &template);
}

int conf_parse_bool(const char *value, void *field, const char **ret_expected) {
        static const char *const yes[] = { "yes", "true", "on", "1", "y", "t" };
        static const char *const no[] = { "no", "false", "off", "0", "n", "f" };

        for (size_t i = 0; i < ELEMENTSOF(yes); i++)
                if (strcasecmp(value, yes[i]) == 0 || strcasecmp(value, no[i]) == 0) {
                        *(bool *) field = strcasecmp(value, yes[i]) == 0;
                        return 0;
                }

        *ret_expected = "yes or no";
        return -EINVAL;
}

int conf_parse_unsigned(const char *value, void *field, const char **ret_expected) {
        uint64_t number;

        if (parse_uint(value, UINT_MAX, &number) < 0) {
                *ret_expected = "a number";
                return -EINVAL;
        }

        *(unsigned *) field = (unsigned) number;
        return 0;
}

int conf_parse_sec(const char *value, void *field, const char **ret_expected) {
        uint64_t usec;

        if (parse_sec(value, &usec) < 0) {
                *ret_expected = "a time span, such as 90, 5min or 500ms";
                return -EINVAL;
        }

        *(uint64_t *) field = usec;
        return 0;
}

int conf_parse_string(const char *value, void *field, const char **ret_expected) {
        char **string = field, *copy = NULL;

        (void) ret_expected;

        if (!isempty(value)) {
                copy = strdup(value);
                if (!copy)
                        return -ENOMEM;
        }

        free(*string);
        *string = copy;
        return 0;
}

static size_t strv_length(char **strv) {
        size_t n = 0;

        while (strv && strv[n])
                n++;
        return n;
}

char **strv_free(char **strv) {
        for (size_t i = 0; strv && strv[i]; i++)
                free(strv[i]);
        free(strv);
        return NULL;
}

static int strv_add(char ***strv, const char *word, size_t length) {
        size_t n = strv_length(*strv);
        char **grown, *copy;

        grown = reallocarray(*strv, n + 2, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        *strv = grown;
        grown[n] = NULL;

        copy = strndup(word, length);
        if (!copy)
                return -ENOMEM;

        grown[n] = copy;
        grown[n + 1] = NULL;
        return 0;
}

int conf_parse_strv(const char *value, void *field, const char **ret_expected) {
        char ***strv = field;

        (void) ret_expected;

        if (isempty(value)) {
                *strv = strv_free(*strv);
                return 0;
        }

        for (const char *p = value; *(p += strspn(p, " \t"));) {
                size_t length = strcspn(p, " \t");
                int r = strv_add(strv, p, length);

                if (r < 0)
                        return r;
                p += length;
        }

        return 0;
}
