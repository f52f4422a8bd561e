/* SPDX-License-Identifier: MIT */
/*
 * What is there to be deployed, for everybody: ListProjects, DescribeProjects, ListStages, DescribeStages, and the same in pages. There may
 * be any number of projects, but one answer is made in one piece while deliveries wait, and a message of the bus has an end.
 */
#include "webhookd/bus/inventory.h"

#include <inttypes.h>

#include "shared/bus/errors.h"
#include "shared/protocol.h"
#include "webhookd/bus/lookup.h"
#include "webhookd/bus/reply.h"
#include "webhookd/delivery/matcher.h"

/* In one answer that has no pages: 23 MiB, where each is as long as it can be. */
#define PROJECTS_IN_ONE_ANSWER 10000U

typedef int (*AppendFunction)(sd_bus_message *reply, const void *list, size_t i);

/* An answer with one array of `n` rows. */
static int reply_rows(sd_bus_message *message, const char *type, AppendFunction append, const void *list,
                      size_t n) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, type);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = append(reply, list, i);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

static int append_project_row(sd_bus_message *reply, const void *list, size_t i) {
        const Project *project = &((const ProjectList *) list)->items[i];

        return sd_bus_message_append(reply, "(sssqbt)", project->name, project->image,
                                     isempty(project->healthcheck) ? project->learned_healthcheck
                                                                   : project->healthcheck,
                                     (int) (project->port > 0 ? project->port : project->learned_port),
                                     (int) project->auto_created, project->created_at);
}

/* Projects, and what is asked for the names of those that they come after. */
typedef struct Described {
        Manager *manager;
        const Project *projects;
        sd_bus_error *error;
} Described;

static int append_project(sd_bus_message *reply, const void *list, size_t i) {
        const Described *described = list;
        const Project *project = &described->projects[i];
        _cleanup_free_ char *after = NULL;
        int r;

        r = manager_name_after(described->manager, project, &after, described->error);
        if (r < 0)
                return r;

        return sd_bus_message_append(reply, "a{sv}", 9, PROJECT_NAME, "s", project->name,            /**/
                                     OPTION_IMAGE, "s", project->image,                              /**/
                                     OPTION_PORT, "q", (int) project->port,                          /**/
                                     PROJECT_LEARNED_PORT, "q", (int) project->learned_port,         /**/
                                     OPTION_HEALTHCHECK, "s", project->healthcheck,                  /**/
                                     PROJECT_LEARNED_HEALTHCHECK, "s", project->learned_healthcheck, /**/
                                     PROJECT_AUTO_CREATED, "b", (int) project->auto_created,         /**/
                                     PROJECT_CREATED_AT, "t", project->created_at,                   /**/
                                     OPTION_AFTER, "s", after);
}

static int reply_projects(Manager *manager, sd_bus_message *message, const Project *projects, size_t n,
                          sd_bus_error *error) {
        const Described described = { manager, projects, error };

        return reply_rows(message, "a{sv}", append_project, &described, n);
}

static int read_all_projects(Manager *manager, ProjectList *ret, sd_bus_error *error) {
        uint64_t n;
        int r;

        manager->hooks.activity(manager->userdata);
        r = store_count_projects(manager->store, /* only_auto_created= */ false, &n);
        if (r >= 0 && n > PROJECTS_IN_ONE_ANSWER)
                return sd_bus_error_setf(error, ERROR_ANSWER_TOO_LARGE,
                                         "There are %" PRIu64 " projects, and one answer has %u at most: "
                                         "ListProjectsPage() and DescribeProjectsPage() have all of them",
                                         n, PROJECTS_IN_ONE_ANSWER);
        if (r >= 0)
                r = store_list_projects(manager->store, "", "", PROJECTS_IN_ONE_ANSWER, ret);
        return r < 0 ? manager_reply_store_error(manager, error, r) : 0;
}

int method_list_projects(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(project_list_done) ProjectList projects = { 0 };
        int r;

        r = read_all_projects(userdata, &projects, error);
        return r < 0 ? r : reply_rows(message, "(sssqbt)", append_project_row, &projects, projects.n);
}

int method_describe_projects(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(project_list_done) ProjectList projects = { 0 };
        int r;

        r = read_all_projects(userdata, &projects, error);
        return r < 0 ? r : reply_projects(userdata, message, projects.items, projects.n, error);
}

static unsigned page_limit(unsigned limit) {
        return limit == 0 || limit > PAGE_MAX ? PAGE_MAX : limit;
}

int method_list_projects_page(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(project_list_done) ProjectList projects = { 0 };
        Manager *manager = userdata;
        const char *after;
        unsigned limit;
        int r;

        manager->hooks.activity(manager->userdata);
        r = sd_bus_message_read(message, "su", &after, &limit);
        if (r < 0)
                return r;

        r = store_list_projects(manager->store, "", after, page_limit(limit), &projects);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);

        return reply_rows(message, "(sssqbt)", append_project_row, &projects, projects.n);
}

typedef struct PageOptions {
        const char *prefix;
        const char *image;
} PageOptions;

static const BusOption page_options[] = {
        { OPTION_PREFIX, "s", offsetof(PageOptions, prefix) },
        { OPTION_IMAGE, "s", offsetof(PageOptions, image) },
};

/* Those that have the image are a page, too, as far as they belong to it: they are in the order of their names. */
static int reply_projects_of_image(Manager *manager, sd_bus_message *message, const PageOptions *options,
                                   const char *after, unsigned limit, sd_bus_error *error) {
        size_t first = 0, n = 0, length = strlen(options->prefix);
        _cleanup_(project_list_done) ProjectList projects = { 0 };
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_free_ char *repository = NULL;
        int r;

        r = manager_parse_image(options->image, &ref, error);
        if (r >= 0)
                r = image_ref_repository(ref, &repository);
        if (r < 0)
                return r;

        r = store_list_projects_of_image(manager->store, repository, &projects);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);

        while (first < projects.n && (strcmp(projects.items[first].name, after) <= 0 ||
                                      strncmp(projects.items[first].name, options->prefix, length) < 0))
                first++;
        while (n < limit && first + n < projects.n &&
               strncmp(projects.items[first + n].name, options->prefix, length) == 0)
                n++;
        return reply_projects(manager, message, n > 0 ? &projects.items[first] : NULL, n, error);
}

int method_describe_projects_page(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(project_list_done) ProjectList projects = { 0 };
        PageOptions options = { .prefix = "" };
        Manager *manager = userdata;
        unsigned limit, seen;
        const char *after;
        int r;

        manager->hooks.activity(manager->userdata);
        r = sd_bus_message_read(message, "su", &after, &limit);
        if (r >= 0)
                r = bus_options_read(message, page_options, ELEMENTSOF(page_options), &options, &seen,
                                     error);
        if (r < 0)
                return r;

        if (options.image)
                return reply_projects_of_image(manager, message, &options, after, page_limit(limit), error);

        r = store_list_projects(manager->store, options.prefix, after, page_limit(limit), &projects);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);

        return reply_projects(manager, message, projects.items, projects.n, error);
}

static int append_stage_row(sd_bus_message *reply, const void *list, size_t i) {
        const Stage *stage = &((const StageList *) list)->items[i];

        return sd_bus_message_append(reply, "(ssbu)", stage->name, stage->tag_pattern,
                                     (int) stage->auto_deploy, stage->max_instances);
}

static int append_stage(sd_bus_message *reply, const void *list, size_t i) {
        const Stage *stage = &((const StageList *) list)->items[i], *shadow = match_shadow(list, i);

        return sd_bus_message_append(reply, "a{sv}", 8, STAGE_NAME, "s", stage->name, /**/
                                     OPTION_TAG_PATTERN, "s", stage->tag_pattern,     /**/
                                     OPTION_POLICY, "s", tag_policy_to_string(stage->policy),
                                     OPTION_AUTO_DEPLOY, "b", (int) stage->auto_deploy, /**/
                                     OPTION_MAX_INSTANCES, "u", stage->max_instances,   /**/
                                     OPTION_ALLOW_DOWNGRADE, "b", (int) stage->downgrade, STAGE_AVAILABLE,
                                     "s", strempty(stage->available), /**/
                                     STAGE_SHADOWED_BY, "s", shadow ? shadow->name : "");
}

int method_list_stages(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(stage_list_done) StageList stages = { 0 };
        Manager *manager = userdata;
        int r;

        manager->hooks.activity(manager->userdata);
        r = manager_read_stages(manager, message, &stages, error);
        return r < 0 ? r : reply_rows(message, "(ssbu)", append_stage_row, &stages, stages.n);
}

int method_list_stages_page(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(project_freep) Project *project = NULL;
        _cleanup_(stage_list_done) StageList stages = { 0 };
        Manager *manager = userdata;
        const char *name, *after;
        unsigned limit;
        int r;

        manager->hooks.activity(manager->userdata);
        r = sd_bus_message_read(message, "ssu", &name, &after, &limit);
        if (r >= 0)
                r = manager_find_project(manager, name, &project, error);
        if (r < 0)
                return r;

        r = store_list_stages_after(manager->store, project->id, after, page_limit(limit), &stages);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);

        return reply_rows(message, "(ssbu)", append_stage_row, &stages, stages.n);
}

int method_describe_stages(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(stage_list_done) StageList stages = { 0 };
        Manager *manager = userdata;
        int r;

        manager->hooks.activity(manager->userdata);
        r = manager_read_stages(manager, message, &stages, error);
        return r < 0 ? r : reply_rows(message, "a{sv}", append_stage, &stages, stages.n);
}
