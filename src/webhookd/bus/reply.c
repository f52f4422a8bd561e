/* SPDX-License-Identifier: MIT */
/* Errors on the bus that more than one method answers with. */
#include "webhookd/bus/reply.h"
#include "shared/bus/errors.h"
#include "shared/log.h"

int manager_reply_store_error(const Manager *manager, sd_bus_error *error, int r) {
        if (r == -ENOBUFS)
                return sd_bus_error_set(error, ERROR_QUEUE_FULL, "The queue is full, nothing was accepted");

        /* What it was given up for is told once, and not by us. */
        if (store_fault(manager->store) < 0)
                return sd_bus_error_setf(error, ERROR_STORE_DAMAGED, "The store cannot be used: %s",
                                         store_error(manager->store));

        (void) log_seldom_errno(LOG_ERR, r, "Cannot use the store: %s", store_error(manager->store));
        return sd_bus_error_setf(error, ERROR_STORE_UNAVAILABLE, "The store cannot be used: %s",
                                 store_error(manager->store));
}
