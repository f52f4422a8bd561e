/* SPDX-License-Identifier: MIT */
/* One deploy, project or stage among all: see find.h. */
#include "ctl/verbs/find.h"

#include <inttypes.h>

#include "ctl/client.h"
#include "ctl/report.h"
#include "ctl/verbs/project-pages.h"
#include "shared/bus/errors.h"
#include "shared/protocol.h"

/* webhookd lists no more deploys than these in one answer. */
#define LIST_MAX 1000U

/* What is looked for, and what was found; the strings of the row are borrowed from the reply. */
typedef struct Search {
        Ctl *ctl;
        uint64_t id;
        sd_bus_message *reply;
        DeployRow row;
} Search;

static void search_done(Search *search) {
        sd_bus_message_unref(search->reply);
}

/* 1: found; 0: not among the rows of this stage. Without a project: the newest rows of all; there may be older ones. */
static int search_stage(Search *search, const char *project, const char *stage, bool *ret_is_full) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        unsigned n = 0;
        int r;

        r = client_call(search->ctl, &peer_webhook, "DescribeDeploys", &reply, "ssu", project, stage, 0U);
        if (r < 0)
                return r;

        r = rows_enter(reply);
        for (; r >= 0 && (r = deploy_read(reply, &search->row)) > 0; n++)
                if (search->row.id == search->id) {
                        search->reply = TAKE_PTR(reply);
                        return 1;
                }
        if (r < 0)
                return report_answer(search->ctl, &peer_webhook, r);

        *ret_is_full = n >= LIST_MAX;
        return 0;
}

static int search_project(Search *search, const char *project) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        bool is_full = false;
        StageRow row;
        int r;

        r = client_call(search->ctl, &peer_webhook, "ListStages", &reply, "s", project);
        if (r < 0)
                return r;

        r = rows_enter(reply);
        while (r >= 0 && (r = stage_read(reply, &row)) > 0) {
                r = search_stage(search, project, row.name, &is_full);
                if (r != 0)
                        return r;
        }

        return r < 0 ? report_answer(search->ctl, &peer_webhook, r) : 0;
}

/* Stage by stage, which finds what is too old for the list of all. */
static int search_stages(Search *search) {
        _cleanup_(project_pages_done) ProjectPages pages = { .ctl = search->ctl };
        ProjectRow row;
        int r;

        while ((r = project_pages_next(&pages, &row)) > 0) {
                r = search_project(search, row.name);
                if (r != 0)
                        return r;
        }

        return r;
}

int find_deploy(Ctl *ctl, uint64_t id, const char *project, const char *stage, sd_bus_message **ret_reply,
                DeployRow *ret) {
        _cleanup_(search_done) Search search = { .ctl = ctl, .id = id };
        bool is_full = false;
        int r;

        assert(ctl);
        assert(ret_reply);
        assert(ret);

        r = search_stage(&search, project, stage, &is_full);
        if (r == 0 && isempty(project) && is_full)
                r = search_stages(&search);
        if (r < 0)
                return r;
        if (r == 0) {
                (void) ctl_fail(ctl, -ESRCH, "There is no deploy %" PRIu64 ", or it is not listed any more",
                                id);
                ctl_hint(ctl, "The deploys are listed by: tinyforgectl deploys");
                return -ESRCH;
        }

        *ret = search.row;
        *ret_reply = TAKE_PTR(search.reply);
        return 0;
}

int find_project(Ctl *ctl, const char *name, const char *image, sd_bus_message **ret_reply,
                 ProjectRow *ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        ProjectRow row;
        int r;

        assert(ctl);
        assert(!name != !image);
        assert(ret_reply);
        assert(ret);

        /* The shortest name that begins with a name comes first: that is the one. */
        r = client_call(ctl, &peer_webhook, "DescribeProjectsPage", &reply, "sua{sv}", "", 1U, 1,
                        name ? OPTION_PREFIX : OPTION_IMAGE, "s", name ? name : image);
        if (r < 0)
                return r;

        r = rows_enter(reply);
        while (r >= 0 && (r = project_read(reply, &row)) > 0)
                if (name ? streq(row.name, name) : streq(row.image, image)) {
                        *ret = row;
                        *ret_reply = TAKE_PTR(reply);
                        return 1;
                }

        return r < 0 ? report_answer(ctl, &peer_webhook, r) : 0;
}

int find_stage(Ctl *ctl, const char *project, const char *stage) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        sd_bus_error error = SD_BUS_ERROR_MAKE_CONST(ERROR_NO_SUCH_STAGE, "No such stage");
        StageRow row;
        int r;

        r = client_call(ctl, &peer_webhook, "ListStages", &reply, "s", project);
        if (r < 0 || !stage)
                return r < 0 ? r : 0;

        r = rows_enter(reply);
        while (r >= 0 && (r = stage_read(reply, &row)) > 0)
                if (streq(row.name, stage))
                        return 0;
        if (r < 0)
                return report_answer(ctl, &peer_webhook, r);

        return report_error(ctl, &peer_webhook, -ENXIO, &error);
}
