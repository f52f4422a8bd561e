/* SPDX-License-Identifier: MIT */
/* Limits of one project: see project-limits.h. */
#include "deployerd/config/project-limits.h"

/* The setting of deployerd.conf that a limit takes the place of, and whose parser knows its maximum. */
static const struct {
        const char *name;
        ConfParse parse;
        size_t offset; /* of the setting in DeployerConfig */
} limit_table[] = {
        [PROJECT_LIMIT_HEALTH] = { "health", conf_parse_timeout,
                                   offsetof(DeployerConfig, health_deadline_usec) },
        [PROJECT_LIMIT_STABLE] = { "stable", conf_parse_timeout, offsetof(DeployerConfig, stable_usec) },
        [PROJECT_LIMIT_STOP] = { "stop", deployer_parse_stop_grace,
                                 offsetof(DeployerConfig, stop_grace_usec) },
        [PROJECT_LIMIT_DRAIN] = { "drain", deployer_parse_drain, offsetof(DeployerConfig, drain_usec) },
        [PROJECT_LIMIT_PULL] = { "pull", deployer_parse_deploy_deadline, 0 },
        [PROJECT_LIMIT_RUN] = { "run", deployer_parse_deploy_deadline, 0 },
};
static_assert(ELEMENTSOF(limit_table) == PROJECT_LIMIT_MAX, "a limit has no row");

bool project_limit_find(const char *name, ProjectLimit *ret) {
        assert(name);
        assert(ret);

        for (size_t i = 0; i < ELEMENTSOF(limit_table); i++)
                if (streq(limit_table[i].name, name)) {
                        *ret = (ProjectLimit) i;
                        return true;
                }

        return false;
}

int project_limit_parse(const char *text, ProjectLimit limit, ProjectLimits *limits,
                        const char **ret_expected) {
        int r;

        assert(text);
        assert(limit < PROJECT_LIMIT_MAX);
        assert(limits);
        assert(ret_expected);

        r = limit_table[limit].parse(text, &limits->usec[limit], ret_expected);
        if (r < 0)
                return r;

        limits->set |= 1U << limit;
        return 0;
}

void project_limits_add_commands(ProjectLimits *limits, const ProjectCommand *before,
                                 const ProjectCommand *after) {
        assert(limits);
        assert(before);
        assert(after);

        limits->commands_usec = (before->words ? before->timeout_usec : 0) +
                                (after->words ? after->timeout_usec : 0);
}

static uint64_t limit_of_its_own(const ProjectLimits *limits, ProjectLimit limit) {
        assert(limits);

        return (limits->set & 1U << limit) != 0 ? limits->usec[limit] : 0;
}

uint64_t project_limits_pull(const ProjectLimits *limits) {
        return limit_of_its_own(limits, PROJECT_LIMIT_PULL);
}

uint64_t project_limits_run(const ProjectLimits *limits) {
        return limit_of_its_own(limits, PROJECT_LIMIT_RUN);
}

void project_limits_apply(const ProjectLimits *limits, DeployerConfig *config) {
        uint64_t more = project_limits_pull(limits) + project_limits_run(limits) + limits->commands_usec,
                 room;

        assert(config);

        for (size_t i = 0; i < PROJECT_LIMIT_PULL; i++) {
                uint64_t *setting = (uint64_t *) (void *) ((char *) config + limit_table[i].offset);

                if ((limits->set & 1U << i) == 0)
                        continue;
                if (limits->usec[i] > *setting)
                        more += limits->usec[i] - *setting;
                *setting = limits->usec[i];
        }

        room = config->deploy_deadline_usec < DEPLOY_DEADLINE_MAX_USEC
                               ? DEPLOY_DEADLINE_MAX_USEC - config->deploy_deadline_usec
                               : 0;
        config->deploy_deadline_usec += more < room ? more : room;
}
