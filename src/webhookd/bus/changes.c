/* SPDX-License-Identifier: MIT */
/* One signal for many rows: see changes.h. */
#include "webhookd/bus/changes.h"

#include "shared/protocol.h"

/* Rows of a signal, each of less than 2 KiB: far below what a bus carries. */
#define CHANGES_MAX 512U

void changes_done(QueueChanges *changes) {
        assert(changes);

        sd_bus_message_unref(changes->signal);
        *changes = (QueueChanges){ 0 };
}

static int changes_begin(QueueChanges *changes, sd_bus *bus) {
        int r;

        r = sd_bus_message_new_signal(bus, &changes->signal, WEBHOOK_PATH, WEBHOOK_INTERFACE,
                                      "QueueChanged");
        return r < 0 ? r : sd_bus_message_open_container(changes->signal, 'a', "(tssss)");
}

int changes_add(QueueChanges *changes, sd_bus *bus, const Notice *notice, DeployState state) {
        int r = 0;

        assert(changes);
        assert(bus);
        assert(notice);

        if (!changes->signal)
                r = changes_begin(changes, bus);
        if (r >= 0)
                r = sd_bus_message_append(changes->signal, "(tssss)", notice->deploy, notice->project,
                                          notice->stage, notice->image, deploy_state_to_string(state));
        if (r < 0) {
                changes_done(changes);
                return r;
        }

        return ++changes->n < CHANGES_MAX ? 0 : changes_send(changes, bus);
}

int changes_send(QueueChanges *changes, sd_bus *bus) {
        int r;

        assert(changes);
        assert(bus);

        if (!changes->signal)
                return 0;

        r = sd_bus_message_close_container(changes->signal);
        if (r >= 0)
                r = sd_bus_send(bus, changes->signal, NULL);
        changes_done(changes);
        return r < 0 ? r : 0;
}
