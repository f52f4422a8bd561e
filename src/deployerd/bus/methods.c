/* SPDX-License-Identifier: MIT */
/* The methods of org.tinyforge.Deployer1.Manager. Each is: read, validate, authorise, one call; the reply comes later. */
#include <inttypes.h>

#include "deployerd/bus/access.h"
#include "deployerd/bus/methods.h"
#include "deployerd/bus/query.h"
#include "deployerd/config/policy.h"
#include "deployerd/config/project-config.h"
#include "shared/bus/errors.h"
#include "shared/bus/options.h"
#include "shared/log.h"
#include "shared/protocol.h"

/* The sentence for what a caller did wrong; the errno says which name it gets. */
static int refuse(sd_bus_error *error, int r, const char *reason) {
        return sd_bus_error_setf(error, error_name_from_errno(r), "%s", reason);
}

static const BusOption deploy_options[] = {
        { OPTION_DEPLOY_ID, "t", offsetof(DeployOptions, deploy_id) },
        { OPTION_STORE, "s", offsetof(DeployOptions, store) },
        { OPTION_PORT, "q", offsetof(DeployOptions, port) },
        { OPTION_HEALTHCHECK, "s", offsetof(DeployOptions, healthcheck) },
        { OPTION_MAX_INSTANCES, "u", offsetof(DeployOptions, max_instances) },
        { OPTION_UNDO, "b", offsetof(DeployOptions, undo) },
        { OPTION_FORCE, "b", offsetof(DeployOptions, force) },
        { OPTION_LOCAL, "b", offsetof(DeployOptions, local) },
        { OPTION_ROLLBACK, "b", offsetof(DeployOptions, rollback) },
        { OPTION_FAILED_DIGEST, "s", offsetof(DeployOptions, failed_digest) },
        /* For a deploy that is not made; the last one. */
        { OPTION_SHOW_SECRETS, "b", offsetof(DeployOptions, show_secrets) },
};

static int read_options(sd_bus_message *message, bool unmade, DeployOptions *ret, sd_bus_error *error) {
        DeployOptions options = DEPLOY_OPTIONS_NONE;
        unsigned seen;
        int r;

        r = bus_options_read(message, deploy_options, ELEMENTSOF(deploy_options) - !unmade, &options, &seen,
                             error);
        if (r < 0)
                return r;

        *ret = options;
        return 0;
}

static void on_deploy_end(const DeployResult *result, void *userdata) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = userdata;
        int r;

        if (result->error_name)
                r = sd_bus_reply_method_errorf(message, result->error_name, "%s", result->error_text);
        else
                r = sd_bus_reply_method_return(message, "sss", result->outcome, result->detail,
                                               result->container);
        if (r < 0)
                (void) log_error_errno(r, "Cannot reply to TriggerDeploy(): %m");
}

/* `*ret_setting` names the setting that does not allow the image; NULL: it is allowed. */
static int find_refusal(const DeployerConfig *config, const DeployRequest *request,
                        const char **ret_setting) {
        int r;

        *ret_setting = NULL;
        r = policy_allows_image(config->allow_images, request->image);
        if (r == 0)
                *ret_setting = "AllowImages=";
        if (r <= 0 || project_config_exists(config->projects_dir, request->project))
                return r;

        r = policy_allows_image(config->auto_create_images, request->image);
        if (r == 0)
                *ret_setting = "AutoCreateImages= (no file in projects.d describes the project)";
        return r;
}

static int check_policy(const Manager *manager, const DeployRequest *request, uid_t uid,
                        sd_bus_error *error) {
        const char *setting;
        int r;

        r = find_refusal(manager->config, request, &setting);
        if (r < 0 || !setting)
                return r;

        log_event(EVENT_POLICY_REFUSED,
                  &(EventFields){
                                  .project = request->project,
                                  .stage = request->stage,
                                  .image = request->text,
                                  .digest = request->image->digest,
                                  .deploy = request->deploy_id,
                                  .caller_uid = uid,
                  },
                  "Deploy %" PRIu64 " of %s/%s refused: %s does not allow %s", request->deploy_id,
                  request->project, request->stage, setting, request->repository);
        return sd_bus_error_setf(error, ERROR_NOT_PERMITTED,
                                 "%s in the deployer's configuration does not allow %s", setting,
                                 request->repository);
}

static const char *trigger_problem(int r) {
        switch (r) {
        case -EBUSY:
                return "Another deploy of this stage runs, or as many as may run at a time";
        case -EINTR:
                return "The deployer is being stopped";
        case -EINVAL:
                return "A deploy of this id runs for another stage";
        default:
                return NULL;
        }
}

int method_trigger_deploy(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *project, *stage, *image, *reason = "out of memory";
        _cleanup_(deploy_request_freep) DeployRequest *request = NULL;
        Manager *manager = userdata;
        DeployOptions options;
        uid_t uid;
        int r;

        r = manager_begin(manager, message, CALL_ALL, NULL, &uid, error);
        if (r != 0)
                return r;

        r = sd_bus_message_read(message, "sss", &project, &stage, &image);
        if (r >= 0)
                r = read_options(message, /* unmade= */ false, &options, error);
        if (r < 0)
                return r;

        r = deploy_request_new(project, stage, image, &options, &request, &reason);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return refuse(error, r, reason);

        /* Undoing brings nothing up that did not run before, whatever root says of it by now. */
        r = request->undo ? 0 : check_policy(manager, request, uid, error);
        if (r < 0)
                return r;

        if (query_removes(manager, project, stage))
                return refuse(error, -EBUSY, "The stage is being removed");

        r = deploys_trigger(manager->deploys, request, on_deploy_end, message);
        if (r < 0)
                return trigger_problem(r) ? refuse(error, r, trigger_problem(r)) : r;

        (void) TAKE_PTR(request);
        (void) sd_bus_message_ref(message);
        watches_leave(manager->watches, options.store, project, stage);
        return 1;
}

static const BusOption watch_options[] = {
        { OPTION_DEPLOY_ID, "t", offsetof(DeployOptions, deploy_id) },
        { OPTION_STORE, "s", offsetof(DeployOptions, store) },
        { OPTION_HEALTHCHECK, "s", offsetof(DeployOptions, healthcheck) },
        { OPTION_WATCH, "t", offsetof(DeployOptions, watch_usec) },
};

int method_watch_deploy(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *project, *stage, *image, *reason = "out of memory";
        _cleanup_(deploy_request_freep) DeployRequest *request = NULL;
        DeployOptions options = DEPLOY_OPTIONS_NONE;
        Manager *manager = userdata;
        unsigned seen;
        uid_t uid;
        int r;

        r = manager_begin(manager, message, CALL_ALL, NULL, &uid, error);
        if (r != 0)
                return r;

        r = sd_bus_message_read(message, "sss", &project, &stage, &image);
        if (r >= 0)
                r = bus_options_read(message, watch_options, ELEMENTSOF(watch_options), &options, &seen,
                                     error);
        if (r < 0)
                return r;
        if (options.watch_usec == 0 || options.watch_usec > WATCH_MAX_USEC)
                return refuse(error, -EINVAL, "Watch is required, in microseconds, and a day at most");

        r = deploy_request_new(project, stage, image, &options, &request, &reason);
        if (r < 0)
                return r == -ENOMEM ? r : refuse(error, r, reason);

        if (deploys_is_busy(manager->deploys, project, stage) || query_removes(manager, project, stage))
                return refuse(error, -EBUSY, "The stage is being deployed or removed");

        r = watches_begin(manager->watches, request, options.watch_usec);
        if (r < 0)
                return r == -EUSERS  ? refuse(error, r, "As many are watched as may be at a time")
                       : r == -EINTR ? refuse(error, r, "The deployer is being stopped")
                                     : r;

        (void) TAKE_PTR(request);
        return sd_bus_reply_method_return(message, NULL);
}

int method_cancel_deploy(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;
        const char *store;
        uint64_t deploy;
        uid_t uid;
        int r;

        r = manager_begin(manager, message, CALL_ALL, NULL, &uid, error);
        if (r != 0)
                return r;

        r = sd_bus_message_read(message, "st", &store, &deploy);
        if (r < 0)
                return r;

        r = deploys_cancel(manager->deploys, store, deploy);
        if (r == -ESRCH)
                return sd_bus_error_setf(error, ERROR_NO_SUCH_DEPLOY, "Deploy %" PRIu64 " does not run",
                                         deploy);
        if (r == -EALREADY)
                return sd_bus_error_setf(error, ERROR_ALREADY_FINISHED,
                                         "Deploy %" PRIu64 " runs its new container already", deploy);
        if (r < 0)
                return r;

        log_info("Deploy %" PRIu64 " is cancelled by uid %u", deploy, (unsigned) uid);
        return sd_bus_reply_method_return(message, NULL);
}

static int begin_problem(int r, sd_bus_error *error) {
        if (r == -EBUSY)
                return refuse(error, r, "As many calls as may be served at a time are served already");

        return r;
}

int method_inspect_image(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(image_ref_freep) ImageRef *image = NULL;
        const char *text, *reason = NULL;
        Manager *manager = userdata;
        uid_t uid;
        int r;

        r = manager_begin(manager, message, CALL_ALL, NULL, &uid, error);
        if (r != 0)
                return r;

        r = sd_bus_message_read(message, "s", &text);
        if (r < 0)
                return r;

        r = deploy_image_parse(text, &image, &reason);
        if (r == -EBADF)
                return refuse(error, r, strempty(reason));
        if (r < 0)
                return r;

        r = query_begin(manager, QUERY_IMAGE, message, image, NULL, NULL);
        if (r < 0)
                return begin_problem(r, error);

        (void) TAKE_PTR(image);
        return 1;
}

static int list(Manager *manager, QueryKind kind, sd_bus_message *message, sd_bus_error *error) {
        PolkitDetails about;
        uid_t uid;
        int r;

        r = manager_begin(manager, message, CALL_ANY, &about, &uid, error);
        if (r != 0)
                return r;

        r = query_begin(manager, kind, message, NULL, about.project, about.stage);
        return r < 0 ? begin_problem(r, error) : 1;
}

int method_list_instances(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        return list(userdata, QUERY_INSTANCES, message, error);
}

int method_list_endpoints(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        return list(userdata, QUERY_ENDPOINTS, message, error);
}

int method_list_strays(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        return list(userdata, QUERY_STRAYS, message, error);
}

/* A deploy that is not made needs neither an id nor a store: 0 is no deploy's id. */
static int read_unmade_request(sd_bus_message *message, DeployRequest **ret, sd_bus_error *error) {
        const char *project, *stage, *image, *reason = "out of memory";
        DeployOptions options;
        bool has_id;
        int r;

        r = sd_bus_message_read(message, "sss", &project, &stage, &image);
        if (r >= 0)
                r = read_options(message, /* unmade= */ true, &options, error);
        if (r < 0)
                return r;

        has_id = options.deploy_id > 0;
        options.deploy_id = has_id ? options.deploy_id : 1;
        options.store = options.store ? options.store : DEPLOY_STORE_NONE;
        r = deploy_request_new(project, stage, image, &options, ret, &reason);
        if (r < 0)
                return r == -ENOMEM ? r : refuse(error, r, reason);

        (*ret)->deploy_id = has_id ? options.deploy_id : 0;
        return 0;
}

/* Also DescribeContainer() and DescribeCommands(), which are the same with other answers. */
int method_get_container_body(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(deploy_request_freep) DeployRequest *request = NULL;
        Manager *manager = userdata;
        uid_t uid;
        int r;

        manager->hooks.on_activity(manager->userdata);
        r = read_unmade_request(message, &request, error);
        if (r < 0)
                return r;

        /* Environments hold secrets. */
        r = manager_authorise(manager, message,
                              &(PolkitDetails){ .project = request->project, .stage = request->stage }, &uid,
                              error);
        if (r != 0)
                return r;

        r = check_policy(manager, request, uid, error);
        if (r < 0)
                return r;

        r = query_begin_body(manager, message, request);
        if (r < 0)
                return begin_problem(r, error);

        (void) TAKE_PTR(request);
        return 1;
}

int method_remove_stage(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;
        PolkitDetails about;
        uid_t uid;
        int r;

        r = manager_begin(manager, message, CALL_PROJECT_OR_STAGE, &about, &uid, error);
        if (r != 0)
                return r;

        if (deploys_is_busy(manager->deploys, about.project, about.stage))
                return refuse(error, -EBUSY, "A deploy of it runs: cancel that, or wait for its end");
        if (query_removes(manager, about.project, about.stage))
                return refuse(error, -EBUSY, "It is being removed already");

        r = query_begin(manager, QUERY_REMOVE, message, NULL, about.project, about.stage);
        if (r < 0)
                return begin_problem(r, error);

        watches_end(manager->watches, about.project, about.stage, "the containers of the stage are removed");
        log_notice("All instances of %s%s%s are removed, as asked for by uid %u", about.project,
                   isempty(about.stage) ? "" : "/", about.stage, (unsigned) uid);
        return 1;
}

int method_take_over_stage(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Manager *manager = userdata;
        PolkitDetails about;
        const char *store;
        uid_t uid;
        int r;

        r = manager_begin(manager, message, CALL_STAGE, &about, &uid, error);
        if (r != 0)
                return r;

        r = sd_bus_message_read(message, "s", &store);
        if (r < 0)
                return r;
        if (!deploy_store_is_valid(store))
                return refuse(error, -EINVAL, "The store is a UUID in small letters");

        r = query_begin_take_over(manager, message, about.project, about.stage, store, uid);
        return r < 0 ? begin_problem(r, error) : 1;
}
