/* SPDX-License-Identifier: MIT */
/* tinyforge-deployerd: the daemon, and its command line. */
#include "config.h"
#include "deployerd/config/deployer-config.h"
#include "deployerd/deployerd.h"
#include "shared/bus/daemon.h"

static int run(const char *config_path) {
        _cleanup_(deployerd_freep) Deployerd *deployerd = NULL;
        int r;

        r = deployerd_new(config_path, &deployerd);
        if (r < 0)
                return r;

        return deployerd_run(deployerd);
}

int main(int argc, char *argv[]) {
        static const Daemon deployerd = {
                .name = "tinyforge-deployerd",
                .summary = "Drives the container engine for tinyforge-webhookd. Started by systemd.",
                .config_path = CONFIG_DIR "/deployerd.conf",
                .user = "tinyforge-deployer",
                .run = run,
                .print_config = deployer_config_print,
        };

        return daemon_main(&deployerd, argc, argv);
}
