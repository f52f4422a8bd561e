/* SPDX-License-Identifier: MIT */
/* The verbs of tinyforgectl. Each gets what follows its name, and returns an exit code. */
#pragma once

#include "ctl/ctl.h"

int verb_status(Ctl *ctl, char *argv[]);
int verb_url(Ctl *ctl, char *argv[]);
int verb_regenerate_secret(Ctl *ctl, char *argv[]);
int verb_projects(Ctl *ctl, char *argv[]);
int verb_stages(Ctl *ctl, char *argv[]);
int verb_deploys(Ctl *ctl, char *argv[]);
int verb_deploy(Ctl *ctl, char *argv[]);
int verb_endpoint(Ctl *ctl, char *argv[]);
int verb_match(Ctl *ctl, char *argv[]);
int verb_parse_image(Ctl *ctl, char *argv[]);
int verb_match_tag(Ctl *ctl, char *argv[]);
