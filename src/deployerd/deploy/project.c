/* SPDX-License-Identifier: MIT */
/* Root's file, for one request: see project.h. */
#include "deployerd/deploy/project.h"

#include "deployerd/deploy/instance.h"
#include "deployerd/deploy/networks.h"
#include "deployerd/deploy/recreate.h"
#include "deployerd/repository-note.h"
#include "shared/json.h"

/* The repository of what an engine calls an image, freshly allocated; NULL where that does not tell. */
static int find_repository(const char *image, char **ret) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        int r;

        r = image_ref_parse(strempty(image), &ref, NULL);
        if (r >= 0)
                return image_ref_repository(ref, ret);
        if (r == -ENOMEM)
                return r;

        *ret = NULL;
        return 0;
}

static int refuse_repository(Worker *worker, const DeployRequest *request, const char *what,
                             const char *repository) {
        return worker_fail(worker, -EPERM,
                           "%s is of %.300s, and what is to be deployed is %.300s: only a file "
                           "projects.d/%s.json that names that image lets the project change",
                           what, repository, request->repository, request->project);
}

/* What ran may be gone, and its volumes still be there. */
static int check_note(Worker *worker, const DeployRequest *request) {
        _cleanup_free_ char *repository = NULL;
        int r;

        r = repository_note_read(request->project, &repository);
        if (r < 0)
                return worker_fail(worker, -EIO, "Cannot read which repository %s has run: %s",
                                   request->project, strerror(-r));
        if (r == 0 || streq(repository, request->repository))
                return 0;

        return refuse_repository(worker, request, request->project, repository);
}

/* A list that names the repository of the request is believed; what it tells otherwise can be an id, and is looked at. */
static int check_row(Engine *engine, const ContainerRow *row, const DeployRequest *request) {
        _cleanup_(container_done) Container container = { .json = NULL }, owned = { .json = NULL };
        _cleanup_free_ char *listed = NULL, *repository = NULL;
        Instance instance;
        int r;

        if (instance_name_is_pending(row->name))
                return 0;

        /* An id reads like the name of an image. */
        r = strncmp(row->image, "sha256:", 7) == 0 ? 0 : find_repository(row->image, &listed);
        if (r < 0 || (listed && streq(listed, request->repository)))
                return r;

        r = engine_container_inspect(engine, row->id, &container);
        if (r <= 0 || instance_read(&container, &instance) < 0)
                return r < 0 ? r : 0;

        owned = instance.container;
        if (instance.pending)
                return 0;

        r = find_repository(json_string_value(json_path(owned.json, "Config", "Image", NULL)), &repository);
        return r >= 0 && repository && !streq(repository, request->repository)
                               ? refuse_repository(engine_worker(engine), request, owned.name, repository)
                               : r;
}

/* Whoever can trigger a deploy could otherwise have any image take over a name, its volumes and its port. */
int project_check_repository(Engine *engine, const ProjectConfig *project, const ContainerList *rows,
                             const DeployRequest *request) {
        int r = 0;

        assert(engine);
        assert(project);
        assert(rows);
        assert(request);

        if (project->exists)
                return 0;

        for (size_t i = 0; r >= 0 && i < rows->n; i++)
                r = check_row(engine, &rows->rows[i], request);

        return r < 0 ? r : check_note(engine_worker(engine), request);
}

int project_load(Engine *engine, const DeployerConfig *config, const DeployRequest *request,
                 ProjectConfig *ret) {
        ProjectSubject subject;
        char problem[PROJECT_PROBLEM_SIZE];
        int r;

        assert(engine);
        assert(config);
        assert(request);
        assert(ret);

        subject = (ProjectSubject){
                .project = request->project,
                .stage = request->stage,
                .repository = request->repository,
                .api_minor = engine_api_minor(engine),
        };
        r = project_config_load(config->projects_dir, &subject, ret, problem, sizeof(problem));
        if (r < 0)
                return r == -ENOMEM ? r : worker_fail(engine_worker(engine), r, "%s", problem);

        r = networks_check(engine, ret->container);
        if (r < 0)
                project_config_done(ret);

        return r;
}

int project_replace(Worker *worker, const ProjectConfig *project, const DeployRequest *request,
                    const json_t *body, const char **ret_reason) {
        const char *reason;

        assert(worker);
        assert(project);
        assert(request);
        assert(body);
        assert(ret_reason);

        reason = container_body_recreate_reason(body, project->shareable);
        if (reason && project->replace == PROJECT_REPLACE_OVERLAP)
                return worker_fail(worker, -EBADMSG,
                                   "projects.d/%s.json: %s cannot have \"replace\": \"overlap\", because %s",
                                   request->project, request->stage, reason);
        if (!reason && project->replace == PROJECT_REPLACE_RECREATE)
                reason = "root's file of the project wants it";

        *ret_reason = reason;
        return reason ? 1 : 0;
}

HealthSpec project_health(const ProjectConfig *project, const DeployRequest *request, uint16_t port,
                          bool has_healthcheck) {
        const ProjectHealth *health;

        assert(project);
        assert(request);

        health = &project->health;
        if (!health->check)
                return (HealthSpec){ .has_healthcheck = has_healthcheck,
                                     .healthcheck = request->healthcheck,
                                     .port = port };

        return (HealthSpec){
                .has_healthcheck = has_healthcheck,
                .healthcheck = health->check,
                .host = health->host,
                .port = health->port > 0 ? health->port : port,
                .status_first = health->status_first,
                .status_last = health->status_last,
        };
}
