/* SPDX-License-Identifier: MIT */
/* The methods that make and change projects: CreateProject and SetProject. What is wrong is refused with its name. */
#include <stdio.h>

#include "shared/bus/errors.h"
#include "shared/healthcheck.h"
#include "shared/name.h"
#include "shared/protocol.h"
#include "webhookd/bus/access.h"
#include "webhookd/bus/lookup.h"
#include "webhookd/bus/project.h"
#include "webhookd/bus/reply.h"
#include "webhookd/bus/tell.h"

typedef struct ProjectOptions {
        const char *healthcheck;
        const char *after;
        const char *image;
        uint16_t port;
} ProjectOptions;

/* Projects one behind the other. */
#define AFTER_MAX 32U

enum {
        SEEN_PORT = 1 << 0,
        SEEN_HEALTHCHECK = 1 << 1,
        SEEN_AFTER = 1 << 2,
        SEEN_IMAGE = 1 << 3,
};

static const BusOption project_options[] = {
        { OPTION_PORT, "q", offsetof(ProjectOptions, port) },
        { OPTION_HEALTHCHECK, "s", offsetof(ProjectOptions, healthcheck) },
        { OPTION_AFTER, "s", offsetof(ProjectOptions, after) },
        { OPTION_IMAGE, "s", offsetof(ProjectOptions, image) },
};

/* One more project may have the repository; `name` is its own. */
static int check_room(Manager *manager, const char *name, const char *repository, sd_bus_error *error) {
        _cleanup_(project_list_done) ProjectList owners = { 0 };
        size_t n = 0;
        int r;

        r = store_list_projects_of_image(manager->store, repository, &owners);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);

        for (size_t i = 0; i < owners.n; i++)
                n += !streq(owners.items[i].name, name);
        if (n >= PROJECTS_OF_IMAGE_MAX)
                return sd_bus_error_setf(error, ERROR_TOO_MANY,
                                         "%s: there are %zu projects of %s already, which is the most",
                                         OPTION_IMAGE, n, repository);

        return 0;
}

/* What a project's image is: a repository, normalised. Others may have it, too. `name` is the project's own. */
static int check_image(Manager *manager, const char *name, const char *text, char **ret,
                       sd_bus_error *error) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_free_ char *repository = NULL;
        const char *reason = "";
        int r;

        r = image_ref_parse(text, &ref, &reason);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return sd_bus_error_setf(error, ERROR_INVALID_IMAGE, "%s: %s", OPTION_IMAGE, reason);
        if (ref->tag || ref->digest)
                return sd_bus_error_setf(error, ERROR_INVALID_IMAGE,
                                         "%s: a project has a repository, and its stages the %s",
                                         OPTION_IMAGE, ref->tag ? "tags" : "digests");

        r = image_ref_repository(ref, &repository);
        if (r >= 0)
                r = check_room(manager, name, repository, error);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(repository);
        return 0;
}

static int check_healthcheck(const char *text, sd_bus_error *error) {
        if (healthcheck_is_valid(text))
                return 0;

        return sd_bus_error_setf(error, ERROR_INVALID_OPTION, "%s: is %s", OPTION_HEALTHCHECK,
                                 HEALTHCHECK_FORMS);
}

/* "web, which comes after worker, which comes after web": as long as a chain may be. */
typedef struct Chain {
        char text[AFTER_MAX * (NAME_MAX_LENGTH + 24)];
        size_t length;
} Chain;

static void chain_add(Chain *chain, const char *name) {
        chain->length += (size_t) snprintf(chain->text + chain->length, sizeof(chain->text) - chain->length,
                                           "%s%s", chain->length > 0 ? ", which comes after " : "", name);
}

/* Nobody comes after itself, whoever is between. `*first` is the one that `name` is to come after, and is given up. */
static int check_chain(Manager *manager, const char *name, Project **first, sd_bus_error *error) {
        Chain chain = { .length = 0 };
        int r = 1;

        chain_add(&chain, name);
        for (unsigned n = 0; r > 0; n++) {
                int64_t next = (*first)->after_id;

                if (n >= AFTER_MAX - 2)
                        return sd_bus_error_setf(error, ERROR_TOO_MANY,
                                                 "%s: %u projects come one after another already",
                                                 OPTION_AFTER, n);

                chain_add(&chain, (*first)->name);
                if (streq((*first)->name, name))
                        return sd_bus_error_setf(error, ERROR_INVALID_OPTION, "%s: %s", OPTION_AFTER,
                                                 chain.text);

                *first = project_free(*first);
                r = store_find_project_by_id(manager->store, next, first);
        }

        return r < 0 ? manager_reply_store_error(manager, error, r) : 0;
}

/* The id of the project that the one called `name` comes after; 0 for "". */
static int check_after(Manager *manager, const char *name, const char *after, int64_t *ret,
                       sd_bus_error *error) {
        _cleanup_(project_freep) Project *first = NULL;
        int64_t id;
        int r;

        if (isempty(after)) {
                *ret = 0;
                return 0;
        }

        r = store_find_project_by_name(manager->store, after, &first);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);
        if (r == 0)
                return sd_bus_error_setf(error, ERROR_NO_SUCH_PROJECT, "%s: there is no project '%s'",
                                         OPTION_AFTER, after);

        id = first->id;
        r = check_chain(manager, name, &first, error);
        if (r >= 0)
                *ret = id;
        return r;
}

static int check_new_name(Manager *manager, const char *name, sd_bus_error *error) {
        _cleanup_(project_freep) Project *taken = NULL;
        int r;

        r = store_find_project_by_name(manager->store, name, &taken);
        if (r > 0)
                return sd_bus_error_setf(error, ERROR_PROJECT_EXISTS, "There is a project '%s', of %s", name,
                                         taken->image);

        return r < 0 ? manager_reply_store_error(manager, error, r) : 0;
}

static int create_project(Manager *manager, const Project *project, uid_t uid, sd_bus_error *error) {
        char text[128];
        int64_t id;
        int r;

        r = store_create_project(manager->store, project, &id);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);

        (void) snprintf(text, sizeof(text), "Project %s created", project->name);
        manager_tell_change(manager, EVENT_PROJECT_CREATED, NOTICE_PROJECT_ADDED, project, NULL, uid, text);
        return 0;
}

int method_create_project(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        ProjectOptions options = { .healthcheck = "", .after = "" };
        _cleanup_free_ char *repository = NULL;
        Manager *manager = userdata;
        PolkitDetails about;
        int64_t after_id = 0;
        const char *image;
        unsigned seen;
        uid_t uid;
        int r;

        r = manager_begin(manager, message, CALL_PROJECT, &about, &uid, error);
        if (r != 0)
                return r;

        /* The image is an argument here, and no option. */
        r = sd_bus_message_read(message, "s", &image);
        if (r >= 0)
                r = bus_options_read(message, project_options, ELEMENTSOF(project_options) - 1, &options,
                                     &seen, error);
        if (r >= 0)
                r = check_new_name(manager, about.project, error);
        if (r >= 0)
                r = check_image(manager, about.project, image, &repository, error);
        if (r >= 0)
                r = check_healthcheck(options.healthcheck, error);
        if (r >= 0)
                r = check_after(manager, about.project, options.after, &after_id, error);
        if (r >= 0)
                r = create_project(manager,
                                   &(Project){
                                                   .name = (char *) (uintptr_t) about.project,
                                                   .image = repository,
                                                   .healthcheck = (char *) (uintptr_t) options.healthcheck,
                                                   .port = options.port,
                                                   .after_id = after_id,
                                   },
                                   uid, error);
        if (r < 0)
                return r;

        r = sd_bus_reply_method_return(message, "");
        manager->hooks.changed(manager->userdata);
        return r;
}

static int set_project(Manager *manager, const Project *project, uid_t uid, sd_bus_error *error) {
        char text[512];
        int r;

        r = store_set_project(manager->store, project);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);

        (void) snprintf(text, sizeof(text), "Project %s set: port %u, health check '%s', image %s",
                        project->name, (unsigned) project->port, project->healthcheck, project->image);
        manager_tell_change(manager, EVENT_PROJECT_CHANGED, NOTICE_NO_SIGNAL, project, NULL, uid, text);
        return 0;
}

/* The project as it is to be; what it does not own any more is the caller's. */
static int apply_options(Manager *manager, const ProjectOptions *options, unsigned seen, Project *project,
                         sd_bus_error *error) {
        char *text = NULL;
        int r;

        if (seen & SEEN_IMAGE) {
                r = check_image(manager, project->name, options->image, &text, error);
                if (r < 0)
                        return r;

                free(project->image);
                project->image = text;
        }

        if (seen & SEEN_HEALTHCHECK) {
                r = check_healthcheck(options->healthcheck, error);
                if (r < 0)
                        return r;

                text = strdup(options->healthcheck);
                if (!text)
                        return -ENOMEM;

                free(project->healthcheck);
                project->healthcheck = text;
        }

        if (seen & SEEN_PORT)
                project->port = options->port;

        return seen & SEEN_AFTER ? check_after(manager, project->name, options->after, &project->after_id,
                                               error)
                                 : 0;
}

int method_set_project(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(project_freep) Project *project = NULL;
        ProjectOptions options = { .port = 0 };
        Manager *manager = userdata;
        PolkitDetails about;
        unsigned seen;
        uid_t uid;
        int r;

        r = manager_begin(manager, message, CALL_PROJECT, &about, &uid, error);
        if (r != 0)
                return r;

        r = bus_options_read(message, project_options, ELEMENTSOF(project_options), &options, &seen, error);
        if (r >= 0)
                r = manager_find_project(manager, about.project, &project, error);
        if (r >= 0)
                r = apply_options(manager, &options, seen, project, error);
        if (r >= 0)
                r = set_project(manager, project, uid, error);
        if (r < 0)
                return r;

        r = sd_bus_reply_method_return(message, "");
        manager->hooks.changed(manager->userdata);
        return r;
}
