/* SPDX-License-Identifier: MIT */
/*
 * The verbs of tinyforgectl. Each gets its arguments, of a number that the table in verb-table.c allows and NULL behind them,
 * and returns 0, an exit code, or a negative errno that it has reported.
 *
 * The room verbs/ has one file a verb or family of verbs, and what several of them share. Only that table comes here. A verb
 * never reads the command line, and never runs another verb.
 */
#pragma once

#include "ctl/ctl.h"

int verb_status(Ctl *ctl, char *args[]);
int verb_url(Ctl *ctl, char *args[]);
int verb_regenerate_secret(Ctl *ctl, char *args[]);
int verb_hooks(Ctl *ctl, char *args[]);
int verb_hook_create(Ctl *ctl, char *args[]);
int verb_hook_rotate(Ctl *ctl, char *args[]);
int verb_hook_remove(Ctl *ctl, char *args[]);
int verb_projects(Ctl *ctl, char *args[]);
int verb_project_show(Ctl *ctl, char *args[]);
int verb_project_create(Ctl *ctl, char *args[]);
int verb_project_set(Ctl *ctl, char *args[]);
int verb_project_remove(Ctl *ctl, char *args[]);
int verb_stages(Ctl *ctl, char *args[]);
int verb_stage_set(Ctl *ctl, char *args[]);
int verb_stage_remove(Ctl *ctl, char *args[]);
int verb_stage_take_over(Ctl *ctl, char *args[]);
int verb_deploys(Ctl *ctl, char *args[]);
int verb_deploy(Ctl *ctl, char *args[]);
int verb_restart(Ctl *ctl, char *args[]);
int verb_promote(Ctl *ctl, char *args[]);
int verb_rollback(Ctl *ctl, char *args[]);
int verb_cancel(Ctl *ctl, char *args[]);
int verb_follow(Ctl *ctl, char *args[]);
int verb_describe(Ctl *ctl, char *args[]);
int verb_endpoint(Ctl *ctl, char *args[]);
int verb_match(Ctl *ctl, char *args[]);
int verb_test_payload(Ctl *ctl, char *args[]);
int verb_parse_image(Ctl *ctl, char *args[]);
int verb_match_tag(Ctl *ctl, char *args[]);
int verb_logs(Ctl *ctl, char *args[]);
int verb_metrics(Ctl *ctl, char *args[]);
int verb_backup(Ctl *ctl, char *args[]);
int verb_cat_config(Ctl *ctl, char *args[]);
