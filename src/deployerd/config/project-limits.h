/* SPDX-License-Identifier: MIT */
/*
 * ProjectLimits: how long a project's containers may take for what deployerd.conf sets for all. Each is a time span as there,
 * and at most what its setting may be there.
 */
#pragma once

#include "deployerd/config/deployer-config.h"
#include "deployerd/config/project-command.h"

typedef enum ProjectLimit {
        PROJECT_LIMIT_HEALTH, /* HealthDeadlineSec= */
        PROJECT_LIMIT_STABLE, /* StableSec= */
        PROJECT_LIMIT_STOP,   /* StopGraceSec= */
        PROJECT_LIMIT_DRAIN,  /* DrainSec= */
        PROJECT_LIMIT_PULL,   /* of its own, within DeployDeadlineSec= */
        PROJECT_LIMIT_RUN,    /* the same, of a job */
        PROJECT_LIMIT_MAX,
} ProjectLimit;

typedef struct ProjectLimits {
        unsigned set; /* bit i: usec[i] says something */
        uint64_t usec[PROJECT_LIMIT_MAX];
        uint64_t commands_usec; /* what is run before and after the switch */
} ProjectLimits;

/* By "health", "stable", "stop", "drain", "pull", "run"; false: there is no such limit. */
bool project_limit_find(const char *name, ProjectLimit *ret);

/* Sets one from its text. -EINVAL with what it has to be (static text). */
int project_limit_parse(const char *text, ProjectLimit limit, ProjectLimits *limits,
                        const char **ret_expected);

/* What is run before the switch and after takes its time beside all else. */
void project_limits_add_commands(ProjectLimits *limits, const ProjectCommand *before,
                                 const ProjectCommand *after);

/*
 * Puts them in the place of what counts for all. The deploy's deadline is put off by what they allow beyond that, up to the
 * longest that DeployDeadlineSec= may be.
 */
void project_limits_apply(const ProjectLimits *limits, DeployerConfig *config);

/* How long the pull, and a job, may take; 0: as long as the deploy. */
uint64_t project_limits_pull(const ProjectLimits *limits);
uint64_t project_limits_run(const ProjectLimits *limits);
