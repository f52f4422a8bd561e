/* SPDX-License-Identifier: MIT */
/*
 * Configuration files: see conf.h. libinih takes the lines apart; this file decides which files are read, holds each
 * line to the dialect before libinih sees it, and hands the values to the parsers of the keys.
 */
#include "shared/conf/conf.h"

#include <dirent.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>

#include "shared/conf/trusted.h"
#include "shared/utf8.h"

#define CONF_LINE_MAX    4096U
#define CONF_FILE_MAX    (256U * 1024U)
#define CONF_DROPINS_MAX 256U

/* What conf_load() was called with. */
typedef struct Target {
        const ConfKey *keys;
        size_t n_keys;
        void *fields;
        const ConfWatch *watch; /* or NULL */
        ConfWarning warn;
        void *userdata;
        ConfProblem *problem;
} Target;

/* One file that is being read. */
typedef struct Reader {
        const Target *target;
        FILE *file;
        const char *path;
        unsigned line;
        size_t n_bytes;
        int error; /* of the first problem, which is the one that is told */
} Reader;

/* "where: what", cut where it is too long; returns `error`. */
static int problem_set(ConfProblem *problem, int error, const char *where, const char *format, ...)
                _printf_(4, 5);

static int problem_set(ConfProblem *problem, int error, const char *where, const char *format, ...) {
        va_list args;
        size_t n;

        (void) snprintf(problem->text, sizeof(problem->text), "%.250s: ", where);
        n = strlen(problem->text);
        va_start(args, format);
        (void) vsnprintf(problem->text + n, sizeof(problem->text) - n, format, args);
        va_end(args);
        return error;
}

static void reader_fail(Reader *reader, int error, const char *text) {
        char where[300];

        if (reader->error < 0)
                return;

        (void) snprintf(where, sizeof(where), "%.240s:%u", reader->path, reader->line);
        reader->error = problem_set(reader->target->problem, error, where, "%s", text);
}

/*
 * libinih is more generous than the dialect: it takes ":" for "=", and whatever follows a section's "]". NULL, or what
 * is wrong with the line.
 */
static const char *line_problem(const char *line) {
        const char *start = line + strspn(line, " \t\r\n\v\f");
        size_t length = strlen(start);

        while (length > 0 && strchr(" \t\r\n\v\f", start[length - 1]))
                length--;

        if (length == 0 || start[0] == '#' || start[0] == ';')
                return NULL;
        /* No editor shows it. */
        if (utf8_mark_length(start, length) > 0)
                return "begins with a byte order mark, which it has to do without";
        /* Values are told over the bus, which takes nothing else. */
        if (utf8_find_bad(start))
                return "not in UTF-8";
        if (start[length - 1] == '\\')
                return "lines are not continued by a '\\' at their end";
        if (start[0] == '[')
                return length > 2 && strcspn(start, "]") == length - 1 ? NULL : "no section: [Name] is one";
        if (start[0] == '=' || start[strcspn(start, "=:")] != '=')
                return "neither [Section] nor Key=value";

        return NULL;
}

/* One line and its end into `buffer`; its length, 0 at the end of the file. NULL, or what is wrong. */
static const char *read_bytes(Reader *reader, char *buffer, size_t size, size_t *ret_length) {
        size_t n = 0;
        int c;

        do {
                c = getc(reader->file);
                if (c == EOF)
                        break;
                if (c == '\0')
                        return "a NUL byte";
                if (n + 2 > size)
                        return "the line is too long";
                if (++reader->n_bytes > CONF_FILE_MAX)
                        return "the file is too large";

                buffer[n++] = (char) c;
        } while (c != '\n');

        if (ferror(reader->file))
                return "cannot be read";

        buffer[n] = '\0';
        *ret_length = n;
        return NULL;
}

/* For libinih: the next line, as fgets() would give it. */
static char *read_line(char *buffer, int size, void *stream) {
        Reader *reader = stream;
        const char *problem;
        size_t length = 0;

        if (reader->error < 0)
                return NULL;

        reader->line++;
        problem = read_bytes(reader, buffer, (size_t) size, &length);
        if (!problem && length > 0)
                problem = line_problem(buffer);
        if (problem)
                reader_fail(reader, -EBADMSG, problem);

        return problem || length == 0 ? NULL : buffer;
}

static const ConfKey *target_find(const Target *target, const char *section, const char *name) {
        for (size_t i = 0; i < target->n_keys; i++)
                if (streq(target->keys[i].section, section) && streq(target->keys[i].name, name))
                        return &target->keys[i];

        return NULL;
}

/* For libinih: 1 goes on, 0 is an error. */
static int on_entry(void *user, const char *section, const char *name, const char *value) {
        const char *expected = "another value";
        Reader *reader = user;
        const Target *target = reader->target;
        const ConfKey *key;
        char text[512];
        int r;

        key = target_find(target, section, name);
        if (!key) {
                (void) snprintf(text, sizeof(text), "%.240s:%u: unknown key %.100s= in section [%.100s]",
                                reader->path, reader->line, name, section);
                target->warn(text, target->userdata);
                return 1;
        }

        r = key->parse(value, (char *) target->fields + key->offset, &expected);
        if (r >= 0 && target->watch)
                r = target->watch->function(key, value, reader->path, reader->line, target->watch->userdata);
        if (r == -EINVAL) {
                (void) snprintf(text, sizeof(text), "%s= wants %s", name, expected);
                reader_fail(reader, r, text);
        } else if (r < 0)
                reader_fail(reader, r, "out of memory");

        return r >= 0;
}

static int target_read(const Target *target, FILE *file, const char *path) {
        Reader reader = { .target = target, .file = file, .path = path };
        int r;

        /* libinih is told by globals: no comments behind values, no continued lines; a line as long as ours. */
        ini_allow_inline_comments = false;
        ini_allow_multiline = false;
        ini_allow_bom = false;
        ini_stop_on_first_error = true;
        ini_max_line = CONF_LINE_MAX;
        ini_use_stack = true;

        r = ini_parse_stream(read_line, &reader, on_entry, &reader);
        if (reader.error < 0)
                return reader.error;
        if (r != 0)
                return problem_set(target->problem, -EBADMSG, path, "line %i cannot be read", r);

        return 0;
}

int conf_read(FILE *file, const char *path, const ConfKey *keys, size_t n_keys, void *fields,
              ConfWarning warn, void *userdata, ConfProblem *ret_problem) {
        const Target target = {
                .keys = keys,
                .n_keys = n_keys,
                .fields = fields,
                .warn = warn,
                .userdata = userdata,
                .problem = ret_problem,
        };

        assert(file);
        assert(path);
        assert(keys);
        assert(fields);
        assert(warn);
        assert(ret_problem);

        return target_read(&target, file, path);
}

/* Opens `name` in `at`. -ENOENT is no problem that is told. */
static int open_trusted(int at, const char *name, mode_t type, const char *path, ConfProblem *ret_problem) {
        const char *problem;
        int r;

        r = trusted_open(at, name, type, &problem);
        if (r >= 0 || r == -ENOENT)
                return r;

        return problem_set(ret_problem, r, path, "%s", problem ? problem : strerror(-r));
}

/* Reads `name` in `at`; `path` is for messages. */
static int target_load(const Target *target, int at, const char *name, const char *path) {
        _cleanup_close_ int fd = -1;
        FILE *file;
        int r;

        fd = open_trusted(at, name, S_IFREG, path, target->problem);
        if (fd < 0)
                return fd;

        file = fdopen(fd, "re");
        if (!file)
                return problem_set(target->problem, -ENOMEM, path, "out of memory");
        (void) TAKE_FD(fd);

        r = target_read(target, file, path);
        (void) fclose(file);
        return r;
}

static int select_conf(const struct dirent *entry) {
        const char *dot = strrchr(entry->d_name, '.');

        return entry->d_name[0] != '.' && dot && streq(dot, ".conf");
}

static int compare_names(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

static int target_load_dropin(const Target *target, int directory_fd, const char *directory,
                              const char *name) {
        _cleanup_free_ char *path = NULL;
        int r;

        if (asprintf(&path, "%s/%s", directory, name) < 0) {
                path = NULL;
                return problem_set(target->problem, -ENOMEM, directory, "out of memory");
        }

        r = target_load(target, directory_fd, name, path);
        return r == -ENOENT ? 0 : r;
}

static int target_load_dropins(const Target *target, const char *directory) {
        _cleanup_close_ int fd = -1;
        struct dirent **entries = NULL;
        int r = 0, n;

        fd = open_trusted(AT_FDCWD, directory, S_IFDIR, directory, target->problem);
        if (fd < 0)
                return fd == -ENOENT ? 0 : fd;

        n = scandirat(fd, ".", &entries, select_conf, compare_names);
        if (n < 0) {
                r = -errno;
                return problem_set(target->problem, r, directory, "%s", strerror(-r));
        }

        if (n > (int) CONF_DROPINS_MAX)
                r = problem_set(target->problem, -E2BIG, directory, "more than %u files", CONF_DROPINS_MAX);
        for (int i = 0; i < n; i++) {
                if (r >= 0)
                        r = target_load_dropin(target, fd, directory, entries[i]->d_name);
                free(entries[i]);
        }

        free(entries);
        return r;
}

static int target_fall_back(const Target *target) {
        for (size_t i = 0; i < target->n_keys; i++) {
                const ConfKey *key = &target->keys[i];
                const char *expected;
                int r;

                if (!key->fallback)
                        continue;

                r = key->parse(key->fallback, (char *) target->fields + key->offset, &expected);
                assert(r != -EINVAL);
                if (r < 0)
                        return problem_set(target->problem, r, key->name, "out of memory");
        }

        return 0;
}

int conf_trace(const char *path, const ConfKey *keys, size_t n_keys, void *fields, const ConfWatch *watch,
               ConfWarning warn, void *userdata, ConfProblem *ret_problem) {
        const Target target = {
                .keys = keys,
                .n_keys = n_keys,
                .fields = fields,
                .watch = watch,
                .warn = warn,
                .userdata = userdata,
                .problem = ret_problem,
        };
        _cleanup_free_ char *directory = NULL;
        int r;

        assert(path);
        assert(keys);
        assert(fields);
        assert(warn);
        assert(ret_problem);

        r = target_fall_back(&target);
        if (r < 0)
                return r;

        r = target_load(&target, AT_FDCWD, path, path);
        if (r < 0 && r != -ENOENT)
                return r;

        if (asprintf(&directory, "%s.d", path) < 0) {
                directory = NULL;
                return problem_set(ret_problem, -ENOMEM, path, "out of memory");
        }

        return target_load_dropins(&target, directory);
}

int conf_load(const char *path, const ConfKey *keys, size_t n_keys, void *fields, ConfWarning warn,
              void *userdata, ConfProblem *ret_problem) {
        return conf_trace(path, keys, n_keys, fields, /* watch= */ NULL, warn, userdata, ret_problem);
}
