/* SPDX-License-Identifier: MIT */
/* What runs where: see instances.h. */
#include "ctl/verbs/instances.h"

#include "ctl/client.h"
#include "ctl/print/deploy-words.h"
#include "ctl/print/instance-table.h"
#include "ctl/report.h"
#include "shared/bus/errors.h"
#include "shared/protocol.h"

/* webhookd forgets the finished deploys of a stage beyond these. */
#define ROWS_KEPT 200U

static bool is_foreign(const InstanceRow *instance, const char *store) {
        return !isempty(store) && !streq(instance->store, store);
}

/*
 * Whether webhookd knows the deploy that made the instance, and by which tag. It does not where a backup was restored or a stage was
 * removed. What is older than all that it keeps, it may have forgotten. The numbers of another store say nothing here.
 */
static int find_origin(Ctl *ctl, const InstanceRow *instance, const char *store,
                       char tag[static DEPLOY_WORD_SIZE], bool *ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        bool is_listed = false;
        uint64_t oldest = 0;
        DeployRow row;
        unsigned n = 0;
        int r;

        if (is_foreign(instance, store)) {
                *ret = false;
                return 0;
        }

        r = client_call(ctl, &peer_webhook, "DescribeDeploys", &reply, "ssu", instance->project,
                        instance->stage, 0U);
        if (r < 0)
                return r;

        r = rows_enter(reply);
        for (; r >= 0 && (r = deploy_read(reply, &row)) > 0; n++) {
                if (row.id == instance->deploy)
                        (void) deploy_tag(&row, /* with_digest= */ false, tag);
                is_listed = is_listed || row.id == instance->deploy;
                oldest = row.id;
        }
        if (r < 0)
                return report_answer(ctl, &peer_webhook, r);

        *ret = is_listed || (n >= ROWS_KEPT && instance->deploy < oldest);
        return 0;
}

static int add_instance(Ctl *ctl, Table *table, const InstanceRow *row, const char *store) {
        char tag[DEPLOY_WORD_SIZE] = "";
        InstanceOrigin origin = { .tag = tag, .is_known = store };
        int r;

        if (store) {
                r = find_origin(ctl, row, store, tag, &origin.is_managed);
                if (r < 0)
                        return r;
        }

        instance_table_add(table, row, &origin);
        return 0;
}

/* In a hurry: the deployer has answered before, so that it is the engine that keeps it waiting. */
#define ENGINE_HURRY_USEC (10 * USEC_PER_SEC)
#define ENGINE_HURRY_TEXT "The engine did not list its containers within 10 s"

/* For these alone nobody is asked for a password: 0 where they are not for this user to see. */
int instances_list(Ctl *ctl, const char *method, sd_bus_message **ret_reply) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        Peer deployer = peer_deployer;
        int r;

        assert(ctl && ctl->bus);
        assert(method);
        assert(ret_reply);

        if (ctl->hurry)
                deployer.timeout_usec = ENGINE_HURRY_USEC;
        r = client_try(ctl, &deployer, method, &error, ret_reply, "ss", "", "");
        if (r < 0 && (sd_bus_error_has_name(&error, SD_BUS_ERROR_ACCESS_DENIED) ||
                      sd_bus_error_has_name(&error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED)))
                return 0;
        if (r < 0 && ctl->hurry && sd_bus_error_has_name(&error, SD_BUS_ERROR_TIMEOUT)) {
                sd_bus_error_free(&error);
                (void) sd_bus_error_set(&error, ERROR_ENGINE_UNREACHABLE, ENGINE_HURRY_TEXT);
                r = -ETIMEDOUT;
        }

        return r < 0 ? report_error(ctl, &deployer, r, &error) : 1;
}

int instances_ask(Ctl *ctl, const char *store, Table **ret, bool *ret_foreign) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(table_freep) Table *table = NULL;
        bool foreign = false;
        InstanceRow row;
        int r;

        assert(ctl);
        assert(ret);
        assert(ret_foreign);

        table = instance_table_new(true);
        if (!table)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        r = instances_list(ctl, "ListInstances", &reply);
        if (r < 0)
                return r;
        if (r == 0) {
                *ret = NULL;
                return 0;
        }

        r = rows_enter(reply);
        while (r >= 0 && (r = instance_read(reply, &row)) > 0) {
                /* A deploy of this store that waits does away with it. */
                if (instance_name_is_pending(row.name) && store && streq(row.store, store))
                        continue;

                foreign = foreign || is_foreign(&row, store);
                r = add_instance(ctl, table, &row, store);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = table_error(table);
        if (r < 0)
                return report_answer(ctl, &peer_deployer, r);

        *ret = TAKE_PTR(table);
        *ret_foreign = foreign;
        return 0;
}
