/* SPDX-License-Identifier: MIT */
/* How long the steps of a deploy took: see deploy-steps.h. */
#include "shared/deploy-steps.h"

#include "shared/json.h"

static const char *const step_names[] = {
        [DEPLOY_STEP_PULL] = "pull",     [DEPLOY_STEP_PREDEPLOY] = "predeploy",
        [DEPLOY_STEP_START] = "start",   [DEPLOY_STEP_HEALTHY] = "healthy",
        [DEPLOY_STEP_STABLE] = "stable", [DEPLOY_STEP_DRAIN] = "drain",
        [DEPLOY_STEP_STOP] = "stop",     [DEPLOY_STEP_POSTDEPLOY] = "postdeploy",
        [DEPLOY_STEP_RUN] = "run",
};

static_assert(ELEMENTSOF(step_names) == _DEPLOY_STEP_MAX, "each step has its name");

const char *deploy_step_to_string(DeployStep step) {
        assert(step < _DEPLOY_STEP_MAX);

        return step_names[step];
}

int deploy_step_from_string(const char *name) {
        assert(name);

        for (size_t i = 0; i < ELEMENTSOF(step_names); i++)
                if (streq(step_names[i], name))
                        return (int) i;

        return -EINVAL;
}

void deploy_steps_add(DeploySteps *steps, DeployStep step, uint64_t usec) {
        assert(steps);
        assert(step < _DEPLOY_STEP_MAX);

        steps->known[step] = true;
        steps->usec[step] += usec;
}

bool deploy_steps_are_known(const DeploySteps *steps) {
        assert(steps);

        for (size_t i = 0; i < ELEMENTSOF(steps->known); i++)
                if (steps->known[i])
                        return true;

        return false;
}

json_t *deploy_steps_json(const DeploySteps *steps) {
        json_t *object = json_object();

        assert(steps);

        for (size_t i = 0; object && i < ELEMENTSOF(step_names); i++) {
                uint64_t msec = steps->usec[i] / USEC_PER_MSEC;

                if (msec > DEPLOY_STEP_MSEC_MAX)
                        msec = DEPLOY_STEP_MSEC_MAX;
                if (steps->known[i] &&
                    json_object_set_new(object, step_names[i], json_integer((json_int_t) msec)) < 0) {
                        json_decref(object);
                        return NULL;
                }
        }

        return object;
}

int deploy_steps_format(const DeploySteps *steps, char **ret) {
        _cleanup_(json_freep) json_t *object = deploy_steps_json(steps);

        assert(ret);

        return object ? json_encode(object, ret) : -ENOMEM;
}

int deploy_steps_parse(const char *text, DeploySteps *ret) {
        _cleanup_(json_freep) json_t *object = NULL;
        DeploySteps steps = { .known = { false } };
        JsonError error;
        int r;

        assert(text);
        assert(ret);

        if (strlen(text) >= DEPLOY_STEPS_SIZE)
                return -EBADMSG;

        r = json_decode(text, strlen(text), &object, &error);
        if (r < 0)
                return r;
        if (!json_is_object(object))
                return -EBADMSG;

        for (size_t i = 0; i < ELEMENTSOF(step_names); i++) {
                int64_t msec = json_get_int(object, step_names[i], -1);

                if (!json_object_get(object, step_names[i]))
                        continue;
                if (msec < 0 || msec > DEPLOY_STEP_MSEC_MAX)
                        return -EBADMSG;
                deploy_steps_add(&steps, (DeployStep) i, (uint64_t) msec * USEC_PER_MSEC);
        }

        *ret = steps;
        return 0;
}
