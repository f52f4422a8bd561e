/* SPDX-License-Identifier: MIT */
/* A file of root's, from its name to its JSON: see project-reader.h. */
#include "deployerd/config/project-reader.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>

#include "deployerd/config/env-file.h"
#include "deployerd/text.h"
#include "shared/conf/read-file.h"
#include "shared/conf/trusted.h"
#include "shared/json.h"
#include "shared/name.h"

int project_reader_fail(ProjectReader *reader, int error, const char *format, ...) {
        va_list args;
        int n;

        n = snprintf(reader->problem, reader->size, "%.512s", reader->path);
        va_start(args, format);
        (void) vsnprintf(reader->problem + n, reader->size - (size_t) n, format, args);
        va_end(args);
        text_clean(reader->problem);
        return error;
}

/* The same about another file of the folder: "dir/name<format…>". */
static int reader_fail_beside(ProjectReader *reader, const char *name, int error, const char *format, ...)
                _printf_(4, 5);

static int reader_fail_beside(ProjectReader *reader, const char *name, int error, const char *format, ...) {
        va_list args;
        int n;

        n = snprintf(reader->problem, reader->size, "%.*s/%.128s",
                     (int) (strrchr(reader->path, '/') - reader->path), reader->path, name);
        va_start(args, format);
        (void) vsnprintf(reader->problem + n, reader->size - (size_t) n, format, args);
        va_end(args);
        text_clean(reader->problem);
        return error;
}

int project_reader_env(ProjectReader *reader, const char *name, json_t **ret) {
        _cleanup_free_ char *bytes = NULL;
        const char *problem = NULL;
        _cleanup_close_ int fd = -1;
        unsigned line = 0;
        size_t length = 0;
        int r;

        assert(reader && reader->folder >= 0);
        assert(name && !strchr(name, '/'));
        assert(ret);

        fd = trusted_open(reader->folder, name, S_IFREG, &problem);
        if (fd < 0)
                return reader_fail_beside(reader, name, fd == -EPERM ? fd : -EBADMSG, ": %s",
                                          problem ? problem : strerror(-fd));

        r = read_whole(fd, ENV_FILE_MAX, &bytes, &length);
        if (r == -EFBIG)
                return reader_fail_beside(reader, name, -EBADMSG, ": is larger than %u bytes", ENV_FILE_MAX);
        if (r < 0)
                return r == -ENOMEM ? r : reader_fail_beside(reader, name, -EBADMSG, ": %s", strerror(-r));

        r = env_file_parse(bytes, length, ret, &line, &problem);
        return r == -EBADMSG ? reader_fail_beside(reader, name, r, ":%u: %s", line, problem) : r;
}

void project_reader_done(ProjectReader *reader) {
        assert(reader);

        closep(&reader->folder);
        free(reader->path);
}

/* The directory counts as well: who can write it can put another file there, or none. */
int project_reader_open(ProjectReader *reader, const char *dir) {
        const char *problem;
        char name[NAME_MAX_LENGTH + sizeof(".json")];
        int r;

        assert(reader);
        assert(dir);

        if (asprintf(&reader->path, "%s/%s.json", dir, reader->subject->project) < 0) {
                reader->path = NULL;
                return -ENOMEM;
        }

        (void) snprintf(name, sizeof(name), "%.63s.json", reader->subject->project);
        r = trusted_open(AT_FDCWD, dir, S_IFDIR, &problem);
        if (r < 0 && r != -ENOENT) {
                (void) snprintf(reader->problem, reader->size, "%.512s: %s", dir,
                                problem ? problem : strerror(-r));
                return r == -EPERM ? r : -EBADMSG;
        }
        if (r >= 0) {
                reader->folder = r;
                r = trusted_open(reader->folder, name, S_IFREG, &problem);
        }
        if (r >= 0 || r == -ENOENT)
                return r;

        return project_reader_fail(reader, r == -EPERM ? r : -EBADMSG, ": %s",
                                   problem ? problem : strerror(-r));
}

static int reader_read(ProjectReader *reader, int fd, char **ret, size_t *ret_length) {
        int r;

        r = read_whole(fd, PROJECT_FILE_MAX, ret, ret_length);
        if (r == -EFBIG)
                return project_reader_fail(reader, -EBADMSG, ": is larger than %u bytes", PROJECT_FILE_MAX);

        return r < 0 && r != -ENOMEM ? project_reader_fail(reader, -EBADMSG, ": %s", strerror(-r)) : r;
}

int project_reader_decode(ProjectReader *reader, int fd, json_t **ret) {
        _cleanup_free_ char *bytes = NULL;
        size_t length = 0;
        JsonError error;
        int r;

        assert(reader);
        assert(ret);

        r = reader_read(reader, fd, &bytes, &length);
        if (r < 0)
                return r;

        r = json_decode(bytes, length, ret, &error);
        if (r != -EBADMSG)
                return r;
        if (error.line > 0)
                return project_reader_fail(reader, r, ":%i:%i: %s", error.line, error.column, error.text);

        return project_reader_fail(reader, r, ": %s", error.text);
}
