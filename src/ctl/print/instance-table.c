/* SPDX-License-Identifier: MIT */
/* The table of instances: see instance-table.h. */
#include "ctl/print/instance-table.h"

#include "ctl/print/deploy-words.h"

static const Column columns[] = {
        { "PROJECT", "project", COLUMN_SHRINKS },
        { "STAGE", "stage", COLUMN_SHRINKS },
        { "DEPLOY", "deploy", COLUMN_RIGHT },
        { "STATE", "state", COLUMN_STATE },
        { "HEALTH", "health", COLUMN_STATE | COLUMN_SPARE },
        { "DIGEST", "digest", COLUMN_SHRINKS },
        { "SINCE", "started_at", COLUMN_TIME },
        { "ENDPOINT", "endpoint", 0 },
        { NULL, "container", 0 },
        { NULL, "name", 0 },
        { NULL, "store", 0 },
};

static const Column columns_with_origin[] = {
        { "PROJECT", "project", COLUMN_SHRINKS },
        { "STAGE", "stage", COLUMN_SHRINKS },
        { "DEPLOY", "deploy", COLUMN_RIGHT },
        { "STATE", "state", COLUMN_STATE },
        { "HEALTH", "health", COLUMN_STATE | COLUMN_SPARE },
        { "TAG", "tag", COLUMN_SHRINKS | COLUMN_TAIL },
        { "DIGEST", "digest", COLUMN_SHRINKS },
        { "SINCE", "started_at", COLUMN_TIME },
        { "ENDPOINT", "endpoint", 0 },
        { NULL, "container", 0 },
        { NULL, "name", 0 },
        { NULL, "store", 0 },
        { "NOTE", NULL, COLUMN_RARE },
        { NULL, "managed", 0 },
};

Table *instance_table_new(bool with_origin) {
        return with_origin ? table_new(columns_with_origin, ELEMENTSOF(columns_with_origin))
                           : table_new(columns, ELEMENTSOF(columns));
}

void instance_table_add(Table *table, const InstanceRow *row, const InstanceOrigin *origin) {
        char digest[16];

        table_add_text(table, row->project);
        table_add_text(table, row->stage);
        table_add_number(table, row->deploy);
        table_add_text(table, row->state);
        table_add_text(table, row->health);
        if (origin)
                table_add_text(table, origin->tag);
        table_add_short(table, row->digest, digest_short(row->digest, digest));
        table_add_time(table, row->started_at);
        table_add_text(table, row->endpoint);
        table_add_text(table, row->container);
        table_add_text(table, row->name);
        table_add_text(table, row->store);
        if (!origin)
                return;

        table_add_text(table, !origin->is_known || origin->is_managed ? NULL : "unmanaged");
        if (origin->is_known)
                table_add_bool(table, origin->is_managed);
        else
                table_add_text(table, NULL);
}
