/* SPDX-License-Identifier: MIT */
/* Rows of the daemons' answers: see rows.h. */
#include "ctl/rows.h"

#include <stdio.h>

int rows_enter(sd_bus_message *reply) {
        const char *contents = NULL;
        char type = 0;
        int r;

        r = sd_bus_message_peek_type(reply, &type, &contents);
        if (r < 0)
                return r;
        if (r == 0 || type != SD_BUS_TYPE_ARRAY)
                return -EBADMSG;

        return sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, contents);
}

int project_read(sd_bus_message *reply, ProjectRow *ret) {
        ProjectRow row = { .name = NULL };
        int r, auto_created = 0;

        r = sd_bus_message_read(reply, "(sssqbt)", &row.name, &row.image, &row.healthcheck, &row.port,
                                &auto_created, &row.created_at);
        if (r <= 0)
                return r;

        row.auto_created = auto_created;
        *ret = row;
        return 1;
}

int stage_read(sd_bus_message *reply, StageRow *ret) {
        StageRow row = { .name = NULL };
        int r, auto_deploy = 0;

        r = sd_bus_message_read(reply, "(ssbu)", &row.name, &row.pattern, &auto_deploy, &row.max_instances);
        if (r <= 0)
                return r;

        row.auto_deploy = auto_deploy;
        *ret = row;
        return 1;
}

int deploy_read(sd_bus_message *reply, DeployRow *ret) {
        return sd_bus_message_read(reply, "(tssssstt)", &ret->id, &ret->project, &ret->stage, &ret->image,
                                   &ret->state, &ret->reason, &ret->queued_at, &ret->finished_at);
}

int instance_read(sd_bus_message *reply, InstanceRow *ret) {
        return sd_bus_message_read(reply, "(sstssssssst)", &ret->project, &ret->stage, &ret->deploy,
                                   &ret->store, &ret->container, &ret->name, &ret->digest, &ret->state,
                                   &ret->health, &ret->endpoint, &ret->started_at);
}

bool deploy_is_finished(const DeployRow *row) {
        return !streq(row->state, "queued") && !streq(row->state, "running");
}

Table *deploy_table_new(void) {
        static const Column columns[] = {
                { "ID", "id", COLUMN_RIGHT },         { "PROJECT", "project", COLUMN_SHRINKS },
                { "STAGE", "stage", COLUMN_SHRINKS }, { "IMAGE", "image", COLUMN_SHRINKS },
                { "STATE", "state", COLUMN_STATE },   { "QUEUED", "queued_at", COLUMN_TIME },
                { NULL, "finished_at", 0 },           { "REASON", "reason", COLUMN_SHRINKS },
        };

        return table_new(columns, ELEMENTSOF(columns));
}

void deploy_table_add(Table *table, const DeployRow *row) {
        table_add_number(table, row->id);
        table_add_text(table, row->project);
        table_add_text(table, row->stage);
        table_add_text(table, row->image);
        table_add_text(table, row->state);
        table_add_time(table, row->queued_at);
        table_add_time(table, row->finished_at);
        table_add_text(table, row->reason);
}

Table *instance_table_new(bool with_manager) {
        static const Column columns[] = {
                { "PROJECT", "project", COLUMN_SHRINKS },
                { "STAGE", "stage", COLUMN_SHRINKS },
                { "DEPLOY", "deploy", COLUMN_RIGHT },
                { "STATE", "state", COLUMN_STATE },
                { "HEALTH", "health", COLUMN_STATE | COLUMN_DROPS },
                { "DIGEST", "digest", COLUMN_SHRINKS },
                { "SINCE", "started_at", COLUMN_TIME },
                { "ENDPOINT", "endpoint", 0 },
                { NULL, "container", 0 },
                { NULL, "name", 0 },
                { NULL, "store", 0 },
                { "NOTE", NULL, COLUMN_RARE },
                { NULL, "managed", 0 },
        };

        return table_new(columns, ELEMENTSOF(columns) - (with_manager ? 0 : 2));
}

/* The first digits of a digest, as the engines' own tools show them. */
static void digest_shorten(const char *digest, char shown[static 16]) {
        const char *colon = strchr(digest, ':');

        (void) snprintf(shown, 16, "%.12s", colon ? colon + 1 : digest);
}

void instance_table_add(Table *table, const InstanceRow *row) {
        char digest[16];

        digest_shorten(row->digest, digest);
        table_add_text(table, row->project);
        table_add_text(table, row->stage);
        table_add_number(table, row->deploy);
        table_add_text(table, row->state);
        table_add_text(table, row->health);
        table_add_short(table, row->digest, digest);
        table_add_time(table, row->started_at);
        table_add_text(table, row->endpoint);
        table_add_text(table, row->container);
        table_add_text(table, row->name);
        table_add_text(table, row->store);
}
