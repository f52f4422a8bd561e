/* SPDX-License-Identifier: MIT */
/*
 * Store: projects, stages, the queue of deploys, hooks and secrets, in one sqlite file. The `deploys` row is the queue;
 * nothing about a deploy lives only in memory. Every function works inside the open transaction if there is one,
 * else in one of its own, so that it is on disk (WAL, synchronous=FULL) when it returns.
 *
 * Errors of all functions, unless said otherwise: -ENOSPC (disk full), -EROFS (not writable), -EIO (damaged or
 * unreadable), -EBUSY (another process holds the file), -ENOMEM; -EINVAL for what the schema refuses (a number out of
 * its range, a stage that does not exist). A function that failed has changed nothing.
 * Lookups return 1 and an object, or 0 with NULL where there is none.
 *
 * The room store/ holds everything that lasts, and is the only one that speaks SQL. Every room that keeps or looks up such a
 * thing includes this header. The store uses no other room, never logs, and never decides whether a push is followed.
 */
#pragma once

#include "shared/deploy-steps.h"
#include "shared/macro.h"
#include "shared/tag/tag-policy.h"
#include "shared/uuid.h"
#include "webhookd/store/asker.h"
#include "webhookd/store/watch-state.h"

#define STORE_SCHEMA_VERSION 16
/* Attempts that count, per deploy. */
#define DEPLOY_ATTEMPTS_MAX 5U
/* Finished rows kept per stage, and how many more come before those beyond that are forgotten, all at once. */
#define DEPLOYS_KEPT   200U
#define DEPLOYS_UNKEPT 32U
/* Of these, the newest that a later push took the place of before they began. */
#define PUT_ASIDE_KEPT 16U
/* The newest that succeeded are kept beyond that: what a rollback may go back to. */
#define GENERATIONS_KEPT 16U
/* Ids beyond are nobody's: a label that says so is not believed, since ids would run out. */
#define DEPLOY_ID_MAX (UINT64_C(1) << 53)
/* Stages of a project. Of projects there may be any number. */
#define STAGES_MAX 32U
/* Projects that have the same image. */
#define PROJECTS_OF_IMAGE_MAX 128U
/* How long delivery ids are remembered. */
#define DELIVERIES_KEPT_USEC (30 * 24 * 3600 * USEC_PER_SEC)

typedef struct Store Store;

typedef enum DeployState {
        DEPLOY_QUEUED,
        DEPLOY_RUNNING,
        DEPLOY_SUCCEEDED,
        DEPLOY_UNCHANGED,
        DEPLOY_ROLLED_BACK,
        DEPLOY_FAILED,
        DEPLOY_SUPERSEDED,
        DEPLOY_CANCELLED,
        _DEPLOY_STATE_MAX,
} DeployState;

/* "queued", "rolled-back", …: as stored, answered and sent over the bus. */
const char *deploy_state_to_string(DeployState state);
/* The state of that name, or -EINVAL. */
int deploy_state_from_string(const char *name);
/* Whether a row in this state is through. */
bool deploy_state_is_final(DeployState state);

typedef struct Project {
        int64_t id;
        char *name;
        char *image;       /* "domain/path" */
        char *healthcheck; /* that a person set; "": each image's own */
        uint16_t port;     /* that a person set; 0: each image's own */
        /* What the image that came up last says where a person set nothing: to be shown, and nothing else. */
        char *learned_healthcheck; /* "": nothing is known */
        uint16_t learned_port;     /* 0: nothing is known */
        bool auto_created;
        uint64_t created_at; /* µs since the epoch */
        int64_t after_id; /* the project whose deploys of a delivery those of this one wait for; 0: none */
} Project;

typedef struct Stage {
        int64_t id;
        int64_t project_id;
        char *name;
        char *tag_pattern;
        TagPolicy policy; /* how tag_pattern is read */
        bool auto_deploy;
        bool downgrade; /* follows a push of a lower version than it has */
        unsigned max_instances;
        char *available; /* the reference that waits for a person, or NULL */
} Stage;

typedef struct StageList {
        Stage *items;
        size_t n;
} StageList;

typedef struct ProjectList {
        Project *items;
        size_t n;
} ProjectList;

/* A row of the queue, with the names it belongs to. */
typedef struct Deploy {
        uint64_t id;
        int64_t stage_id;
        char *project;
        char *stage;
        char *image;  /* the full normalised reference */
        char *digest; /* "sha256:…", or NULL while unknown */
        char *source; /* "webhook", "manual", "rollback", "promote", "restart" or "watch" */
        char *reason; /* why it ended as it did, or why it waits for another attempt; "" otherwise */
        DeployState state;
        unsigned attempts;   /* that count */
        unsigned tries;      /* attempts that were begun, whether they count or not */
        uint64_t generation; /* of one that goes back: the deploy whose image it brings back; 0 elsewhere */
        bool force;          /* what runs is replaced, also where it is the same */
        bool local;          /* no registry is asked for its image */
        bool cancel;         /* cancelling was asked for while it ran */
        bool again;          /* joined while its digest was unknown: one more row follows its end */
        uint64_t queued_at, started_at, finished_at; /* µs since the epoch, 0 where not yet */
        uint64_t retry_since;   /* the first failure that RetryForSec= bounds; 0: none */
        uint64_t next_at;       /* of a row that waits for another attempt: when that is; 0 elsewhere */
        uint64_t superseded_by; /* which deploy took its place in the queue; 0: none */
        /* Who asked for it, as in Asker. */
        bool by_user;
        uint32_t uid;
        char *user, *hook, *provider; /* NULL: none, or not known */
        DeploySteps steps;            /* of the latest attempt */
        WatchOf watch;                /* what it brought */
} Deploy;

typedef struct DeployList {
        Deploy *items;
        size_t n;
} DeployList;

Project *project_free(Project *project);
DEFINE_CLEANUP(Project, project_free)
Stage *stage_free(Stage *stage);
DEFINE_CLEANUP(Stage, stage_free)
Deploy *deploy_free(Deploy *deploy);
DEFINE_CLEANUP(Deploy, deploy_free)

/* The lists are plain values: `_cleanup_(stage_list_done) StageList stages = { 0 };`. */
void project_list_done(ProjectList *list);
void stage_list_done(StageList *list);
void deploy_list_done(DeployList *list);

/*
 * Opens (and creates, mode 0600, with a fresh UUID and a first secret) the database at `path`; ":memory:" for tests. Migrates an
 * older schema forward. The file belongs to one Store at a time, until store_free(): another process that opens it gets
 * -EBUSY at once, other programs find it locked. -EPROTONOSUPPORT when a newer tinyforge wrote it, -EIO when it is no
 * database, damaged, empty, or another program's, -ENOENT without its folder, -EACCES when it is not ours to write. What is refused is left as it is.
 */
int store_open(const char *path, Store **ret);
/* The same, but what is wrong with the file makes a store that is given up: -EBUSY and -ENOMEM alone are failures. */
int store_open_anyway(const char *path, Store **ret);
Store *store_free(Store *store);
DEFINE_CLEANUP(Store, store_free)

/* Whether there was no file, and this is the first that opens the store. */
bool store_is_new(const Store *store);

/* What sqlite said of the last failure: one line, valid until the next call. Of a store that was given up, why. */
const char *store_error(const Store *store);

/*
 * 0 as long as the store can be used. A negative errno from the moment on that it is given up: it could not be opened, sqlite
 * says that it is damaged, its file is not at its place any more (-ENOENT), or store_give_up() was called. Then nothing is read or written any more, also not of a
 * transaction that was open, and all functions that can fail return -EIO.
 */
int store_fault(const Store *store);
/* Gives it up for `error`; NULL for what store_error() says. Returns store_fault(). */
int store_give_up(Store *store, int error, const char *text);

/*
 * One transaction for many requests. store_begin() does nothing where one is open already. Between them,
 * store_mark()/store_keep()/store_undo() bracket the part of one request, so that its failure leaves the others alone.
 * After a fault that made sqlite roll back everything, store_is_open() is false; store_commit() then returns -EIO, also
 * when a later request of the turn has called store_begin(), until store_commit() or store_rollback() has ended the turn.
 * -EIO, too, where no transaction is open. When store_commit() fails, nothing of the transaction is left.
 */
int store_begin(Store *store);
int store_commit(Store *store);
int store_rollback(Store *store);
bool store_is_open(const Store *store);
int store_mark(Store *store); /* one in another one at most */
int store_keep(Store *store); /* -EIO where something since then was left half done: store_undo() it */
int store_undo(Store *store);

/* A write that changes nothing, to learn whether the disk takes one. */
int store_probe(Store *store);

/* The store's own UUID: made once, kept for ever. A store without one is damaged. */
int store_get_uuid(Store *store, char ret[static UUID_TEXT_SIZE]);
/* The secret and its generation. The first one is made with the store: a store without one is damaged. */
int store_get_secret(Store *store, char ret[static UUID_TEXT_SIZE], uint64_t *ret_generation);
/* Replaces the secret; the generation grows by one. */
int store_set_secret(Store *store, const char secret[static UUID_TEXT_SIZE], uint64_t *ret_generation);

int store_find_project_by_id(Store *store, int64_t id, Project **ret);
int store_find_project_by_name(Store *store, const char *name, Project **ret);
/* Those that have the image, "domain/path", by name (bytewise). */
int store_list_projects_of_image(Store *store, const char *image, ProjectList *ret);
/*
 * Projects by name (bytewise), at most `limit` of them: those behind `after`, whose names begin with `prefix`; "" for what does not
 * matter.
 */
int store_list_projects(Store *store, const char *prefix, const char *after, unsigned limit,
                        ProjectList *ret);
/* Of those `auto_created` alone for AutoCreateMax=. */
int store_count_projects(Store *store, bool only_auto_created, uint64_t *ret);
/* -EEXIST when the name is taken. Fields id and created_at of `project` are ignored. */
int store_create_project(Store *store, const Project *project, int64_t *ret_id);
/*
 * Writes image, port, healthcheck and after_id of the project with that id. With another image, what its stages had available is
 * forgotten, and so is what was learned of the old one, or of what is set now. With another after_id, what it has queued waits for
 * the former no longer. 1 done, 0 when there is no such project.
 */
int store_set_project(Store *store, const Project *project);
/* With its stages, their deploys and what is known of deliveries. 1 done, 0 when there is no such project. */
int store_remove_project(Store *store, int64_t project_id);
/* Keeps what the image that came up last says of its port and health check, where a person set neither of them. */
int store_learn_project(Store *store, int64_t project_id, uint16_t port, const char *healthcheck);

/* The stages of a project in name order (bytewise), the order in which they are matched. */
int store_list_stages(Store *store, int64_t project_id, StageList *ret);
/* The same of those behind `after`, at most `limit` of them. */
int store_list_stages_after(Store *store, int64_t project_id, const char *after, unsigned limit,
                            StageList *ret);
/* -EEXIST when the project has a stage of that name. Field id is ignored. */
int store_create_stage(Store *store, const Stage *stage, int64_t *ret_id);
int store_find_stage(Store *store, const char *project, const char *stage, Stage **ret);
/* Writes what a stage is set to: pattern, policy, auto_deploy, downgrade, max_instances. 1 done, 0: no such stage. */
int store_set_stage(Store *store, const Stage *stage);
/* With its deploys and what is known of deliveries. 1 done, 0 when there is no such stage. */
int store_remove_stage(Store *store, int64_t stage_id);
/* Keeps a pushed reference for a stage with auto_deploy off; NULL forgets it. */
int store_set_available(Store *store, int64_t stage_id, const char *image);

typedef struct Enqueue {
        int64_t stage_id;
        const char *image;   /* the full normalised reference */
        const char *digest;  /* or NULL */
        const char *source;  /* "webhook", "manual", "promote", "restart" */
        uint64_t generation; /* of a rollback, and of the restart of what one brought back; 0 elsewhere */
        bool force;          /* what runs is to be replaced, also where it is the same */
        bool local;          /* no registry is asked for its image */
        const Asker *asker;  /* who asks; NULL: not known */
        const char *hook;    /* which hook it came through; "main" */
        const char *delivery_id;   /* the sender's, or NULL: then no redelivery is recognised */
        bool delivery_id_is_final; /* Standard Webhooks: an id is never accepted twice */
        uint64_t pushed_at;        /* by the sender's clock, or 0 */
        bool only_known;           /* a redelivery is answered, anything else is left */
        bool comes_after; /* its project comes after another: without a digest it joins nothing that runs */
        unsigned max_queued; /* rows in state queued before -ENOBUFS */
} Enqueue;

typedef enum EnqueueVerdict {
        ENQUEUE_NEW,         /* a new row */
        ENQUEUE_JOINED,      /* coalesced with a queued or running row */
        ENQUEUE_REDELIVERED, /* this delivery is known, and its row stands */
        ENQUEUE_LEFT,        /* with only_known: it is not, and nothing was done */
} EnqueueVerdict;

/* The queued row that a newer one took the place of. */
typedef struct PutAside {
        uint64_t id; /* 0: there was none */
        char *image;
        DeployState state; /* as it has ended: superseded, or cancelled by a rollback */
} PutAside;

typedef struct EnqueueResult {
        EnqueueVerdict verdict;
        uint64_t deploy_id;
        DeployState state;
        PutAside aside; /* of the same stage */
} EnqueueResult;

void enqueue_result_done(EnqueueResult *result);

/* Which deploy this delivery was answered with before, and its state by now: 1, or 0. Its id is not NULL. */
int store_find_delivery(Store *store, const Enqueue *enqueue, uint64_t *ret_deploy_id,
                        DeployState *ret_state);

/*
 * When the latest push was made of the same tag that came through the same hook and is in what the stage has queued, runs, or
 * has deployed, or in what a later push took the place of: 1, or 0 where none told it. `*ret` is comparable with `enqueue->pushed_at`.
 */
int store_find_push_time(Store *store, const Enqueue *enqueue, uint64_t *ret);

/*
 * The rules of the queue, in this order.
 * Redelivery: the key is (hook, delivery id, stage, image). Known, and its row queued, running, succeeded or unchanged:
 * that row. Otherwise a new row, unless delivery_id_is_final. The key then points to the row answered.
 * Coalesce: joins a queued row of the same stage and image; joins the running row of the stage when both digests are
 * known and equal, or when the push has none, the image is the same, and the running row has none yet either. Then one
 * more row of that image follows when the running one ends, since it may have been resolved already without our knowing.
 * Nothing joins a running row that is being cancelled. What is forced joins no running row, and has a queued one forced.
 * A local push joins local rows alone, and another one those that are not: what is to come from a registry may be another image.
 * Supersede: a push that makes a new row or joins the running one puts the queued row of its stage aside, which is older.
 * -ENOBUFS when a new row would exceed max_queued.
 */
int store_enqueue(Store *store, const Enqueue *enqueue, EnqueueResult *ret);

/*
 * Queues a deploy of the newest version of the stage below the one that runs. What runs is the newest row that succeeded
 * (a rollback row that ended as unchanged counts) or, for a rollback row, the deploy that it brought back; candidates are
 * older rows that succeeded with another digest. The queued row of the stage is put aside as cancelled, and `hold`
 * switches auto_deploy off. 1 done; 0 and no change when there is nothing to go back to; -ENOBUFS as above.
 */
int store_enqueue_rollback(Store *store, int64_t stage_id, bool hold, const Asker *asker,
                           unsigned max_queued, EnqueueResult *ret);

typedef enum CancelVerdict {
        CANCEL_UNKNOWN,  /* no such row */
        CANCEL_FINISHED, /* it is through */
        CANCEL_DONE,     /* it was queued, and has ended as cancelled with `reason` */
        CANCEL_RUNNING,  /* it is marked: a failure that would requeue it has it undone */
} CancelVerdict;

/* `*ret` is the row as it was before, NULL with CANCEL_UNKNOWN. */
int store_cancel_deploy(Store *store, uint64_t id, const char *reason, CancelVerdict *ret_verdict,
                        Deploy **ret);
/* Sets or takes away the mark of a running row, whose attempts are counted anew. 1 done, 0 when it is not running. */
int store_mark_cancel(Store *store, uint64_t id, bool cancel);

/*
 * The engine has a container of that deploy, of whatever store: ids go on above it. A row of that stage which waits although the
 * engine has come as far comes from a restored backup, or has got an id that was used before that: it ends as superseded,
 * and goes on as a new row with an id that is free. `*ret_new` is that row, or 0; `*ret_old` is the one that ended.
 */
int store_raise_ids(Store *store, const char *project, const char *stage, uint64_t deploy, uint64_t *ret_old,
                    uint64_t *ret_new);

/* 1 and the row, or 0. */
int store_find_deploy(Store *store, uint64_t id, Deploy **ret);
/* Newest first; NULL or "" for project and stage mean all; at most `limit`. */
int store_list_deploys(Store *store, const char *project, const char *stage, unsigned limit,
                       DeployList *ret);
/*
 * What runs, by the store: the newest row of the stage that succeeded, where a rollback that ended as unchanged counts, too.
 * 1 and the row, or 0.
 */
int store_find_current(Store *store, int64_t stage_id, Deploy **ret);
/*
 * What a push to the stage is compared with, newest first: rows that are queued or run, the row of store_find_current(),
 * and newer ones that found the same running. Where that row is a rollback, also those that it went back from, which are
 * older than it, and newer than its `generation`.
 */
int store_list_current(Store *store, int64_t stage_id, DeployList *ret);
/* The tag that was pushed last of the repository that a project has, whatever came of it. 1 and a copy, or 0. */
int store_find_pushed_tag(Store *store, const char *repository, char **ret);
/* A row of the project (and of that stage, unless it is NULL or "") that is queued or runs. 1 and the oldest, or 0. */
int store_find_unfinished(Store *store, const char *project, const char *stage, Deploy **ret);
/* Rows in state running, oldest first: at start, what a dead attempt left. */
int store_list_running(Store *store, DeployList *ret);
/* The oldest queued row above `after` whose stage has no running row. 1 and its id, or 0. */
int store_next_ready(Store *store, uint64_t after, uint64_t *ret_id);
int store_count_deploys(Store *store, DeployState state, uint64_t *ret);

/* queued → running. 1 done, 0 when the row is no longer queued or its stage has a running row. */
int store_start_deploy(Store *store, uint64_t id);
/*
 * The running deploy found its digest: from here on a push without a digest is a new row. 1 done; 0 when it is not running
 * or its push named the digest, which stands.
 */
int store_resolve_deploy(Store *store, uint64_t id, const char *digest);
/*
 * How long the steps of the running deploy took, in the attempt that is about to end; counted with those of the stage. The same once
 * more changes nothing. 1 done; 0 otherwise.
 */
int store_note_steps(Store *store, uint64_t id, const DeploySteps *steps);
/*
 * running → a final state, with its reason (cut at REASON_MAX). Prunes what is beyond DEPLOYS_KEPT, now and then. 1 done, 0 when not
 * running. `*ret_again` is the row that follows for pushes which joined this one before it was resolved, or 0.
 */
int store_finish_deploy(Store *store, uint64_t id, DeployState state, const char *reason,
                        uint64_t *ret_again);

typedef enum RequeueVerdict {
        REQUEUE_QUEUED, /* the row waits again with its reason, its digest forgotten unless the push named one */
        REQUEUE_SUPERSEDED, /* a newer row of the stage waits: this one ended as superseded */
        REQUEUE_EXHAUSTED,  /* the bound is reached: the row ended as failed, with `reason` */
        REQUEUE_UNDO,      /* cancelling was asked for: it runs on, until what its attempts left is undone */
        REQUEUE_CANCELLED, /* the same, and the bound is reached: it ended as cancelled, with `reason` */
} RequeueVerdict;

/* The state of a row after that. */
DeployState requeue_state(RequeueVerdict verdict);

/* What ends the trying. */
typedef enum RequeueBound {
        REQUEUE_BOUND_ATTEMPTS, /* DEPLOY_ATTEMPTS_MAX, of which this was one */
        REQUEUE_BOUND_TIME,     /* `retry_for_usec` since the first failure that is bound so */
        REQUEUE_BOUND_NONE,
} RequeueBound;

typedef struct Requeue {
        RequeueBound bound;
        uint64_t retry_for_usec;
        uint64_t delay_usec; /* from now to the next attempt, for people to read */
        const char *reason;
} Requeue;

/*
 * running → queued, after an attempt that failed. 1 done; 0 when the row is not running: nothing has changed, and the
 * verdict is REQUEUE_QUEUED if it waits, REQUEUE_SUPERSEDED if it is through. `*ret_again` as above, where the row ended.
 */
int store_requeue_deploy(Store *store, uint64_t id, const Requeue *requeue, RequeueVerdict *ret_verdict,
                         uint64_t *ret_again);

/* Remembers an id that is good once, per hook. 1 where it is new, 0 where it was used before. */
int store_use_id(Store *store, const char *hook, const char *id);

/* The tag that a bare call with this id of a delivery meant before: 1 and a copy, or 0. */
int store_find_bare_call(Store *store, const char *hook, const char *delivery_id, char **ret);
/* Remembers it. The first one stays. */
int store_keep_bare_call(Store *store, const char *hook, const char *delivery_id, const char *tag);

/*
 * Forgets some of the delivery ids that are older than DELIVERIES_KEPT_USEC, and unknown already; called now and then. How many there are
 * holds up nobody.
 */
int store_prune_deliveries(Store *store);

/* What became of a delivery whose secret was right. */
typedef enum DeliveryOutcome {
        DELIVERY_ACCEPTED, /* a deploy is queued for it, or it joined one */
        DELIVERY_KNOWN,    /* seen before */
        DELIVERY_IGNORED,  /* nothing to do */
        DELIVERY_REFUSED,  /* malformed, or the queue was full */
} DeliveryOutcome;

/* `provider` is one of a few static names: each is a series of its own for ever. */
int store_count_delivery(Store *store, const char *provider, DeliveryOutcome outcome);
