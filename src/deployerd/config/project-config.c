/* SPDX-License-Identifier: MIT */
/* projects.d: see project-config.h. What a `container` may say is in project-container.c. */
#include "deployerd/config/project-config.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>

#include "deployerd/config/project-container.h"
#include "deployerd/text.h"
#include "shared/conf/conf.h"
#include "shared/conf/read-file.h"
#include "shared/conf/trusted.h"
#include "shared/healthcheck.h"
#include "shared/image-ref.h"
#include "shared/json.h"
#include "shared/name.h"

/* One file that is being read. */
typedef struct Reader {
        char *path;
        const char *stage;
        const char *repository;
        ProjectConfig config;
        char *problem;
        size_t size;
} Reader;

static void reader_done(Reader *reader) {
        free(reader->path);
        project_config_done(&reader->config);
}

/* "path: what" or "path:line:column: what"; returns `error`. */
static int reader_fail(Reader *reader, int error, const char *format, ...) _printf_(3, 4);

static int reader_fail(Reader *reader, int error, const char *format, ...) {
        va_list args;
        int n;

        n = snprintf(reader->problem, reader->size, "%.512s", reader->path);
        va_start(args, format);
        (void) vsnprintf(reader->problem + n, reader->size - (size_t) n, format, args);
        va_end(args);
        text_clean(reader->problem);
        return error;
}

static int reader_read(Reader *reader, int fd, char **ret, size_t *ret_length) {
        int r;

        r = read_whole(fd, PROJECT_FILE_MAX, ret, ret_length);
        if (r == -EFBIG)
                return reader_fail(reader, -EBADMSG, ": is larger than %u bytes", PROJECT_FILE_MAX);

        return r < 0 && r != -ENOMEM ? reader_fail(reader, -EBADMSG, ": %s", strerror(-r)) : r;
}

static int reader_decode(Reader *reader, int fd, json_t **ret) {
        _cleanup_free_ char *bytes = NULL;
        size_t length = 0;
        JsonError error;
        int r;

        r = reader_read(reader, fd, &bytes, &length);
        if (r >= 0)
                r = json_decode(bytes, length, ret, &error);
        if (r != -EBADMSG || !bytes)
                return r;
        if (error.line > 0)
                return reader_fail(reader, r, ":%i:%i: %s", error.line, error.column, error.text);

        return reader_fail(reader, r, ": %s", error.text);
}

/* The file must be for the image that is deployed: whoever pushes another one does not get this one's volumes. */
static int read_image(Reader *reader, const json_t *image) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_free_ char *repository = NULL;
        const char *reason = "";
        int r;

        if (!json_is_string(image))
                return reader_fail(reader, -EBADMSG, ": /image: has to be there, and a string");

        r = image_ref_parse(json_string_value(image), &ref, &reason);
        if (r >= 0)
                r = image_ref_repository(ref, &repository);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return reader_fail(reader, -EBADMSG, ": /image: is no image: %s", reason);
        if (ref->tag || ref->digest)
                return reader_fail(reader, -EBADMSG,
                                   ": /image: has a tag or a digest; the repository alone counts");
        if (!streq(repository, reader->repository))
                return reader_fail(reader, -EPERM,
                                   ": /image: is %.300s, and what is to be deployed is %.300s", repository,
                                   reader->repository);

        return 0;
}

static int read_container(Reader *reader, json_t *patch, const char *pointer, bool counts) {
        char place[JSON_POINTER_SIZE];
        const char *problem;

        problem = project_container_problem(patch, pointer, place);
        if (problem)
                return reader_fail(reader, -EBADMSG, ": %s: %s", place, problem);
        if (!counts)
                return 0;

        if (!reader->config.container)
                reader->config.container = json_array();
        return json_array_append(reader->config.container, patch) < 0 ? -ENOMEM : 0;
}

static int read_healthcheck(Reader *reader, json_t *value, const char *pointer, bool counts) {
        char *copy;

        if (!json_is_string(value) || !healthcheck_is_valid(json_string_value(value)))
                return reader_fail(reader, -EBADMSG, ": %s: has to be " HEALTHCHECK_FORMS, pointer);
        if (!counts)
                return 0;

        copy = strdup(json_string_value(value));
        if (!copy)
                return -ENOMEM;

        free(reader->config.healthcheck);
        reader->config.healthcheck = copy;
        return 0;
}

static int read_shareable(Reader *reader, json_t *value, const char *pointer, bool counts) {
        if (!json_is_array(value) || json_array_size(value) > PROJECT_SHAREABLE_MAX)
                return reader_fail(reader, -EBADMSG, ": %s: has to be an array of at most %u names", pointer,
                                   PROJECT_SHAREABLE_MAX);

        for (size_t i = 0; i < json_array_size(value); i++) {
                const char *name = json_string_value(json_array_get(value, i));
                int r;

                if (isempty(name))
                        return reader_fail(reader, -EBADMSG,
                                           ": %s/%zu: has to be the name of a volume or a path of the host",
                                           pointer, i);
                if (!counts)
                        continue;

                r = strv_add(&reader->config.shareable, name, strlen(name));
                if (r < 0)
                        return r;
        }

        return 0;
}

static int read_volumes(Reader *reader, json_t *value, const char *pointer, bool counts) {
        const char *path;
        json_t *wish;

        if (!json_is_object(value) || json_object_size(value) > PROJECT_VOLUMES_MAX)
                return reader_fail(reader, -EBADMSG, ": %s: has to be an object of at most %u paths",
                                   pointer, PROJECT_VOLUMES_MAX);

        json_object_foreach(value, path, wish) {
                char place[JSON_POINTER_SIZE];

                json_pointer_append(pointer, path, place);
                if (path[0] != '/')
                        return reader_fail(reader, -EBADMSG, ": %s: has to be an absolute path", place);
                if (!streq(strempty(json_string_value(wish)), "discard"))
                        return reader_fail(reader, -EBADMSG, ": %s: has to be \"discard\"", place);
        }
        if (!counts)
                return 0;

        if (!reader->config.volumes)
                reader->config.volumes = json_object();
        return json_object_update(reader->config.volumes, value) < 0 ? -ENOMEM : 0;
}

typedef int (*ReadPart)(Reader *reader, json_t *value, const char *pointer, bool counts);

/* What a project and each of its stages may say. What is said twice counts from the stage. */
static const struct {
        const char *key;
        ReadPart read;
} parts[] = {
        { "container", read_container },
        { "healthcheck", read_healthcheck },
        { "shareable", read_shareable },
        { "volumes", read_volumes },
};

/* Whether `key` was one of them: 1; 0; errors. */
static int read_part(Reader *reader, const char *key, json_t *value, const char *pointer, bool counts) {
        for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                if (streq(parts[i].key, key)) {
                        int r = parts[i].read(reader, value, pointer, counts);

                        return r < 0 ? r : 1;
                }

        return 0;
}

static int read_stage(Reader *reader, const char *name, json_t *stage, const char *pointer) {
        const char *key;
        json_t *value;

        if (!name_is_valid(name))
                return reader_fail(reader, -EBADMSG, ": %s: is no name of a stage", pointer);
        if (!json_is_object(stage))
                return reader_fail(reader, -EBADMSG, ": %s: has to be an object", pointer);

        json_object_foreach(stage, key, value) {
                char place[JSON_POINTER_SIZE];
                int r;

                json_pointer_append(pointer, key, place);
                r = read_part(reader, key, value, place, streq(name, reader->stage));
                if (r == 0)
                        return reader_fail(reader, -EBADMSG, ": %s: is not known for a stage", place);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int read_stages(Reader *reader, json_t *stages) {
        const char *name;
        json_t *stage;

        if (!stages)
                return 0;
        if (!json_is_object(stages) || json_object_size(stages) > PROJECT_STAGES_MAX)
                return reader_fail(reader, -EBADMSG, ": /stages: has to be an object of at most %u stages",
                                   PROJECT_STAGES_MAX);

        json_object_foreach(stages, name, stage) {
                char place[JSON_POINTER_SIZE];
                int r;

                json_pointer_append("/stages", name, place);
                r = read_stage(reader, name, stage, place);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* The project's own parts come first: a stage's are put on top. */
static int read_project(Reader *reader, json_t *project) {
        const char *key;
        json_t *value;

        if (!json_is_object(project))
                return reader_fail(reader, -EBADMSG, ": has to be a JSON object");

        json_object_foreach(project, key, value) {
                char place[JSON_POINTER_SIZE];
                int r;

                if (streq(key, "image") || streq(key, "stages"))
                        continue;

                json_pointer_append("", key, place);
                r = read_part(reader, key, value, place, true);
                if (r == 0)
                        return reader_fail(reader, -EBADMSG, ": %s: is not known", place);
                if (r < 0)
                        return r;
        }

        return read_stages(reader, json_object_get(project, "stages"));
}

/* The directory counts as well: who can write it can put another file there, or none. */
static int reader_open(Reader *reader, const char *dir, const char *project) {
        _cleanup_close_ int dir_fd = -1;
        const char *problem;
        char name[NAME_MAX_LENGTH + sizeof(".json")];
        int r;

        (void) snprintf(name, sizeof(name), "%.63s.json", project);
        r = dir_fd = trusted_open(AT_FDCWD, dir, S_IFDIR, &problem);
        if (r < 0 && r != -ENOENT) {
                (void) snprintf(reader->problem, reader->size, "%.512s: %s", dir,
                                problem ? problem : strerror(-r));
                return r == -EPERM ? r : -EBADMSG;
        }
        if (r >= 0)
                r = trusted_open(dir_fd, name, S_IFREG, &problem);
        if (r >= 0 || r == -ENOENT)
                return r;

        return reader_fail(reader, r == -EPERM ? r : -EBADMSG, ": %s", problem ? problem : strerror(-r));
}

int project_config_load(const char *dir, const char *project, const char *stage, const char *repository,
                        ProjectConfig *ret, char *ret_problem, size_t size) {
        _cleanup_(reader_done) Reader reader = {
                .stage = stage, .repository = repository, .problem = ret_problem, .size = size
        };
        _cleanup_(json_freep) json_t *json = NULL;
        _cleanup_close_ int fd = -1;
        int r;

        assert(dir && stage && repository);
        assert(name_is_valid(project));
        assert(ret);
        assert(ret_problem && size >= PROJECT_PROBLEM_SIZE);

        if (asprintf(&reader.path, "%s/%s.json", dir, project) < 0) {
                reader.path = NULL;
                return -ENOMEM;
        }

        fd = reader_open(&reader, dir, project);
        if (fd < 0 && fd != -ENOENT)
                return fd;

        if (fd >= 0) {
                reader.config.exists = true;
                r = reader_decode(&reader, fd, &json);
                if (r >= 0)
                        r = read_project(&reader, json);
                if (r >= 0)
                        r = read_image(&reader, json_object_get(json, "image"));
                if (r < 0)
                        return r;
        }

        *ret = reader.config;
        reader.config = (ProjectConfig){ .exists = false };
        return 0;
}

void project_config_done(ProjectConfig *config) {
        assert(config);

        json_decref(config->container);
        json_decref(config->volumes);
        free(config->healthcheck);
        strv_free(config->shareable);
        *config = (ProjectConfig){ .exists = false };
}

bool project_config_exists(const char *dir, const char *project) {
        _cleanup_free_ char *path = NULL;
        struct stat st;

        assert(dir);
        assert(name_is_valid(project));

        if (asprintf(&path, "%s/%s.json", dir, project) < 0) {
                path = NULL;
                return false;
        }

        return lstat(path, &st) >= 0 || errno != ENOENT;
}
