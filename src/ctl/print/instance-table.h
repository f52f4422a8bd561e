/* SPDX-License-Identifier: MIT */
/* The table of instances: what runs where. */
#pragma once

#include "ctl/print/rows.h"

/* What webhookd knows of an instance, where it was asked. */
typedef struct InstanceOrigin {
        const char *tag; /* by which it was deployed; "": not known any more */
        bool is_managed; /* webhookd has the deploy that made it */
        bool is_known;   /* whether that is so could be found out */
} InstanceOrigin;

/* With the tag, and with who manages it, where `with_origin`; then each row has one. NULL: no memory. */
Table *instance_table_new(bool with_origin);
void instance_table_add(Table *table, const InstanceRow *row, const InstanceOrigin *origin);
