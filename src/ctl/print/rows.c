/* SPDX-License-Identifier: MIT */
/* Rows of the daemons' answers: see rows.h. */
#include "ctl/print/rows.h"

#include <stdio.h>
#include <time.h>

#include "shared/conf/conf.h"
#include "shared/protocol.h"

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

typedef struct Key {
        const char *name, *type;
        void *field;
} Key;

/* Steps that are not known here are passed over. */
static int read_steps(sd_bus_message *reply, DeploySteps *steps) {
        const char *name;
        uint64_t msec;
        int r;

        r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_VARIANT, "a{st}");
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "{st}");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_read(reply, "{st}", &name, &msec)) > 0) {
                int step = deploy_step_from_string(name);

                if (step >= 0 && msec <= DEPLOY_STEP_MSEC_MAX)
                        deploy_steps_add(steps, (DeployStep) step, msec * USEC_PER_MSEC);
        }

        if (r >= 0)
                r = sd_bus_message_exit_container(reply);
        return r < 0 ? r : sd_bus_message_exit_container(reply);
}

static int read_value(sd_bus_message *reply, const Key *key) {
        int r, truth = 0;

        if (streq(key->type, "as")) {
                *(char ***) key->field = strv_free(*(char ***) key->field);
                r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_VARIANT, "as");
                if (r >= 0)
                        r = sd_bus_message_read_strv(reply, key->field);
                return r < 0 ? r : sd_bus_message_exit_container(reply);
        }

        if (streq(key->type, "a{st}"))
                return read_steps(reply, key->field);

        if (!streq(key->type, "b"))
                return sd_bus_message_read(reply, "v", key->type, key->field);

        r = sd_bus_message_read(reply, "v", "b", &truth);
        if (r >= 0)
                *(bool *) key->field = truth;
        return r;
}

/* One entry of a dictionary, entered already. Keys that are not known here are passed over. */
static int read_key(sd_bus_message *reply, const Key *keys, size_t n) {
        const char *name;
        int r;

        r = sd_bus_message_read(reply, "s", &name);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n; i++)
                if (streq(keys[i].name, name))
                        return read_value(reply, &keys[i]);

        return sd_bus_message_skip(reply, "v");
}

/* 1: a dictionary; 0: no more. */
static int read_keys(sd_bus_message *reply, const Key *keys, size_t n) {
        int r;

        r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "{sv}");
        if (r <= 0)
                return r;

        while ((r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_DICT_ENTRY, "sv")) > 0) {
                r = read_key(reply, keys, n);
                if (r >= 0)
                        r = sd_bus_message_exit_container(reply);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(reply);

        return r < 0 ? r : 1;
}

int project_read(sd_bus_message *reply, ProjectRow *ret) {
        ProjectRow row = { .healthcheck = "", .learned_healthcheck = "", .after = "" };
        const Key keys[] = {
                { PROJECT_NAME, "s", &row.name },
                { OPTION_IMAGE, "s", &row.image },
                { OPTION_PORT, "q", &row.port },
                { PROJECT_LEARNED_PORT, "q", &row.learned_port },
                { OPTION_HEALTHCHECK, "s", &row.healthcheck },
                { PROJECT_LEARNED_HEALTHCHECK, "s", &row.learned_healthcheck },
                { PROJECT_AUTO_CREATED, "b", &row.auto_created },
                { PROJECT_CREATED_AT, "t", &row.created_at },
                { OPTION_AFTER, "s", &row.after },
        };
        int r;

        r = read_keys(reply, keys, ELEMENTSOF(keys));
        if (r <= 0)
                return r;
        if (!row.name || !row.image)
                return -EBADMSG;

        *ret = row;
        return 1;
}

int stage_read_full(sd_bus_message *reply, StageRow *ret) {
        StageRow row = { .policy = "", .available = "", .shadowed_by = "" };
        const Key keys[] = {
                { STAGE_NAME, "s", &row.name },
                { OPTION_TAG_PATTERN, "s", &row.pattern },
                { OPTION_POLICY, "s", &row.policy },
                { OPTION_AUTO_DEPLOY, "b", &row.auto_deploy },
                { OPTION_MAX_INSTANCES, "u", &row.max_instances },
                { OPTION_ALLOW_DOWNGRADE, "b", &row.downgrade },
                { STAGE_AVAILABLE, "s", &row.available },
                { STAGE_SHADOWED_BY, "s", &row.shadowed_by },
        };
        int r;

        r = read_keys(reply, keys, ELEMENTSOF(keys));
        if (r <= 0)
                return r;
        if (!row.name || !row.pattern)
                return -EBADMSG;

        *ret = row;
        return 1;
}

int deploy_read(sd_bus_message *reply, DeployRow *ret) {
        DeployRow row = {
                .reason = "",
                .digest = "",
                .source = "",
                .user = "",
                .hook = "",
                .provider = "",
                .watch = "",
                .watch_reason = "",
                .uid = DEPLOY_NO_UID,
        };
        const Key keys[] = {
                { DEPLOY_KEY_ID, "t", &row.id },
                { DEPLOY_KEY_PROJECT, "s", &row.project },
                { DEPLOY_KEY_STAGE, "s", &row.stage },
                { DEPLOY_KEY_IMAGE, "s", &row.image },
                { DEPLOY_KEY_DIGEST, "s", &row.digest },
                { DEPLOY_KEY_STATE, "s", &row.state },
                { DEPLOY_KEY_REASON, "s", &row.reason },
                { DEPLOY_KEY_ATTEMPTS, "u", &row.attempts },
                { DEPLOY_KEY_NEXT_AT, "t", &row.next_at },
                { DEPLOY_KEY_QUEUED_AT, "t", &row.queued_at },
                { DEPLOY_KEY_STARTED_AT, "t", &row.started_at },
                { DEPLOY_KEY_ENDED_AT, "t", &row.finished_at },
                { DEPLOY_KEY_SOURCE, "s", &row.source },
                { DEPLOY_KEY_GENERATION, "t", &row.generation },
                { DEPLOY_KEY_SUPERSEDED_BY, "t", &row.superseded_by },
                { DEPLOY_KEY_UID, "u", &row.uid },
                { DEPLOY_KEY_USER, "s", &row.user },
                { DEPLOY_KEY_HOOK, "s", &row.hook },
                { DEPLOY_KEY_PROVIDER, "s", &row.provider },
                { DEPLOY_KEY_STEPS, "a{st}", &row.steps },
                { DEPLOY_KEY_WATCH, "s", &row.watch },
                { DEPLOY_KEY_WATCH_UNTIL, "t", &row.watch_until },
                { DEPLOY_KEY_WATCH_REASON, "s", &row.watch_reason },
        };
        int r;

        r = read_keys(reply, keys, ELEMENTSOF(keys));
        if (r <= 0)
                return r;
        if (row.id == 0 || !row.project || !row.stage || !row.image || !row.state)
                return -EBADMSG;

        *ret = row;
        return 1;
}

int instance_read(sd_bus_message *reply, InstanceRow *ret) {
        return sd_bus_message_read(reply, "(sstssssssst)", &ret->project, &ret->stage, &ret->deploy,
                                   &ret->store, &ret->container, &ret->name, &ret->digest, &ret->state,
                                   &ret->health, &ret->endpoint, &ret->started_at);
}

int endpoint_read(sd_bus_message *reply, EndpointRow *ret) {
        EndpointRow row = { .container = "", .name = "" };
        const Key keys[] = {
                { ENDPOINT_PROJECT, "s", &row.project },
                { ENDPOINT_STAGE, "s", &row.stage },
                { ENDPOINT_DEPLOY, "t", &row.deploy },
                { ENDPOINT_CONTAINER, "s", &row.container },
                { ENDPOINT_NAME, "s", &row.name },
                { ENDPOINT_PORT, "q", &row.port },
                { ENDPOINT_PROTOCOL, "s", &row.protocol },
                { ENDPOINT_ENDPOINT, "s", &row.endpoint },
                { ENDPOINT_IS_PROJECT_PORT, "b", &row.is_project_port },
        };
        int r;

        r = read_keys(reply, keys, ELEMENTSOF(keys));
        if (r <= 0)
                return r;
        if (!row.project || !row.stage || !row.protocol || !row.endpoint)
                return -EBADMSG;

        *ret = row;
        return 1;
}

int stray_read(sd_bus_message *reply, StrayRow *ret) {
        StrayRow row = { .store = "", .container = "", .name = "", .digest = "" };
        const Key keys[] = {
                { STRAY_ENGINE, "s", &row.engine },       { STRAY_SOCKET, "s", &row.socket },
                { STRAY_PROJECT, "s", &row.project },     { STRAY_STAGE, "s", &row.stage },
                { STRAY_DEPLOY, "t", &row.deploy },       { STRAY_STORE, "s", &row.store },
                { STRAY_CONTAINER, "s", &row.container }, { STRAY_NAME, "s", &row.name },
                { STRAY_DIGEST, "s", &row.digest },       { STRAY_STATE, "s", &row.state },
        };
        int r;

        r = read_keys(reply, keys, ELEMENTSOF(keys));
        if (r <= 0)
                return r;
        if (!row.engine || !row.socket || !row.project || !row.stage || !row.state)
                return -EBADMSG;

        *ret = row;
        return 1;
}

void hook_row_done(HookRow *row) {
        row->images = strv_free(row->images);
}

int hook_read(sd_bus_message *reply, HookRow *ret) {
        _cleanup_(hook_row_done) HookRow row = { .name = NULL };
        const Key keys[] = {
                { HOOK_KEY_NAME, "s", &row.name },
                { HOOK_KEY_IMAGES, "as", &row.images },
                { HOOK_KEY_SIGNATURE, "s", &row.signature },
                { HOOK_KEY_HAS_KEY, "b", &row.has_key },
                { HOOK_KEY_BARE, "b", &row.bare },
                { HOOK_KEY_CREATED_AT, "t", &row.created_at },
                { HOOK_KEY_ROTATED_AT, "t", &row.rotated_at },
                { HOOK_KEY_PREVIOUS_UNTIL, "t", &row.previous_until },
        };
        int r;

        r = read_keys(reply, keys, ELEMENTSOF(keys));
        if (r <= 0)
                return r;
        if (!row.name || !row.signature)
                return -EBADMSG;

        *ret = row;
        row.images = NULL;
        return 1;
}

bool deploy_is_finished(const DeployRow *row) {
        return !streq(row->state, "queued") && !streq(row->state, "running");
}

Table *stage_table_new(void) {
        static const Column columns[] = {
                { "PROJECT", "project", COLUMN_SHRINKS },
                { "STAGE", "name", COLUMN_SHRINKS },
                { "POLICY", "policy", 0 },
                { "PATTERN", "tag_pattern", COLUMN_SHRINKS },
                { "AUTO-DEPLOY", "auto_deploy", 0 },
                { "MAX-INSTANCES", "max_instances", COLUMN_RIGHT },
                { NULL, "allow_downgrade", 0 },
                { "AVAILABLE", "available", COLUMN_SHRINKS | COLUMN_RARE | COLUMN_TAIL },
                { "SHADOWED-BY", "shadowed_by", COLUMN_SHRINKS | COLUMN_RARE },
        };

        return table_new(columns, ELEMENTSOF(columns));
}

void stage_table_add(Table *table, const char *project, const StageRow *row) {
        table_add_text(table, project);
        table_add_text(table, row->name);
        table_add_text(table, row->policy);
        table_add_text(table, row->pattern);
        table_add_bool(table, row->auto_deploy);
        table_add_number(table, row->max_instances);
        table_add_bool(table, row->downgrade);
        table_add_text(table, row->available);
        table_add_text(table, row->shadowed_by);
}

bool deploy_waits(const DeployRow *row) {
        return streq(row->state, "queued") && row->next_at > 0;
}

int deploy_waiting(const DeployRow *row, char **ret) {
        time_t next = (time_t) (row->next_at / USEC_PER_SEC);
        char when[16] = "";
        struct tm local;
        char *text;

        if (localtime_r(&next, &local))
                (void) strftime(when, sizeof(when), "%H:%M:%S", &local);
        if (asprintf(&text, "waiting: attempt %u at %s, %s", row->attempts + 1, when, row->reason) < 0)
                return -ENOMEM;

        *ret = text;
        return 0;
}
