/* SPDX-License-Identifier: MIT */
/* tinyforgectl: the administrator's tool. All it does is to ask the daemons over the bus. */
#include <stdio.h>

#include "ctl/run.h"
#include "shared/std-fds.h"

int main(int argc, char *argv[]) {
        std_fds_open();
        return ctl_run(argc, argv, stdout, stderr);
}
