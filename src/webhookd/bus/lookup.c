/* SPDX-License-Identifier: MIT */
/* What the arguments of a method name, or the error on the bus that says why that is nothing. */
#include "webhookd/bus/lookup.h"
#include "shared/bus/errors.h"
#include "webhookd/bus/reply.h"

int manager_find_project(Manager *manager, const char *name, Project **ret, sd_bus_error *error) {
        int r;

        r = call_check_names(name, NULL, error);
        if (r < 0)
                return r;

        r = store_find_project_by_name(manager->store, name, ret);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);
        if (r == 0)
                return sd_bus_error_setf(error, ERROR_NO_SUCH_PROJECT, "There is no project '%s'", name);

        return 0;
}

int manager_name_after(Manager *manager, const Project *project, char **ret, sd_bus_error *error) {
        _cleanup_(project_freep) Project *after = NULL;
        char *name;
        int r = 0;

        if (project->after_id > 0)
                r = store_find_project_by_id(manager->store, project->after_id, &after);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);

        name = strdup(after ? after->name : "");
        if (!name)
                return -ENOMEM;

        *ret = name;
        return 0;
}

int manager_find_stage(Manager *manager, const char *project, const char *stage, Project **ret_project,
                       Stage **ret_stage, sd_bus_error *error) {
        _cleanup_(project_freep) Project *found = NULL;
        int r;

        r = manager_find_project(manager, project, &found, error);
        if (r < 0)
                return r;

        r = store_find_stage(manager->store, project, stage, ret_stage);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);
        if (r == 0)
                return sd_bus_error_setf(error, ERROR_NO_SUCH_STAGE, "Project '%s' has no such stage",
                                         project);

        *ret_project = TAKE_PTR(found);
        return 0;
}

int manager_read_stages(Manager *manager, sd_bus_message *message, StageList *ret, sd_bus_error *error) {
        _cleanup_(project_freep) Project *project = NULL;
        const char *name;
        int r;

        r = sd_bus_message_read(message, "s", &name);
        if (r >= 0)
                r = manager_find_project(manager, name, &project, error);
        if (r < 0)
                return r;

        r = store_list_stages(manager->store, project->id, ret);
        return r < 0 ? manager_reply_store_error(manager, error, r) : 0;
}

int manager_parse_image(const char *text, ImageRef **ret, sd_bus_error *error) {
        const char *reason = "";
        int r;

        r = image_ref_parse(text, ret, &reason);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return sd_bus_error_setf(error, ERROR_INVALID_IMAGE, "Invalid image reference: %s", reason);

        return 0;
}
