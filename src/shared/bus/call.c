/* SPDX-License-Identifier: MIT */
/* The beginning of a method: see call.h. */
#include "shared/bus/call.h"

#include "shared/bus/errors.h"
#include "shared/name.h"

#define NAME_FORM "[a-z0-9][a-z0-9_-]*, at most 63 characters"

static_assert(NAME_MAX_LENGTH == 63, "the sentences have the same limit");

static int check_name(const char *noun, const char *name, sd_bus_error *error) {
        if (name_is_valid(name))
                return 0;

        return sd_bus_error_setf(error, ERROR_INVALID_NAME, "A %s's name is " NAME_FORM, noun);
}

int call_check_names(const char *project, const char *stage, sd_bus_error *error) {
        int r;

        assert(project);

        r = check_name("project", project, error);
        return r < 0 || !stage ? r : check_name("stage", stage, error);
}

int call_check_hook(const char *hook, sd_bus_error *error) {
        assert(hook);

        return check_name("hook", hook, error);
}

static bool name_is_valid_or_empty(const char *name) {
        return isempty(name) || name_is_valid(name);
}

static int check_names(CallScope scope, const PolkitDetails *about, sd_bus_error *error) {
        switch (scope) {
        case CALL_ALL:
                break;

        case CALL_HOOK:
                return call_check_hook(about->hook, error);

        case CALL_PROJECT:
                return call_check_names(about->project, NULL, error);

        case CALL_STAGE:
                return call_check_names(about->project, about->stage, error);

        case CALL_PROJECT_OR_STAGE:
                if (!name_is_valid(about->project) || !name_is_valid_or_empty(about->stage))
                        return sd_bus_error_set(error, ERROR_INVALID_NAME,
                                                "A name is " NAME_FORM "; a stage's may be empty");
                break;

        case CALL_ANY:
                if (!name_is_valid_or_empty(about->project) || !name_is_valid_or_empty(about->stage))
                        return sd_bus_error_set(error, ERROR_INVALID_NAME,
                                                "A name is " NAME_FORM ", or empty");
                break;
        }

        return 0;
}

static int read_names(sd_bus_message *message, CallScope scope, PolkitDetails *ret) {
        PolkitDetails about = { .stage = NULL };
        int r = 0;

        switch (scope) {
        case CALL_ALL:
                break;

        case CALL_HOOK:
                r = sd_bus_message_read(message, "s", &about.hook);
                break;

        case CALL_PROJECT:
                about.stage = "";
                r = sd_bus_message_read(message, "s", &about.project);
                break;

        case CALL_STAGE:
        case CALL_PROJECT_OR_STAGE:
        case CALL_ANY:
                r = sd_bus_message_read(message, "ss", &about.project, &about.stage);
                break;
        }
        if (r < 0)
                return r;

        *ret = about;
        return 0;
}

int call_begin(Authority *authority, sd_bus_message *message, CallScope scope, PolkitDetails *ret_about,
               uid_t *ret_uid, sd_bus_error *error) {
        PolkitDetails about;
        int r;

        assert(authority);
        assert(message);
        assert(ret_about || scope == CALL_ALL);
        assert(ret_uid);

        r = read_names(message, scope, &about);
        if (r >= 0)
                r = check_names(scope, &about, error);
        if (r >= 0)
                r = authority_check(authority, message, &about, ret_uid, error);
        if (r == 0 && ret_about)
                *ret_about = about;

        return r;
}
