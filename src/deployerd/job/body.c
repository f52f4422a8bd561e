/* SPDX-License-Identifier: MIT */
/* A deploy that is not made: see body.h. */
#include "deployerd/job/body.h"

#include <stdio.h>

#include "deployerd/config/json-diff.h"
#include "deployerd/config/project-env.h"
#include "deployerd/deploy/command-body.h"
#include "deployerd/deploy/container-body.h"
#include "deployerd/deploy/instance.h"
#include "deployerd/deploy/networks.h"
#include "deployerd/deploy/project.h"
#include "deployerd/deploy/recall.h"
#include "deployerd/deploy/volumes.h"
#include "deployerd/engine/images.h"
#include "deployerd/takeover.h"
#include "shared/json.h"

/* All that goes into a body. */
typedef struct Draft {
        const DeployRequest *request;
        Engine *engine;
        ProjectConfig project;
        EngineImage image;
        ContainerList rows;
        InstanceList list;
        json_t *noted_volumes, *lent_volumes;
        bool takes_over; /* what other stores have in the stage is replaced as well */
} Draft;

static void draft_done(Draft *draft) {
        engine_free(draft->engine);
        project_config_done(&draft->project);
        engine_image_done(&draft->image);
        instance_list_done(&draft->list);
        container_list_done(&draft->rows);
        json_decref(draft->noted_volumes);
        json_decref(draft->lent_volumes);
}

static int draft_read(Draft *draft, Worker *worker, const DeployerConfig *config) {
        const DeployRequest *request = draft->request;
        int r;

        draft->takes_over = streq(request->store, DEPLOY_STORE_NONE) ||
                            takeover_is_noted(request->project, request->stage, request->store);
        r = engine_open(worker, config->engine, &draft->engine);
        if (r >= 0)
                r = project_load(draft->engine, config, request, &draft->project);
        if (r >= 0)
                r = instance_list_rows(draft->engine, request->project, /* stage= */ NULL, &draft->rows);
        if (r >= 0)
                r = project_check_repository(draft->engine, &draft->project, &draft->rows, request);
        if (r >= 0)
                r = !request->local && draft->project.pull == PROJECT_PULL_ALWAYS
                                    ? engine_image_inspect(draft->engine, request->image, &draft->image)
                                    : engine_image_find(draft->engine, request->image, &draft->image);
        if (r >= 0)
                r = instance_list_look(draft->engine, &draft->rows, request->stage, &draft->list);
        if (r >= 0)
                r = recall_volumes(draft->engine, request, draft->takes_over, &draft->list,
                                   &draft->noted_volumes);
        return r < 0 ? r : volumes_lent(draft->engine, draft->project.container, &draft->lent_volumes);
}

/* What a deploy would replace: the newest one that was switched to, or NULL. */
static const Container *find_replaced(const Draft *draft) {
        for (size_t i = 0; i < draft->list.n; i++)
                if (!draft->list.items[i].pending &&
                    instance_is_owned(&draft->list.items[i], draft->request->store, draft->takes_over))
                        return &draft->list.items[i].container;

        return NULL;
}

/* An image that was never here has no digest yet: the body then names what was asked for. */
static int body_forget_digest(json_t *body, const DeployRequest *request) {
        (void) json_object_del(json_object_get(body, "Labels"), LABEL_DIGEST);
        return json_object_set_new(body, "Image", json_string(request->text)) < 0 ? -ENOMEM : 0;
}

static int draft_make(const Draft *draft, const ProjectConfig *project, const DeployerConfig *config,
                      json_t **ret) {
        const DeployRequest *request = draft->request;
        const EngineImage *image = &draft->image;
        const char *digest = request->image->digest ? request->image->digest : image->digest;
        const BodyImage known = { .digest = strempty(digest),
                                  .port = request->port > 0 ? request->port : image->port,
                                  .volumes = image->volumes,
                                  .lent_volumes = draft->lent_volumes,
                                  .noted_volumes = draft->noted_volumes };
        DeployerConfig limited = *config;
        char hash[CONFIG_HASH_SIZE];
        int r;

        project_limits_apply(&project->limits, &limited);
        r = container_body(engine_quirks(draft->engine), request, project, &limited, &known,
                           find_replaced(draft), ret, hash);
        return r < 0 || digest ? r : body_forget_digest(*ret, request);
}

/* Where it differs from what there would be without root's file, of which a hash of the whole tells nobody anything. */
static int draft_compare(const Draft *draft, const DeployerConfig *config, const json_t *body,
                         json_t **ret) {
        const ProjectConfig nothing = { .exists = false };
        _cleanup_(json_freep) json_t *plain = NULL;
        int r;

        r = draft_make(draft, &nothing, config, &plain);
        if (r < 0)
                return r;
        if (json_object_set(json_object_get(plain, "Labels"), LABEL_CONFIG,
                            json_path(body, "Labels", LABEL_CONFIG, NULL)) < 0)
                return -ENOMEM;

        return json_diff(plain, body, ret);
}

/* Of a container that is to run beside the old one. */
static int note_hostname(const Draft *draft, Worker *worker, const json_t *body, json_t *notes) {
        const char *name = networks_early_name(draft->engine, body), *reason;

        if (!name || project_replace(worker, &draft->project, draft->request, body, &reason) != 0)
                return 0;

        return json_array_append_new(
                               notes,
                               json_sprintf("By its Hostname %.64s a new container is found as soon as it "
                                            "starts; by one of its Aliases only once it is well.",
                                            name)) < 0
                               ? -ENOMEM
                               : 0;
}

/* What may surprise who wrote the file: an array of sentences. */
static int draft_note(const Draft *draft, Worker *worker, const json_t *body, json_t **ret) {
        _cleanup_(json_freep) json_t *dropped = NULL, *notes = json_array();
        char names[512] = "";
        int r;

        r = project_env_dropped(&draft->project, &dropped);
        if (r < 0)
                return r;

        for (size_t i = 0, n = 0; i < json_array_size(dropped) && n < sizeof(names) - 1; i++)
                n += (size_t) snprintf(names + n, sizeof(names) - n, "%s%.128s", i > 0 ? ", " : "",
                                       json_string_value(json_array_get(dropped, i)));
        if (names[0] &&
            json_array_append_new(
                            notes,
                            json_sprintf("The Env of %s takes the place of the project's, and drops %s; "
                                         "\"env\" merges by name.",
                                         draft->request->stage, names)) < 0)
                return -ENOMEM;
        if (!notes)
                return -ENOMEM;

        r = note_hostname(draft, worker, body, notes);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(notes);
        return 0;
}

/* Of each command that a deploy would run, by its kind, the body of its container; of a job that is the stage's only one. */
static int draft_commands(const Draft *draft, const json_t *body, bool show_secrets, json_t **ret) {
        _cleanup_(json_freep) json_t *commands = json_object();
        bool is_job = draft->project.kind == PROJECT_JOB;
        int r;

        for (CommandKind kind = 0; commands && kind < _COMMAND_MAX; kind++) {
                _cleanup_(json_freep) json_t *own = NULL;

                if (kind == COMMAND_JOB ? !is_job : !command_of(&draft->project, kind)->words)
                        continue;

                r = command_body(body, &draft->project, kind, &own);
                if (r >= 0 && !show_secrets)
                        r = project_env_hide(&draft->project, own);
                if (r < 0)
                        return r;
                if (json_object_set(commands, command_kind_to_string(kind), own) < 0)
                        return -ENOMEM;
        }

        *ret = TAKE_PTR(commands);
        return *ret ? 0 : -ENOMEM;
}

int query_body(Worker *worker, const DeployerConfig *config, const DeployRequest *request) {
        _cleanup_(json_freep) json_t *body = NULL, *changed = NULL, *notes = NULL, *commands = NULL;
        _cleanup_(draft_done) Draft draft = { .request = request };
        int r;

        assert(worker);
        assert(config);
        assert(request);

        r = draft_read(&draft, worker, config);
        if (r >= 0)
                r = draft_make(&draft, &draft.project, config, &body);
        if (r >= 0)
                r = draft_compare(&draft, config, body, &changed);
        if (r >= 0)
                r = draft_note(&draft, worker, body, &notes);
        if (r >= 0)
                r = draft_commands(&draft, body, request->show_secrets, &commands);
        if (r >= 0 && !request->show_secrets)
                r = project_env_hide(&draft.project, body);
        if (r < 0)
                return r;

        r = worker_succeed(worker, json_pack("{s:O, s:O, s:O, s:O}", "body", body, "changed", changed,
                                             "notes", notes, "commands", commands));
        return r == -E2BIG ? worker_fail(worker, -EBADMSG, "The body is too large to be shown") : r;
}
