/* SPDX-License-Identifier: MIT */
/* projects.d: see project-config.h. What a project and a stage may say is in project-parts.c. */
#include "deployerd/config/project-config.h"

#include <stdio.h>
#include <sys/stat.h>

#include "deployerd/config/project-job.h"
#include "deployerd/config/project-parts.h"
#include "shared/conf/conf.h"
#include "shared/image-ref.h"
#include "shared/json.h"
#include "shared/name.h"

/* What a stage may have as well; "watch" comes last. */
#define PARTS \
        "container, env, env_files, healthcheck, kind, limits, postdeploy, predeploy, pull, replace, shareable, volumes"

/* The file must be for the image that is deployed: whoever pushes another one does not get this one's volumes. */
static int read_image(ProjectReader *reader, const json_t *image) {
        const char *wanted = reader->subject->repository, *reason = "";
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_free_ char *repository = NULL;
        int r;

        if (!json_is_string(image))
                return project_reader_fail(reader, -EBADMSG, ": /image: has to be there, and a string");

        r = image_ref_parse(json_string_value(image), &ref, &reason);
        if (r >= 0)
                r = image_ref_repository(ref, &repository);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return project_reader_fail(reader, -EBADMSG, ": /image: is no image: %s", reason);
        if (ref->tag || ref->digest)
                return project_reader_fail(reader, -EBADMSG,
                                           ": /image: has a tag or a digest; the repository alone counts");
        if (wanted && !streq(repository, wanted))
                return project_reader_fail(reader, -EPERM,
                                           ": /image: is %.300s, and what is to be deployed is %.300s",
                                           repository, wanted);

        return 0;
}

/* Keys of the engine's that are younger than the table of them, for the project and all stages. */
static int read_unchecked(ProjectReader *reader, const json_t *value) {
        if (!value)
                return 0;
        if (!json_is_array(value) || json_array_size(value) > PROJECT_UNCHECKED_MAX)
                return project_reader_fail(reader, -EBADMSG,
                                           ": /unchecked: has to be an array of at most %u keys",
                                           PROJECT_UNCHECKED_MAX);

        for (size_t i = 0; i < json_array_size(value); i++)
                if (isempty(json_string_value(json_array_get(value, i))))
                        return project_reader_fail(
                                        reader, -EBADMSG,
                                        ": /unchecked/%zu: has to be a key such as \"HostConfig.NewThing\"",
                                        i);

        reader->rules.unchecked = value;
        return 0;
}

static int read_stage(ProjectReader *reader, const char *name, json_t *stage, const char *pointer,
                      const char *kind) {
        const char *own = json_get_string(stage, "kind"), *key;
        json_t *value;

        if (!name_is_valid(name))
                return project_reader_fail(reader, -EBADMSG, ": %s: is no name of a stage", pointer);
        if (!json_is_object(stage))
                return project_reader_fail(reader, -EBADMSG, ": %s: has to be an object", pointer);

        json_object_foreach(stage, key, value) {
                int r;

                r = project_part_read(reader, pointer, key, value, streq(name, reader->subject->stage),
                                      "is not known for a stage: there are " PARTS " and watch");
                if (r < 0)
                        return r;
        }

        return project_job_check(reader, pointer, stage, own ? own : kind);
}

/* `kind` is the project's. */
static int read_stages(ProjectReader *reader, json_t *stages, const char *kind) {
        const char *name;
        json_t *stage;

        if (!stages)
                return 0;
        if (!json_is_object(stages) || json_object_size(stages) > PROJECT_STAGES_MAX)
                return project_reader_fail(reader, -EBADMSG,
                                           ": /stages: has to be an object of at most %u stages",
                                           PROJECT_STAGES_MAX);

        json_object_foreach(stages, name, stage) {
                char place[JSON_POINTER_SIZE];
                int r;

                json_pointer_append("/stages", name, place);
                r = read_stage(reader, name, stage, place, kind);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* The project's own parts come first: a stage's are put on top. */
static int read_project(ProjectReader *reader, json_t *project) {
        const char *key;
        json_t *value;
        int r;

        if (!json_is_object(project))
                return project_reader_fail(reader, -EBADMSG, ": has to be a JSON object");

        r = read_unchecked(reader, json_object_get(project, "unchecked"));
        if (r < 0)
                return r;

        json_object_foreach(project, key, value) {
                if (streq(key, "image") || streq(key, "stages") || streq(key, "unchecked"))
                        continue;

                r = project_part_read(reader, "", key, value, /* counts= */ true,
                                      "is not known: there are image, stages, unchecked, " PARTS
                                      " and watch");
                if (r < 0)
                        return r;
        }

        r = project_job_check(reader, "", project, json_get_string(project, "kind"));
        if (r >= 0)
                r = read_stages(reader, json_object_get(project, "stages"),
                                json_get_string(project, "kind"));
        return r < 0 ? r : read_image(reader, json_object_get(project, "image"));
}

int project_config_load(const char *dir, const ProjectSubject *subject, ProjectConfig *ret,
                        char *ret_problem, size_t size) {
        _cleanup_(project_config_done) ProjectConfig config = { .exists = false };
        _cleanup_(project_reader_done) ProjectReader reader = {
                .subject = subject, .folder = -1, .config = &config, .problem = ret_problem, .size = size
        };
        _cleanup_(json_freep) json_t *json = NULL;
        _cleanup_close_ int fd = -1;
        int r;

        assert(dir);
        assert(subject && subject->stage && name_is_valid(subject->project));
        assert(ret);
        assert(ret_problem && size >= PROJECT_PROBLEM_SIZE);

        reader.rules.api_minor = subject->api_minor;
        fd = project_reader_open(&reader, dir);
        if (fd < 0 && fd != -ENOENT)
                return fd;

        if (fd >= 0) {
                config.exists = true;
                r = project_reader_decode(&reader, fd, &json);
                if (r >= 0)
                        r = read_project(&reader, json);
                if (r < 0)
                        return r;
                project_job_settle(&config);
                project_limits_add_commands(&config.limits, &config.predeploy, &config.postdeploy);
        }

        *ret = config;
        config = (ProjectConfig){ .exists = false };
        return 0;
}

void project_config_done(ProjectConfig *config) {
        assert(config);

        json_decref(config->container);
        json_decref(config->volumes);
        json_decref(config->env);
        json_decref(config->env_files);
        project_health_done(&config->health);
        project_command_done(&config->predeploy);
        project_command_done(&config->postdeploy);
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
