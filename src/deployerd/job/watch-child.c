/* SPDX-License-Identifier: MIT */
/* The children of the watches: see watch-child.h. */
#include "deployerd/job/watch-child.h"

#include <stdio.h>

#include "deployerd/config/project-config.h"
#include "deployerd/deploy/health.h"
#include "deployerd/deploy/instance.h"
#include "deployerd/engine/events.h"
#include "deployerd/worker/report.h"
#include "shared/healthcheck.h"
#include "shared/json.h"
#include "shared/protocol.h"

typedef struct Follower {
        Worker *worker;
        unsigned n;
        int error; /* of what could not be told */
} Follower;

static void on_open(void *userdata) {
        Follower *follower = userdata;

        follower->error = worker_report(follower->worker, json_pack("{s:s}", REPORT_KEY, REPORT_OPEN));
}

/* An engine tells the labels among the attributes. */
static void on_event(const json_t *event, void *userdata) {
        const json_t *attributes = json_path(event, "Actor", "Attributes", NULL);
        const char *store = json_get_string(attributes, LABEL_STORE),
                   *deploy = json_get_string(attributes, LABEL_DEPLOY),
                   *action = json_get_string(event, "Action");
        ContainerEnd end = { .known = false };
        Follower *follower = userdata;
        json_t *report;

        if (!store || !deploy || !action || follower->error < 0 || follower->n++ >= WATCH_EVENTS_MAX)
                return;

        container_end_note(&end, event);
        report = json_pack("{s:s, s:s, s:s, s:s}", REPORT_KEY, REPORT_EVENT, "store", store, "deploy",
                           deploy, "action", action);
        if (report && end.known && json_object_set_new(report, "code", json_integer(end.code)) < 0)
                report = json_free(report);
        follower->error = worker_report(follower->worker, report);
}

int watch_child_follow(Worker *worker, const DeployerConfig *config) {
        _cleanup_(engine_freep) Engine *engine = NULL;
        Follower follower = { .worker = worker };
        int r;

        assert(worker);
        assert(config);

        r = engine_open(worker, config->engine, &engine);
        if (r >= 0)
                r = engine_follow_events(engine, on_open, on_event, &follower);
        if (r >= 0)
                r = follower.error;
        return r < 0 ? r : worker_succeed(worker, json_object());
}

static int look_succeed(Worker *worker, const char *verdict, const char *reason) {
        return worker_succeed(worker, json_pack("{s:s, s:s}", "verdict", verdict, "reason", reason));
}

/* Root's file: whose check counts, and what is secret. One that has got a mistake since says nothing. */
static void look_read_project(Engine *engine, const DeployerConfig *config, const DeployRequest *request,
                              ProjectConfig *ret) {
        const ProjectSubject subject = { .project = request->project,
                                         .stage = request->stage,
                                         .api_minor = engine_api_minor(engine) };
        char problem[PROJECT_PROBLEM_SIZE];

        if (project_config_load(config->projects_dir, &subject, ret, problem, sizeof(problem)) >= 0)
                engine_set_secrets(engine, ret->env_files);
}

/* 1: it is what that deploy has brought; 0: nothing is, any more. */
static int look_find(Engine *engine, const DeployRequest *request, Instance *ret) {
        _cleanup_(container_done) Container container = { .json = NULL };
        char name[INSTANCE_NAME_SIZE];
        Instance instance;
        int r;

        instance_name(request->project, request->stage, request->deploy_id, /* pending= */ false, name);
        r = engine_container_inspect(engine, name, &container);
        if (r <= 0)
                return r;

        if (instance_read(&container, &instance) < 0)
                return 0;

        container = instance.container;
        if (instance.deploy != request->deploy_id || !streq(instance.store, request->store))
                return 0;

        *ret = instance;
        container = (Container){ .json = NULL };
        return 1;
}

static int look_judge(Engine *engine, const DeployRequest *request, const ProjectConfig *project,
                      const WatchSigns *signs, const Container *container) {
        const char *check = project->health.check ? project->health.check : request->healthcheck;
        bool check_counts = !healthcheck_overrules_image(check);
        char text[128], more[REASON_MAX / 2], reason[REASON_MAX];
        Worker *worker = engine_worker(engine);

        switch (watch_judge(container, signs, check_counts, text, sizeof(text))) {
        case WATCH_STOPPED:
                return look_succeed(worker, WATCH_LOOK_STOPPED, text);
        case WATCH_FAILED:
                health_diagnose(engine, container->id, check_counts, more, sizeof(more));
                (void) snprintf(reason, sizeof(reason), "%s%s", text, more);
                return look_succeed(worker, WATCH_LOOK_FAILED, reason);
        case WATCH_WELL:
        default:
                return look_succeed(worker, WATCH_LOOK_WELL, "");
        }
}

int watch_child_look(Worker *worker, const DeployerConfig *config, const DeployRequest *request,
                     const WatchSigns *signs) {
        _cleanup_(project_config_done) ProjectConfig project = { .exists = false };
        _cleanup_(container_done) Container owned = { .json = NULL };
        _cleanup_(engine_freep) Engine *engine = NULL;
        Instance instance;
        int r;

        assert(worker);
        assert(config);
        assert(request);
        assert(signs);

        r = engine_open(worker, config->engine, &engine);
        if (r < 0)
                return r;

        look_read_project(engine, config, request, &project);
        r = look_find(engine, request, &instance);
        if (r < 0)
                return r;
        if (r == 0)
                return look_succeed(worker, WATCH_LOOK_GONE, "somebody removed it");

        owned = instance.container;
        return look_judge(engine, request, &project, signs, &owned);
}
