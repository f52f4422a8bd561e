/* SPDX-License-Identifier: MIT */
/*
 * The rows that the daemons' List methods answer with, one struct each; see the XML below dbus/ for what the fields are. Strings
 * are borrowed from the message. Reading goes: rows_enter(), x_read() until it returns 0.
 */
#pragma once

#include <systemd/sd-bus.h>

#include "ctl/print/table.h"
#include "shared/deploy-steps.h"

typedef struct ProjectRow {
        const char *name;
        const char *image;
        const char *healthcheck;         /* that a person set; "": each image's */
        const char *learned_healthcheck; /* what the last image that came up has of its own; "": nothing is known */
        uint16_t port;                   /* the same two; 0 */
        uint16_t learned_port;
        bool auto_created;
        uint64_t created_at;
        const char *after; /* the project that it comes after; "": none */
} ProjectRow;

typedef struct StageRow {
        const char *name;
        const char *pattern;
        bool auto_deploy;
        unsigned max_instances;
        /* The rest only by stage_read_full(). */
        const char *policy;
        bool downgrade;
        const char *available;   /* "": nothing */
        const char *shadowed_by; /* "": nobody */
} StageRow;

typedef struct DeployRow {
        uint64_t id;
        const char *project;
        const char *stage;
        const char *image;
        const char *state;
        const char *reason;
        const char *digest; /* "": not known */
        unsigned attempts;  /* that were begun */
        uint64_t next_at;   /* 0: it does not wait for another attempt */
        uint64_t queued_at;
        uint64_t started_at;
        uint64_t finished_at;
        const char *source;     /* what made it: "webhook", "rollback", …; "": not told */
        uint64_t generation;    /* of one that goes back: the deploy that it goes back to; 0 elsewhere */
        uint64_t superseded_by; /* the deploy that took its place; 0: none */
        /* Who asked for it: a uid and its name, or a hook and the format of its sender; "" where there is none. */
        uint32_t uid; /* DEPLOY_NO_UID: none */
        const char *user;
        const char *hook;
        const char *provider;
        DeploySteps steps; /* how long they took in the latest attempt */
        const char *watch; /* what became of watching it: "watching", "held", …; "": it is not watched */
        uint64_t watch_until;
        const char *watch_reason;
} DeployRow;

/* The uid that nobody has. */
#define DEPLOY_NO_UID UINT32_MAX

typedef struct HookRow {
        const char *name;
        char **images; /* NULL-terminated; hook_row_done() */
        const char *signature;
        bool has_key;
        bool bare;
        uint64_t created_at;
        uint64_t rotated_at;
        uint64_t previous_until;
} HookRow;

typedef struct InstanceRow {
        const char *project;
        const char *stage;
        uint64_t deploy;
        const char *store;
        const char *container;
        const char *name;
        const char *digest;
        const char *state;
        const char *health;
        const char *endpoint;
        uint64_t started_at;
} InstanceRow;

typedef struct EndpointRow {
        const char *project;
        const char *stage;
        uint64_t deploy;
        const char *container;
        const char *name;
        uint16_t port;
        const char *protocol;
        const char *endpoint;
        bool is_project_port;
} EndpointRow;

typedef struct StrayRow {
        const char *engine;
        const char *socket;
        const char *project;
        const char *stage;
        uint64_t deploy;
        const char *store;
        const char *container;
        const char *name;
        const char *digest;
        const char *state;
} StrayRow;

/* Goes to the first row of the answer. Negative errno, for an answer of another type. */
int rows_enter(sd_bus_message *reply);

/* 1: a row; 0: no more; negative errno. Projects are those of DescribeProjects' answer. */
int project_read(sd_bus_message *reply, ProjectRow *ret);
int stage_read(sd_bus_message *reply, StageRow *ret);
/* The same, of DescribeStages' answer. */
int stage_read_full(sd_bus_message *reply, StageRow *ret);
/* Of DescribeDeploys' answer. */
int deploy_read(sd_bus_message *reply, DeployRow *ret);
int instance_read(sd_bus_message *reply, InstanceRow *ret);
/* Of ListEndpoints' answer. */
int endpoint_read(sd_bus_message *reply, EndpointRow *ret);
/* Of ListStrays' answer. */
int stray_read(sd_bus_message *reply, StrayRow *ret);
/* Of DescribeHooks' answer. */
int hook_read(sd_bus_message *reply, HookRow *ret);

void hook_row_done(HookRow *row);

/* Whether the deploy of this row is over. */
bool deploy_is_finished(const DeployRow *row);
/* Whether it waits for another attempt; and "waiting: attempt 3 at 12:01:05, …", freshly allocated. -ENOMEM. */
bool deploy_waits(const DeployRow *row);
int deploy_waiting(const DeployRow *row, char **ret);

/* The table of stages, which more than one verb shows. NULL: no memory. */
Table *stage_table_new(void);
void stage_table_add(Table *table, const char *project, const StageRow *row);
