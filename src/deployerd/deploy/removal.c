/* SPDX-License-Identifier: MIT */
/* Everything of a stage goes: see removal.h. */
#include "deployerd/deploy/removal.h"

#include <stdio.h>

#include "deployerd/config/project-config.h"
#include "deployerd/deploy/command-run.h"
#include "deployerd/deploy/instance.h"
#include "deployerd/deploy/retain.h"
#include "deployerd/deploy/upstreams.h"
#include "deployerd/deploy/volumes.h"
#include "deployerd/repository-note.h"
#include "deployerd/takeover.h"
#include "shared/conf/conf.h"
#include "shared/image-ref.h"

/* What root's file says of the stage; for all stages where it has a mistake, which is no reason to let one run. */
static uint64_t find_grace(const DeployerConfig *config, const Instance *instance) {
        _cleanup_(project_config_done) ProjectConfig project = { .exists = false };
        const ProjectSubject subject = { .project = instance->project, .stage = instance->stage };
        char problem[PROJECT_PROBLEM_SIZE];
        DeployerConfig limited = *config;

        if (project_config_load(config->projects_dir, &subject, &project, problem, sizeof(problem)) >= 0)
                project_limits_apply(&project.limits, &limited);
        return limited.stop_grace_usec;
}

/* 1; 0: it is stopped, and stays, since what it has written would be found again by nobody. */
static int remove_one(Worker *worker, Engine *engine, const Instance *instance,
                      const DeployerConfig *config) {
        int r;

        if (worker_is_cancelled(worker))
                return worker_fail(worker, -EINTR, "The deployer is being stopped");

        r = engine_container_stop(engine, &instance->container, find_grace(config, instance));
        if (r < 0)
                return r;
        if (instance_note_volumes(engine, instance) < 0)
                return 0;

        r = instance_remove_noted(engine, instance);
        if (r < 0)
                return r;

        worker_log(worker, LOG_INFO, "%s is removed", instance->container.name);
        return 1;
}

/* All are stopped, also where one of them stays; then -EIO, and the first one's reason. */
static int remove_all(Worker *worker, Engine *engine, const InstanceList *list,
                      const DeployerConfig *config) {
        char reason[REASON_MAX] = "";

        /* The newest is the last to say which volumes the stage has. */
        for (size_t i = list->n; i > 0; i--) {
                const Instance *instance = &list->items[i - 1];
                int r;

                r = remove_one(worker, engine, instance, config);
                if (r < 0)
                        return r;
                if (r > 0)
                        continue;

                worker_log(worker, LOG_WARNING, "%s is stopped, and stays: %s", instance->container.name,
                           worker_error(worker));
                if (isempty(reason))
                        (void) snprintf(reason, sizeof(reason), "%s is stopped, and stays: %s",
                                        instance->container.name, worker_error(worker));
        }

        return isempty(reason) ? 0 : worker_fail(worker, -EIO, "%s", reason);
}

/* The tags that kept the images of the stage for a rollback. That an image stays is no reason to fail. */
static void release_images(Worker *worker, Engine *engine, const Container *container) {
        const char *image = json_string_value(
                        json_object_get(json_object_get(container->json, "Config"), "Image"));
        const char *project = strempty(container_label(container, LABEL_PROJECT)),
                   *stage = strempty(container_label(container, LABEL_STAGE));
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        int r;

        r = image ? image_ref_parse(image, &ref, NULL) : -EBADMSG;
        if (r >= 0)
                r = retain_sweep(engine, ref,
                                 &(RetainOwner){ project, stage,
                                                 strempty(container_label(container, LABEL_STORE)) },
                                 0);
        if (r < 0)
                worker_log(worker, LOG_NOTICE, "Images of %s/%s stay on this machine", project, stage);
}

/* What commands of deploys that died have left, and the last job, whose images nobody else tells of. */
static int remove_command(Worker *worker, Engine *engine, const ContainerRow *row,
                          const DeployerConfig *config) {
        _cleanup_(container_done) Container container = { .json = NULL };
        int r;

        r = engine_container_inspect(engine, row->id, &container);
        if (r <= 0)
                return r;

        r = command_remove(engine, row->id, config->stop_grace_usec);
        if (r < 0)
                return r;

        worker_log(worker, LOG_INFO, "%s is removed", row->name);
        release_images(worker, engine, &container);
        return 0;
}

static int remove_commands(Worker *worker, Engine *engine, const char *project, const char *stage,
                           const DeployerConfig *config) {
        _cleanup_(container_list_done) ContainerList rows = { .n = 0 };
        int r;

        r = instance_list_rows(engine, project, stage, &rows);
        for (size_t i = 0; r >= 0 && i < rows.n; i++)
                if (container_row_label(&rows.rows[i], LABEL_COMMAND))
                        r = remove_command(worker, engine, &rows.rows[i], config);

        return r;
}

/* Proxies are told before anything stops. */
static void publish_down(Worker *worker, const InstanceList *list) {
        const InstanceList nothing = { .n = 0 };
        _cleanup_free_ char *dir = NULL;
        int r;

        r = upstreams_dir(&dir);
        for (size_t i = 0; r >= 0 && i < list->n; i++)
                r = upstreams_write(dir, list->items[i].project, list->items[i].stage, &nothing);
        if (r < 0)
                worker_log(worker, LOG_WARNING, "Cannot write the file for the proxy: %s", strerror(-r));
}

/* What is left would be mounted by whatever runs under the name next. */
static void release_name(Worker *worker, Engine *engine, const char *project) {
        int r;

        r = volumes_are_left(engine, project);
        if (r == 0)
                repository_note_forget(project);
        else
                worker_log(worker, LOG_NOTICE, "The name %s stays with its image: %s", project,
                           r < 0 ? worker_error(worker) : "volumes of it are left");
}

/* Also of a stage that has no container any more. */
static void forget_take_overs(const char *project, const char *stage) {
        _cleanup_(strv_freep) char **stages = NULL;
        size_t length = strlen(project);

        if (takeover_list(&stages) < 0)
                return;

        for (char **s = stages; *s; s++)
                if (strncmp(*s, project, length) == 0 && (*s)[length] == '/' &&
                    (isempty(stage) || streq(*s + length + 1, stage)))
                        takeover_forget(project, *s + length + 1);
}

int removal_run(Worker *worker, const DeployerConfig *config, const char *project, const char *stage) {
        _cleanup_(instance_list_done) InstanceList list = { .n = 0 };
        _cleanup_(engine_freep) Engine *engine = NULL;
        int r;

        assert(worker);
        assert(config);
        assert(project);

        r = engine_open(worker, config->engine, &engine);
        if (r >= 0)
                r = instance_list(engine, project, stage, &list);
        if (r < 0)
                return r;

        publish_down(worker, &list);
        r = remove_commands(worker, engine, project, stage, config);
        if (r >= 0)
                r = remove_all(worker, engine, &list, config);
        if (r < 0)
                return r;

        for (size_t i = 0; i < list.n; i++)
                release_images(worker, engine, &list.items[i].container);
        forget_take_overs(project, stage);
        if (isempty(stage))
                release_name(worker, engine, project);

        return worker_succeed(worker, json_object());
}
