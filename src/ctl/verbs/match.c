/* SPDX-License-Identifier: MIT */
/* match: where a push of an image would go, and why. webhookd decides; the stages it asked are shown beside. */
#include "ctl/client.h"
#include "ctl/print/rows.h"
#include "ctl/report.h"
#include "ctl/verbs/find.h"
#include "ctl/verbs/image-argument.h"
#include "ctl/verbs/verbs.h"
#include "shared/image-ref.h"
#include "shared/tag/tag-policy.h"

/* What webhookd answers; strings are borrowed from its message. */
typedef struct Verdict {
        const char *project; /* NULL: none has the image */
        const char *stage;   /* NULL: none takes the tag */
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

static int ask(Ctl *ctl, const char *image, const char *repository, sd_bus_message **ret_reply,
               Verdict *ret) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r, auto_deploy = 0;
        ProjectRow project;

        r = client_open(ctl);
        if (r < 0)
                return r;

        *ret = (Verdict){ .project = NULL };
        r = client_try(ctl, &peer_webhook, "MatchImage", &error, ret_reply, "s", image);
        if (r == -ENODEV)
                return 0;
        if (r == -ENXIO) {
                r = find_project(ctl, /* name= */ NULL, repository, ret_reply, &project);
                if (r > 0)
                        ret->project = project.name;
                return r < 0 ? r : 0;
        }
        if (r < 0)
                return report_error(ctl, &peer_webhook, r, &error);

        r = sd_bus_message_read(*ret_reply, "ssb", &ret->project, &ret->stage, &auto_deploy);
        if (r < 0)
                return report_answer(ctl, &peer_webhook, r);

        ret->auto_deploy = auto_deploy;
        return 0;
}

static void show_verdict(const Ctl *ctl, const char *repository, const char *tag, const Verdict *verdict) {
        if (!verdict->project) {
                (void) ctl_fail(ctl, 0, "No project has the image %s", repository);
                ctl_hint(ctl, "A push would create one where AutoCreate= and AutoCreateImages= allow it.");
        } else if (!verdict->stage) {
                (void) ctl_fail(ctl, 0, "No stage of project '%s' takes the tag '%s'", verdict->project,
                                tag);
                ctl_hint(ctl, "One that does is made by: tinyforgectl stage set %s STAGE --pattern=PATTERN",
                         verdict->project);
        } else if (!ctl->json)
                ctl_print(ctl, "%s/%s%s", verdict->project, verdict->stage,
                          verdict->auto_deploy ? ""
                                               : " (auto_deploy is off: it would be kept as available)");
}

static int show_json(const Ctl *ctl, const char *image, const char *tag, const Verdict *verdict,
                     Table *table) {
        int r = table_error(table);

        if (r < 0)
                return ctl_fail(ctl, r, "Cannot show the stages: %m");

        return ctl_print_json(ctl,
                              json_pack("{s:s, s:s, s:s?, s:s?, s:b, s:o}", "image", image, "tag", tag,
                                        "project", verdict->project, "stage", verdict->stage, "auto_deploy",
                                        verdict->auto_deploy, "stages", table_steal_json(table)));
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

int verb_match(Ctl *ctl, char *args[]) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_(table_freep) Table *table = NULL;
        _cleanup_(names_done) Names names = { 0 };
        Verdict verdict = { .project = NULL };
        int r;

        r = image_argument_parse(ctl, args[0], &ref);
        if (r < 0)
                return r;

        table = table_new(stage_columns, ELEMENTSOF(stage_columns));
        if (!table || names_make(ref, &names) < 0)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        r = ask(ctl, names.image, names.repository, &reply, &verdict);
        if (r < 0)
                return r;

        show_verdict(ctl, names.repository, names.tag, &verdict);
        if (verdict.project)
                r = show_stages(ctl, table, &verdict, names.tag);
        if (r >= 0 && ctl->json)
                r = show_json(ctl, names.image, names.tag, &verdict, table);
        if (r < 0)
                return r;

        return verdict.project && verdict.stage ? 0 : CTL_EXIT_NOT_FOUND;
}
