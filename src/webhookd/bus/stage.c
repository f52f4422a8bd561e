/* SPDX-License-Identifier: MIT */
/* SetStage(), which makes a stage or changes it. What is wrong is refused with its name. */
#include <stdio.h>

#include "shared/bus/errors.h"
#include "shared/protocol.h"
#include "webhookd/bus/access.h"
#include "webhookd/bus/lookup.h"
#include "webhookd/bus/reply.h"
#include "webhookd/bus/stage.h"
#include "webhookd/bus/tell.h"
#include "webhookd/delivery/matcher.h"

typedef struct StageOptions {
        const char *pattern;
        const char *policy;
        int auto_deploy;
        int downgrade;
        unsigned max_instances;
} StageOptions;

enum {
        SEEN_PATTERN = 1 << 0,
        SEEN_POLICY = 1 << 1,
        SEEN_AUTO_DEPLOY = 1 << 2,
        SEEN_DOWNGRADE = 1 << 3,
        SEEN_MAX_INSTANCES = 1 << 4,
};

static const BusOption stage_options[] = {
        { OPTION_TAG_PATTERN, "s", offsetof(StageOptions, pattern) },
        { OPTION_POLICY, "s", offsetof(StageOptions, policy) },
        { OPTION_AUTO_DEPLOY, "b", offsetof(StageOptions, auto_deploy) },
        { OPTION_ALLOW_DOWNGRADE, "b", offsetof(StageOptions, downgrade) },
        { OPTION_MAX_INSTANCES, "u", offsetof(StageOptions, max_instances) },
};

/* The stage as it is to be, its strings borrowed. */
static int apply_options(const StageOptions *options, unsigned seen, Stage *stage, sd_bus_error *error) {
        char reason[TAG_POLICY_REASON_SIZE];
        int r;

        if (seen & SEEN_POLICY) {
                r = tag_policy_from_string(options->policy);
                if (r < 0)
                        return sd_bus_error_setf(error, ERROR_INVALID_OPTION, "%s: is %s, not '%s'",
                                                 OPTION_POLICY, TAG_POLICY_FORMS, options->policy);
                stage->policy = (TagPolicy) r;
        }

        if (seen & SEEN_MAX_INSTANCES) {
                if (options->max_instances < 1 || options->max_instances > MAX_INSTANCES_LIMIT)
                        return sd_bus_error_setf(error, ERROR_INVALID_OPTION, "%s: is 1 to %u, not %u",
                                                 OPTION_MAX_INSTANCES, MAX_INSTANCES_LIMIT,
                                                 options->max_instances);
                stage->max_instances = options->max_instances;
        }

        if (seen & SEEN_PATTERN)
                stage->tag_pattern = (char *) (uintptr_t) options->pattern;
        if (seen & SEEN_AUTO_DEPLOY)
                stage->auto_deploy = options->auto_deploy;
        if (seen & SEEN_DOWNGRADE)
                stage->downgrade = options->downgrade;
        if (!stage->tag_pattern)
                return sd_bus_error_setf(error, ERROR_INVALID_PATTERN, "%s: a new stage needs one",
                                         OPTION_TAG_PATTERN);

        /* Also where it stays and is read otherwise from now on. */
        r = tag_policy_validate(stage->policy, stage->tag_pattern, reason);
        if (r == -ENOMEM)
                return r;
        if (r >= 0 && isempty(stage->tag_pattern))
                return sd_bus_error_setf(error, ERROR_INVALID_PATTERN, "%s: is empty", OPTION_TAG_PATTERN);
        if (r < 0)
                return sd_bus_error_setf(error, ERROR_INVALID_PATTERN, "%s: no %s pattern, %s",
                                         OPTION_TAG_PATTERN, tag_policy_to_string(stage->policy), reason);

        return 0;
}

static int create_stage(Manager *manager, const Project *project, const Stage *stage, sd_bus_error *error) {
        _cleanup_(stage_list_done) StageList stages = { 0 };
        int64_t id;
        int r;

        r = store_list_stages(manager->store, project->id, &stages);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);
        if (stages.n >= STAGES_MAX)
                return sd_bus_error_setf(error, ERROR_TOO_MANY,
                                         "Project '%s' has %u stages, and no more may be", project->name,
                                         STAGES_MAX);

        r = store_create_stage(manager->store, stage, &id);
        return r < 0 ? manager_reply_store_error(manager, error, r) : 0;
}

/* Says as well that no push will reach the stage. */
static void tell_stage(Manager *manager, const Project *project, const Stage *stage, uid_t uid) {
        _cleanup_(stage_list_done) StageList stages = { 0 };
        const Stage *shadow = NULL;
        char text[768];

        if (store_list_stages(manager->store, project->id, &stages) >= 0)
                for (size_t i = 0; i < stages.n; i++)
                        if (streq(stages.items[i].name, stage->name))
                                shadow = match_shadow(&stages, i);

        (void) snprintf(text, sizeof(text),
                        "Stage %s/%s set: %s '%s', auto_deploy %s, %u instance%s, downgrade %s%s%s",
                        project->name, stage->name, tag_policy_to_string(stage->policy), stage->tag_pattern,
                        stage->auto_deploy ? "on" : "off", stage->max_instances,
                        stage->max_instances > 1 ? "s" : "", stage->downgrade ? "on" : "off",
                        shadow ? ", shadowed by " : "", shadow ? shadow->name : "");
        manager_tell_change(manager, EVENT_STAGE_CHANGED, NOTICE_STAGE_CHANGED, project, stage->name, uid,
                            text);
}

static int set_stage(Manager *manager, const Project *project, const char *name, const StageOptions *options,
                     unsigned seen, uid_t uid, sd_bus_error *error) {
        _cleanup_(stage_freep) Stage *found = NULL;
        Stage stage = {
                .project_id = project->id,
                .name = (char *) (uintptr_t) name,
                .auto_deploy = true,
                .max_instances = 1,
        };
        int r;

        r = store_find_stage(manager->store, project->name, name, &found);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);
        if (found)
                stage = *found;

        r = apply_options(options, seen, &stage, error);
        if (r < 0)
                return r;

        if (found) {
                r = store_set_stage(manager->store, &stage);
                if (r < 0)
                        return manager_reply_store_error(manager, error, r);
        } else {
                r = create_stage(manager, project, &stage, error);
                if (r < 0)
                        return r;
        }

        tell_stage(manager, project, &stage, uid);
        return 0;
}

int method_set_stage(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(project_freep) Project *project = NULL;
        StageOptions options = { .pattern = NULL };
        Manager *manager = userdata;
        PolkitDetails about;
        unsigned seen = 0;
        uid_t uid;
        int r;

        r = manager_begin(manager, message, CALL_STAGE, &about, &uid, error);
        if (r != 0)
                return r;

        r = bus_options_read(message, stage_options, ELEMENTSOF(stage_options), &options, &seen, error);
        if (r >= 0)
                r = manager_find_project(manager, about.project, &project, error);
        if (r >= 0)
                r = set_stage(manager, project, about.stage, &options, seen, uid, error);
        if (r < 0)
                return r;

        r = sd_bus_reply_method_return(message, "");
        manager->hooks.changed(manager->userdata);
        return r;
}
