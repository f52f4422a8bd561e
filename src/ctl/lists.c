/* SPDX-License-Identifier: MIT */
/* Verbs that list what webhookd knows: projects, stages, deploys, and where an image would go. */
#include <inttypes.h>
#include <stdio.h>

#include "ctl/table.h"
#include "ctl/verbs.h"
#include "shared/errors.h"
#include "shared/glob.h"
#include "shared/image-ref.h"
#include "shared/protocol.h"

/* Prints what a verb collected, in the form that was asked for. `j` is taken. */
static int print_list(const Ctl *ctl, const Table *table, json_t *j, int r, const char *what) {
        if (r < 0) {
                json_decref(j);
                return ctl_fail(r, "Cannot read the reply");
        }

        if (ctl->json)
                return ctl_print_json(j);

        json_decref(j);
        table_print(table, ctl->legend, what);
        return EXIT_SUCCESS;
}

static int append(json_t *array, json_t *item) {
        return json_array_append_new(array, item) < 0 ? -ENOMEM : 0;
}

static int read_projects(sd_bus_message *reply, Table *table, json_t *j) {
        const char *name, *image, *healthcheck;
        uint64_t created_at;
        uint16_t port;
        int r, automatic;

        r = sd_bus_message_enter_container(reply, 'a', "(sssqbt)");
        while (r >= 0 && (r = sd_bus_message_read(reply, "(sssqbt)", &name, &image, &healthcheck, &port,
                                                  &automatic, &created_at)) > 0) {
                char number[8];

                (void) snprintf(number, sizeof(number), "%u", port);
                r = table_add(table, name, image, port > 0 ? number : "", healthcheck,
                              automatic ? "yes" : "no", ctl_time(created_at));
                if (r >= 0)
                        r = append(j,
                                   json_pack("{s:s, s:s, s:s, s:i, s:b, s:I}", "name", name, "image", image,
                                             "healthcheck", healthcheck, "port", (int) port, "auto_created",
                                             automatic, "created_at", (json_int_t) created_at));
        }
        return r;
}

int verb_projects(Ctl *ctl, char *argv[]) {
        static const char *const headers[] = { "NAME", "IMAGE",   "PORT", "HEALTHCHECK",
                                               "AUTO", "CREATED", NULL };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(table_freep) Table *table = table_new(headers);
        json_t *j;
        int r;

        (void) argv;

        if (!table)
                return ctl_fail(-ENOMEM, "Cannot list");

        r = ctl_call_webhook(ctl, &reply, "ListProjects", "");
        if (r != 0)
                return r;

        j = json_array();
        return print_list(ctl, table, j, read_projects(reply, table, j), "projects");
}

static int read_stages(sd_bus_message *reply, const char *project, Table *table, json_t *j) {
        const char *name, *pattern;
        unsigned max_instances;
        int r, automatic;

        r = sd_bus_message_enter_container(reply, 'a', "(ssbu)");
        while (r >= 0 &&
               (r = sd_bus_message_read(reply, "(ssbu)", &name, &pattern, &automatic, &max_instances)) > 0) {
                char number[16];

                (void) snprintf(number, sizeof(number), "%u", max_instances);
                r = table_add(table, project, name, pattern, automatic ? "yes" : "no", number);
                if (r >= 0)
                        r = append(j, json_pack("{s:s, s:s, s:s, s:b, s:i}", "project", project, "name",
                                                name, "tag_pattern", pattern, "auto_deploy", automatic,
                                                "max_instances", (int) max_instances));
        }
        return r;
}

static int list_stages_of(Ctl *ctl, const char *project, Table *table, json_t *j) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = ctl_call_webhook(ctl, &reply, "ListStages", "s", project);
        if (r != 0)
                return r;

        r = read_stages(reply, project, table, j);
        return r < 0 ? ctl_fail(r, "Cannot read the reply") : 0;
}

static int list_stages_of_all(Ctl *ctl, Table *table, json_t *j) {
        static const char *const headers[] = { "", "", "", "", "", "", NULL };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(table_freep) Table *unused = table_new(headers);
        _cleanup_(json_freep) json_t *projects = json_array();
        size_t i;
        json_t *project;
        int r;

        r = ctl_call_webhook(ctl, &reply, "ListProjects", "");
        if (r != 0)
                return r;

        r = unused && projects ? read_projects(reply, unused, projects) : -ENOMEM;
        if (r < 0)
                return ctl_fail(r, "Cannot read the reply");

        json_array_foreach(projects, i, project) {
                r = list_stages_of(ctl, json_get_string(project, "name"), table, j);
                if (r != 0)
                        return r;
        }
        return 0;
}

int verb_stages(Ctl *ctl, char *argv[]) {
        static const char *const headers[] = { "PROJECT",     "STAGE",         "PATTERN",
                                               "AUTO-DEPLOY", "MAX-INSTANCES", NULL };
        _cleanup_(table_freep) Table *table = table_new(headers);
        _cleanup_(json_freep) json_t *j = json_array();
        int r;

        if (!table || !j)
                return ctl_fail(-ENOMEM, "Cannot list");

        r = argv[0] ? list_stages_of(ctl, argv[0], table, j) : list_stages_of_all(ctl, table, j);
        return r != 0 ? r : print_list(ctl, table, TAKE_PTR(j), 0, "stages");
}

static int read_deploys(sd_bus_message *reply, Table *table, json_t *j) {
        const char *project, *stage, *image, *state, *reason;
        uint64_t id, queued_at, finished_at;
        int r;

        r = sd_bus_message_enter_container(reply, 'a', "(tssssstt)");
        while (r >= 0 && (r = sd_bus_message_read(reply, "(tssssstt)", &id, &project, &stage, &image, &state,
                                                  &reason, &queued_at, &finished_at)) > 0) {
                char number[24];

                (void) snprintf(number, sizeof(number), "%" PRIu64, id);
                r = table_add(table, number, project, stage, image, state, ctl_time(queued_at), reason);
                if (r >= 0)
                        r = append(j, json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "id",
                                                (json_int_t) id, "project", project, "stage", stage, "image",
                                                image, "state", state, "reason", reason, "queued_at",
                                                (json_int_t) queued_at, "finished_at",
                                                (json_int_t) finished_at));
        }
        return r;
}

int verb_deploys(Ctl *ctl, char *argv[]) {
        static const char *const headers[] = { "ID",    "PROJECT", "STAGE",  "IMAGE",
                                               "STATE", "QUEUED",  "REASON", NULL };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(table_freep) Table *table = table_new(headers);
        json_t *j;
        int r;

        if (!table)
                return ctl_fail(-ENOMEM, "Cannot list");

        r = ctl_call_webhook(ctl, &reply, "ListDeploys", "ssu", strempty(argv[0]),
                             argv[0] ? strempty(argv[1]) : "", ctl->limit);
        if (r != 0)
                return r;

        j = json_array();
        return print_list(ctl, table, j, read_deploys(reply, table, j), "deploys");
}

/* The stages of the project in the order of matching, each with what its pattern says to the tag. */
static int explain_match(Ctl *ctl, const char *project, const char *tag, json_t **ret) {
        static const char *const headers[] = { "", "", "", "", "", NULL };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(table_freep) Table *unused = table_new(headers);
        _cleanup_(json_freep) json_t *stages = json_array();
        json_t *stage;
        size_t i;
        int r;

        r = ctl_call_webhook(ctl, &reply, "ListStages", "s", project);
        if (r != 0)
                return r;

        r = unused && stages ? read_stages(reply, project, unused, stages) : -ENOMEM;
        if (r < 0)
                return ctl_fail(r, "Cannot read the reply");

        json_array_foreach(stages, i, stage)
                (void) json_object_set_new(
                                stage, "takes",
                                json_boolean(glob_match(json_get_string(stage, "tag_pattern"), tag) > 0));

        *ret = TAKE_PTR(stages);
        return 0;
}

int verb_match(Ctl *ctl, char *argv[]) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(json_freep) json_t *stages = NULL;
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        const char *project, *stage, *tag, *reason = "";
        json_t *item;
        size_t i;
        int r, automatic;

        r = image_ref_parse(argv[0], &ref, &reason);
        if (r < 0) {
                (void) fprintf(stderr, "tinyforgectl: Invalid image reference: %s\n", reason);
                return EXIT_FAILURE;
        }

        tag = ref->tag ? ref->tag : "latest";
        r = ctl_call_webhook(ctl, &reply, "MatchImage", "s", argv[0]);
        if (r != 0)
                return r;

        r = sd_bus_message_read(reply, "ssb", &project, &stage, &automatic);
        if (r < 0)
                return ctl_fail(r, "Cannot read the reply");

        r = explain_match(ctl, project, tag, &stages);
        if (r != 0)
                return r;

        if (ctl->json)
                return ctl_print_json(json_pack("{s:s, s:s, s:s, s:b, s:O}", "project", project, "stage",
                                                stage, "tag", tag, "auto_deploy", automatic, "stages",
                                                stages));

        (void) printf("%s/%s%s\n", project, stage,
                      automatic ? "" : " (auto_deploy is off: it would be kept as available)");
        json_array_foreach(stages, i, item) {
                bool takes = json_is_true(json_object_get(item, "takes"));
                const char *name = json_get_string(item, "name");

                (void) printf("  %s: pattern '%s' %s '%s'\n", name, json_get_string(item, "tag_pattern"),
                              takes ? "takes" : "does not take", tag);
                if (streq(name, stage))
                        break;
        }
        return EXIT_SUCCESS;
}
