/* SPDX-License-Identifier: MIT */
/*
 * What a child tells its parent: one JSON object a line. Each has the key "report" with one of these words. Every child
 * ends with exactly one result or error; a child that does not has died.
 */
#pragma once

#include "shared/macro.h"

#define REPORT_KEY      "report"
#define REPORT_ENGINE   "engine" /* name, version, api, socket: strings; all empty where no engine answers */
#define REPORT_PLACE    "place"  /* name, socket: strings: deploys are in that engine from now on */
#define REPORT_PROGRESS "progress" /* phase, detail: strings */
#define REPORT_DEADLINE "deadline" /* usec: integer, from the beginning: it may take so long in all */
#define REPORT_SETTLED  "settled"  /* of a deploy: nothing is left of an earlier attempt */
#define REPORT_LOG      "log"      /* priority: integer, text: string */
#define REPORT_INSTANCE "instance" /* an instance that runs: see struct InstanceReport */
#define REPORT_ENDPOINT "endpoint" /* where one of its ports is published: see struct EndpointReport */
#define REPORT_STRAY    "stray"    /* a container of ours in another engine: see struct StrayReport */
#define REPORT_OPEN     "open"     /* of what follows events: from now on nothing is missed */
#define REPORT_EVENT    "event"    /* store, deploy, action: strings; code: integer, where one ended */
#define REPORT_RESULT   "result"   /* result: an object that depends on the operation */
#define REPORT_ERROR    "error"    /* name: of the D-Bus error, text: string */

/* The longest line with its newline, and the most lines of one child. */
#define REPORT_LINE_MAX  (128U * 1024U)
#define REPORT_LINES_MAX 65536U
