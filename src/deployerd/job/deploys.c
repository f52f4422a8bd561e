/* SPDX-License-Identifier: MIT */
/* The deploys that run: see deploys.h. */
#include "deployerd/job/deploys.h"

#include <inttypes.h>
#include <stdio.h>

#include "deployerd/deploy/deploy.h"
#include "deployerd/worker/operation.h"
#include "deployerd/worker/report.h"
#include "shared/bus/errors.h"
#include "shared/json.h"
#include "shared/log.h"
#include "shared/protocol.h"

typedef struct Waiter {
        DeployOnEnd on_end;
        void *userdata;
} Waiter;

typedef struct Job {
        Deploys *deploys;
        DeployRequest *request;
        Operation *operation;
        Waiter waiters[DEPLOY_WAITERS_MAX];
        unsigned n_waiters;
        char *digest;         /* what it resolved; NULL: not yet */
        char *phase, *detail; /* where it is now; NULL: at its very beginning */
        bool settled;         /* nothing is left of an earlier attempt */
        bool switched;        /* it runs the new container: there is no way back */
        bool cancelled;       /* by deploys_cancel() */
        struct Job *next;
} Job;

struct Deploys {
        sd_event *event;
        const DeployerConfig *config;
        DeploysHooks hooks;
        void *userdata;
        Job *jobs;
        bool stopping;
};

int deploys_new(sd_event *event, const DeployerConfig *config, const DeploysHooks *hooks, void *userdata,
                Deploys **ret) {
        Deploys *deploys;

        assert(event);
        assert(config);
        assert(hooks && hooks->on_progress && hooks->on_engine && hooks->on_count);
        assert(ret);

        deploys = calloc(1, sizeof(*deploys));
        if (!deploys)
                return -ENOMEM;

        deploys->event = sd_event_ref(event);
        deploys->config = config;
        deploys->hooks = *hooks;
        deploys->userdata = userdata;
        *ret = deploys;
        return 0;
}

static Job *job_free(Job *job) {
        if (!job)
                return NULL;

        operation_free(job->operation);
        deploy_request_free(job->request);
        free(job->digest);
        free(job->phase);
        free(job->detail);
        free(job);
        return NULL;
}

DEFINE_CLEANUP(Job, job_free)

Deploys *deploys_free(Deploys *deploys) {
        if (!deploys)
                return NULL;

        while (deploys->jobs) {
                Job *job = deploys->jobs;

                deploys->jobs = job->next;
                job_free(job);
        }
        sd_event_unref(deploys->event);
        free(deploys);
        return NULL;
}

unsigned deploys_count(const Deploys *deploys) {
        unsigned n = 0;

        assert(deploys);

        for (const Job *job = deploys->jobs; job; job = job->next)
                n++;

        return n;
}

static void job_unlink(Job *job) {
        for (Job **link = &job->deploys->jobs; *link; link = &(*link)->next)
                if (*link == job) {
                        *link = job->next;
                        return;
                }
}

static int run_job(Worker *worker, void *userdata) {
        const Job *job = userdata;

        return deploy_run(worker, job->request, job->deploys->config);
}

/* Without memory it is not told again, and that is all. */
static void remember(char **place, const char *text) {
        free(*place);
        *place = strdup(text);
}

/* Whoever comes in the middle has missed what was told: the digest, which has to be kept, and where the deploy is. */
static void job_tell_again(const Job *job) {
        const Deploys *deploys = job->deploys;
        uint64_t id = job->request->deploy_id;

        if (job->digest)
                deploys->hooks.on_progress(id, PHASE_RESOLVED, job->digest, deploys->userdata);
        if (job->phase && job->detail && !streq(job->phase, PHASE_RESOLVED))
                deploys->hooks.on_progress(id, job->phase, job->detail, deploys->userdata);
}

static EventFields fields_of(const DeployRequest *request) {
        return (EventFields){
                .project = request->project,
                .stage = request->stage,
                .image = request->text,
                .deploy = request->deploy_id,
                .caller_uid = (uid_t) -1,
        };
}

static void tell_postdeploy(const DeployRequest *request, const char *reason) {
        EventFields fields = fields_of(request);

        log_event(EVENT_POSTDEPLOY_FAILED, &fields, "Deploy %" PRIu64 " of %s/%s: %s", request->deploy_id,
                  request->project, request->stage, reason);
}

static void on_job_progress(Job *job, const char *phase, const char *detail) {
        const Deploys *deploys = job->deploys;

        remember(&job->phase, phase);
        remember(&job->detail, detail);
        if (streq(phase, PHASE_RESOLVED))
                remember(&job->digest, detail);
        if (streq(phase, PHASE_SWITCHED))
                job->switched = true;
        if (streq(phase, PHASE_POSTDEPLOY_FAILED))
                tell_postdeploy(job->request, detail);
        deploys->hooks.on_progress(job->request->deploy_id, phase, detail, deploys->userdata);
}

/* What root allows the project beyond what counts for all. */
static void job_put_off(Job *job, int64_t usec) {
        if (usec > 0 && (uint64_t) usec > job->deploys->config->deploy_deadline_usec &&
            (uint64_t) usec <= DEPLOY_DEADLINE_MAX_USEC)
                operation_set_deadline(job->operation, (uint64_t) usec);
}

static void tell_place(const DeployRequest *request, const json_t *report) {
        EventFields fields = fields_of(request);

        log_event(EVENT_ENGINE_NOTED, &fields, "Deploys are in %s at %s from now on",
                  strempty(json_get_string(report, "name")), strempty(json_get_string(report, "socket")));
}

static void on_job_report(const char *kind, const json_t *report, void *userdata) {
        Job *job = userdata;
        const DeployRequest *request = job->request;
        const Deploys *deploys = job->deploys;
        EventFields fields = fields_of(request);

        if (streq(kind, REPORT_ENGINE))
                deploys->hooks.on_engine(report, deploys->userdata);
        else if (streq(kind, REPORT_PROGRESS))
                on_job_progress(job, strempty(json_get_string(report, "phase")),
                                strempty(json_get_string(report, "detail")));
        else if (streq(kind, REPORT_DEADLINE))
                job_put_off(job, json_get_int(report, "usec", 0));
        else if (streq(kind, REPORT_PLACE))
                tell_place(request, report);
        else if (streq(kind, REPORT_SETTLED))
                job->settled = true;
        else if (streq(kind, REPORT_LOG))
                log_about(LOG_PRI((int) json_get_int(report, "priority", LOG_INFO)), &fields,
                          "Deploy %" PRIu64 " of %s/%s: %s", request->deploy_id, request->project,
                          request->stage, strempty(json_get_string(report, "text")));
}

/*
 * Whether a child that was interrupted has left what ran before. After the switch the rest is left to the next attempt,
 * and so is the undoing of what it, or an earlier attempt, did not come to undo.
 */
static bool job_is_undone(const Job *job, const OperationEnd *end) {
        return job->cancelled && job->settled && !job->switched && end->reported;
}

static DeployResult job_result(const Job *job, const OperationEnd *end) {
        DeployResult result = {
                .error_name = end->error_name,
                .error_text = end->error_text,
                .outcome = json_get_string(end->result, "outcome"),
                .detail = json_get_string(end->result, "detail"),
                .container = json_get_string(end->result, "container"),
        };

        if (result.error_name && streq(result.error_name, ERROR_INTERRUPTED) && job_is_undone(job, end))
                return (DeployResult){ .error_name = ERROR_CANCELLED,
                                       .error_text = "it was cancelled, and what it had done is undone" };

        if (!result.error_name && (!result.outcome || !result.detail || !result.container))
                return (DeployResult){ .error_name = ERROR_ENGINE_FAILED,
                                       .error_text = "the deployer's child process told no outcome" };

        return result;
}

/* With the outcome, and right before it: whoever hears of the one has heard of the other. */
static void job_tell_watch(const Job *job, const OperationEnd *end) {
        const Deploys *deploys = job->deploys;
        int64_t usec = json_get_int(end->result, "watch", 0);
        char text[24];

        if (end->error_name || usec <= 0)
                return;

        (void) snprintf(text, sizeof(text), "%" PRIi64, usec);
        deploys->hooks.on_progress(job->request->deploy_id, PHASE_WATCHED, text, deploys->userdata);
}

static void on_job_end(const OperationEnd *end, void *userdata) {
        _cleanup_(job_freep) Job *job = userdata;
        const DeployRequest *request = job->request;
        DeployResult result = job_result(job, end);

        log_info("Deploy %" PRIu64 " of %s/%s: %s: %s", request->deploy_id, request->project, request->stage,
                 result.error_name ? result.error_name : result.outcome,
                 result.error_name ? result.error_text : result.detail);

        job_tell_watch(job, end);
        /* Who is told may trigger the next deploy of the stage. */
        job_unlink(job);
        job->deploys->hooks.on_count(deploys_count(job->deploys), job->deploys->userdata);
        for (unsigned i = 0; i < job->n_waiters; i++)
                job->waiters[i].on_end(&result, job->waiters[i].userdata);
}

static Job *find_job(const Deploys *deploys, const char *store, uint64_t deploy_id) {
        for (Job *job = deploys->jobs; job; job = job->next)
                if (job->request->deploy_id == deploy_id && streq(job->request->store, store))
                        return job;

        return NULL;
}

bool deploys_is_busy(const Deploys *deploys, const char *project, const char *stage) {
        assert(deploys);
        assert(project);

        for (const Job *job = deploys->jobs; job; job = job->next)
                if (streq(job->request->project, project) &&
                    (isempty(stage) || streq(job->request->stage, stage)))
                        return true;

        return false;
}

static int job_add_waiter(Job *job, DeployOnEnd on_end, void *userdata) {
        if (job->n_waiters >= DEPLOY_WAITERS_MAX)
                return -EBUSY;

        job->waiters[job->n_waiters++] = (Waiter){ on_end, userdata };
        return 0;
}

/* One that only undoes has nothing to be called off: it is to come to its end. */
static void job_cancel(Job *job) {
        if (job->switched || job->request->undo)
                return;

        job->cancelled = true;
        operation_call_off(job->operation);
}

/* `request` is taken over on success only. */
static int deploys_begin(Deploys *deploys, DeployRequest *request, DeployOnEnd on_end, void *userdata) {
        static const OperationHooks hooks = { run_job, on_job_report, on_job_end };
        _cleanup_(job_freep) Job *job = NULL;
        int r;

        job = calloc(1, sizeof(*job));
        if (!job)
                return -ENOMEM;

        job->deploys = deploys;
        job->request = request;
        (void) job_add_waiter(job, on_end, userdata);
        r = operation_new(deploys->event, &hooks, job, deploys->config->deploy_deadline_usec,
                          &job->operation);
        if (r < 0) {
                job->request = NULL;
                return r;
        }

        job->next = deploys->jobs;
        deploys->jobs = TAKE_PTR(job);
        deploys->hooks.on_count(deploys_count(deploys), deploys->userdata);
        return 0;
}

int deploys_trigger(Deploys *deploys, DeployRequest *request, DeployOnEnd on_end, void *userdata) {
        Job *same;
        int r;

        assert(deploys);
        assert(request);
        assert(on_end);

        if (deploys->stopping)
                return -EINTR;

        same = find_job(deploys, request->store, request->deploy_id);
        if (same) {
                /* The image may have its digest by now, in which it did not differ. */
                if (!streq(same->request->project, request->project) ||
                    !streq(same->request->stage, request->stage))
                        return -EINVAL;

                r = job_add_waiter(same, on_end, userdata);
                if (r < 0)
                        return r;

                job_tell_again(same);
                if (request->undo)
                        job_cancel(same);
                deploy_request_free(request);
                return 0;
        }

        if (deploys_is_busy(deploys, request->project, request->stage) ||
            deploys_count(deploys) >= deploys->config->max_deploys)
                return -EBUSY;

        return deploys_begin(deploys, request, on_end, userdata);
}

int deploys_cancel(Deploys *deploys, const char *store, uint64_t deploy_id) {
        Job *job;

        assert(deploys);
        assert(store);

        job = find_job(deploys, store, deploy_id);
        if (!job)
                return -ESRCH;
        if (job->switched)
                return -EALREADY;

        job_cancel(job);
        return 0;
}

void deploys_stop(Deploys *deploys, bool interrupt) {
        assert(deploys);

        deploys->stopping = true;
        if (!interrupt)
                return;

        for (Job *job = deploys->jobs; job; job = job->next)
                operation_stop(job->operation);
}
