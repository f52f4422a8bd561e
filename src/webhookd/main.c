/* SPDX-License-Identifier: MIT */
/* tinyforge-webhookd: the sockets that systemd passes, and the daemon. */
#include <systemd/sd-daemon.h>

#include "config.h"
#include "shared/bus/daemon.h"
#include "shared/log.h"
#include "webhookd/webhook-config.h"
#include "webhookd/webhookd.h"

/* As many as there are descriptors, and a NULL. */
static void names_freep(char ***names) {
        for (char **name = *names; name && *name; name++)
                free(*name);
        free(*names);
}

static int run(const char *config_path) {
        _cleanup_(webhookd_freep) Webhookd *webhookd = NULL;
        _cleanup_(names_freep) char **names = NULL;
        int r, n_fds;

        n_fds = sd_listen_fds_with_names(/* unset_environment= */ 1, &names);
        if (n_fds < 0)
                return log_error_errno(n_fds, "Cannot read the descriptors that systemd passes: %m");

        r = webhookd_new(config_path, getenv("STATE_DIRECTORY"), &webhookd);
        if (r < 0)
                return r;

        for (int i = 0; i < n_fds; i++) {
                r = webhookd_listen(webhookd, SD_LISTEN_FDS_START + i, names[i]);
                if (r < 0)
                        return r;
        }
        if (n_fds == 0)
                log_notice("No socket was passed: only the bus is served.");

        return webhookd_run(webhookd);
}

int main(int argc, char *argv[]) {
        static const Daemon webhookd = {
                .name = "tinyforge-webhookd",
                .summary = "Receives webhooks and hands deploys to tinyforge-deployerd. Started by systemd.",
                .config_path = CONFIG_DIR "/webhookd.conf",
                .user = "tinyforge",
                .run = run,
                .print_config = webhook_config_print,
        };

        return daemon_main(&webhookd, argc, argv);
}
