/* SPDX-License-Identifier: MIT */
/* Projects in pages: see project-pages.h. */
#include "ctl/verbs/project-pages.h"

#include "ctl/client.h"
#include "ctl/report.h"
#include "shared/protocol.h"

/* Whether there may be one more page behind the one that has ended. */
static bool more_is_there(const ProjectPages *pages) {
        return !pages->reply ||
               (pages->n == pages->asked && (pages->limit == 0 || pages->seen + pages->n < pages->limit));
}

static int turn_page(ProjectPages *pages) {
        sd_bus_message *reply = NULL;
        unsigned wanted;
        int r;

        pages->seen += pages->n;
        pages->n = 0;
        wanted = pages->limit > 0 ? pages->limit - pages->seen : PAGE_MAX;
        pages->asked = wanted < PAGE_MAX ? wanted : PAGE_MAX;

        r = client_call(pages->ctl, &peer_webhook, "DescribeProjectsPage", &reply, "sua{sv}",
                        strempty(pages->last), pages->asked, 1, OPTION_PREFIX, "s", strempty(pages->prefix));
        if (r < 0)
                return r;

        /* The name of the last row lives in the page before. */
        sd_bus_message_unref(pages->before);
        pages->before = pages->reply;
        pages->reply = reply;
        r = rows_enter(reply);
        return r < 0 ? report_answer(pages->ctl, &peer_webhook, r) : 0;
}

/* Names that go up come to an end, whoever answers. */
static int read_row(ProjectPages *pages, ProjectRow *ret) {
        int r;

        r = project_read(pages->reply, ret);
        if (r <= 0)
                return r;
        if (pages->last && strcmp(ret->name, pages->last) <= 0)
                return -EBADMSG;

        pages->last = ret->name;
        pages->n++;
        return 1;
}

int project_pages_next(ProjectPages *pages, ProjectRow *ret) {
        int r;

        assert(pages && pages->ctl);
        assert(ret);

        for (;;) {
                r = pages->reply ? read_row(pages, ret) : 0;
                if (r < 0)
                        return report_answer(pages->ctl, &peer_webhook, r);
                if (r > 0 || !more_is_there(pages))
                        return r;

                r = turn_page(pages);
                if (r < 0)
                        return r;
        }
}

void project_pages_done(ProjectPages *pages) {
        assert(pages);

        sd_bus_message_unref(pages->before);
        sd_bus_message_unref(pages->reply);
}
