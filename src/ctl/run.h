/* SPDX-License-Identifier: MIT */
/*
 * Run: one command line of tinyforgectl, from its words to its exit code. main.c comes in here. It never does what a verb does,
 * and of the command line no verb sees more than what Ctl keeps.
 */
#pragma once

#include <stdio.h>

/* Runs one command line and returns its exit code. `out` and `err` stay the caller's. */
int ctl_run(int argc, char *argv[], FILE *out, FILE *err);
