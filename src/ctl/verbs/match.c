/* SPDX-License-Identifier: MIT */
/* match: where a push of an image would go, and why. webhookd decides; the stages it asked are shown beside. */
#include "ctl/client.h"
#include "ctl/print/rows.h"
#include "ctl/report.h"
#include "ctl/verbs/image-argument.h"
#include "ctl/verbs/verbs.h"
#include "shared/image-ref.h"
#include "shared/protocol.h"
#include "shared/tag/tag-policy.h"

/* What webhookd answers; strings are borrowed from its message. */
typedef struct Verdict {
        const char *project;
        const char *stage; /* NULL: none takes the tag */
        const char *after; /* the project that it comes after; "": none */
        bool auto_deploy;
} Verdict;

static const Column stage_columns[] = {
        { NULL, "name", 0 },        { NULL, "policy", 0 },  { NULL, "tag_pattern", 0 },
        { NULL, "auto_deploy", 0 }, { NULL, "matches", 0 }, { NULL, "takes", 0 },
};

/* Why a stage gets the image or not. Those after the one that takes it are not asked. */
static void show_stage(const Ctl *ctl, const StageRow *row, const char *tag, bool matches, bool taken) {
        const char *kind = streq(row->policy, "glob") ? "pattern" : row->policy;

        if (taken)
                ctl_print(ctl, "  %s: %s '%s' is not asked any more", row->name, kind, row->pattern);
        else
                ctl_print(ctl, "  %s: %s '%s' %s '%s'", row->name, kind, row->pattern,
                          matches ? "takes" : "does not take", tag);
}

/* A policy that is not known here takes nothing that can be shown. */
static bool row_matches(const StageRow *row, const char *tag) {
        int policy = tag_policy_from_string(row->policy);

        return policy >= 0 && tag_policy_match((TagPolicy) policy, row->pattern, tag) > 0;
}

/* The stages of the project in the order in which they are asked: printed, or added to the table. */
static int show_stages(Ctl *ctl, Table *table, const Verdict *verdict, const char *tag) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        bool taken = false;
        StageRow row;
        int r;

        r = client_call(ctl, &peer_webhook, "DescribeStages", &reply, "s", verdict->project);
        if (r < 0)
                return r;

        r = rows_enter(reply);
        while (r >= 0 && (r = stage_read_full(reply, &row)) > 0) {
                bool takes = verdict->stage && streq(row.name, verdict->stage);
                bool matches = row_matches(&row, tag);

                table_add_text(table, row.name);
                table_add_text(table, row.policy);
                table_add_text(table, row.pattern);
                table_add_bool(table, row.auto_deploy);
                table_add_bool(table, matches);
                table_add_bool(table, takes);
                if (!ctl->json)
                        show_stage(ctl, &row, tag, matches, taken);
                taken = taken || takes;
        }

        return r < 0 ? report_answer(ctl, &peer_webhook, r) : 0;
}

/* What an image is called where it is asked for and shown. */
typedef struct Names {
        char *image;
        char *repository;
        const char *tag;
} Names;

static void names_done(Names *names) {
        free(names->image);
        free(names->repository);
}

static int names_make(const ImageRef *ref, Names *names) {
        int r;

        names->tag = ref->tag ? ref->tag : "latest";
        r = image_ref_format(ref, &names->image);
        if (r >= 0)
                r = image_ref_repository(ref, &names->repository);
        return r;
}

/* One run of the verb. */
typedef struct Run {
        Ctl *ctl;
        Names names;
        json_t *matches;     /* what programs see of the projects that have the image */
        const json_t *first; /* of these, the first that a stage takes, else the first at all; borrowed */
        bool taken;          /* by a stage of any */
} Run;

static void run_done(Run *run) {
        names_done(&run->names);
        json_decref(run->matches);
}

static void show_verdict(const Run *run, const Verdict *verdict) {
        const Ctl *ctl = run->ctl;

        if (verdict->stage && !ctl->json)
                ctl_print(ctl, "%s/%s%s%s%s", verdict->project, verdict->stage,
                          isempty(verdict->after) ? "" : ", after ", strempty(verdict->after),
                          verdict->auto_deploy ? ""
                                               : " (auto_deploy is off: it would be kept as available)");
        else if (!verdict->stage && run->taken && !ctl->json)
                ctl_print(ctl, "%s: no stage takes the tag '%s'", verdict->project, run->names.tag);
        else if (!verdict->stage && !run->taken) {
                (void) ctl_fail(ctl, 0, "No stage of project '%s' takes the tag '%s'", verdict->project,
                                run->names.tag);
                ctl_hint(ctl, "One that does is made by: tinyforgectl stage set %s STAGE --pattern=PATTERN",
                         verdict->project);
        }
}

static int note_verdict(Run *run, const Verdict *verdict, Table *table) {
        json_t *object;
        int r = table_error(table);

        if (r < 0)
                return ctl_fail(run->ctl, r, "Cannot show the stages: %m");

        object = json_pack("{s:s, s:s?, s:b, s:s?, s:o}", "project", verdict->project, "stage",
                           verdict->stage, "auto_deploy", verdict->auto_deploy, "after",
                           isempty(verdict->after) ? NULL : verdict->after, "stages",
                           table_steal_json(table));
        if (!object || json_array_append_new(run->matches, object) < 0)
                return ctl_fail(run->ctl, -ENOMEM, "Out of memory");

        if (!run->first || (json_is_null(json_object_get(run->first, "stage")) && verdict->stage))
                run->first = object;
        return 0;
}

static int show_match(Run *run, const Verdict *verdict) {
        _cleanup_(table_freep) Table *table = NULL;
        int r;

        table = table_new(stage_columns, ELEMENTSOF(stage_columns));
        if (!table)
                return ctl_fail(run->ctl, -ENOMEM, "Out of memory");

        show_verdict(run, verdict);
        r = show_stages(run->ctl, table, verdict, run->names.tag);
        return r < 0 ? r : note_verdict(run, verdict, table);
}

/* At least one has a stage for it. */
static int show_matches(Run *run, sd_bus_message *reply) {
        int r, auto_deploy = 0;
        Verdict verdict;

        run->taken = true;
        r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "(ssbs)");
        while (r >= 0 && (r = sd_bus_message_read(reply, "(ssbs)", &verdict.project, &verdict.stage,
                                                  &auto_deploy, &verdict.after)) > 0) {
                verdict.auto_deploy = auto_deploy;
                verdict.stage = isempty(verdict.stage) ? NULL : verdict.stage;
                r = show_match(run, &verdict);
                if (r < 0)
                        return r;
        }

        return r < 0 ? report_answer(run->ctl, &peer_webhook, r) : 0;
}

/* Of those that have the image no one has a stage for it. */
static int show_projects(Run *run) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        ProjectRow project;
        int r;

        r = client_call(run->ctl, &peer_webhook, "DescribeProjectsPage", &reply, "sua{sv}", "", 0U, 1,
                        OPTION_IMAGE, "s", run->names.repository);
        if (r < 0)
                return r;

        r = rows_enter(reply);
        while (r >= 0 && (r = project_read(reply, &project)) > 0) {
                r = show_match(run, &(Verdict){ .project = project.name, .after = project.after });
                if (r < 0)
                        return r;
        }

        return r < 0 ? report_answer(run->ctl, &peer_webhook, r) : 0;
}

static int ask(Run *run) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Ctl *ctl = run->ctl;
        int r;

        r = client_open(ctl);
        if (r < 0)
                return r;

        r = client_try(ctl, &peer_webhook, "MatchImages", &error, &reply, "s", run->names.image);
        if (r == -ENODEV)
                return 0;
        if (r == -ENXIO)
                return show_projects(run);

        return r < 0 ? report_error(ctl, &peer_webhook, r, &error) : show_matches(run, reply);
}

static int show_json(const Run *run) {
        json_t *object = json_pack("{s:s, s:s, s:n, s:n, s:b, s:[]}", "image", run->names.image, "tag",
                                   run->names.tag, "project", "stage", "auto_deploy", 0, "stages");

        /* The first of them, and then all. */
        if (run->first && json_object_update_existing(object, (json_t *) (uintptr_t) run->first) < 0) {
                json_decref(object);
                object = NULL;
        }
        if (object && json_object_set(object, "matches", run->matches) < 0) {
                json_decref(object);
                object = NULL;
        }

        return ctl_print_json(run->ctl, object);
}

int verb_match(Ctl *ctl, char *args[]) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_(run_done) Run run = { .ctl = ctl };
        int r;

        r = image_argument_parse(ctl, args[0], &ref);
        if (r < 0)
                return r;

        run.matches = json_array();
        if (!run.matches || names_make(ref, &run.names) < 0)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        r = ask(&run);
        if (r < 0)
                return r;

        if (!run.first) {
                (void) ctl_fail(ctl, 0, "No project has the image %s", run.names.repository);
                ctl_hint(ctl, "A push would create one where AutoCreate= and AutoCreateImages= allow it.");
        }
        if (ctl->json)
                r = show_json(&run);
        if (r < 0)
                return r;

        return run.taken ? 0 : CTL_EXIT_NOT_FOUND;
}
