/* SPDX-License-Identifier: MIT */
/* Notices that wait for their commit: see outbox.h. */
#include "webhookd/queue/outbox.h"

#include <inttypes.h>
#include <stdio.h>

/* The strings of a Notice, so that copying and freeing cannot forget one. */
static const size_t notice_strings[] = {
        offsetof(Notice, text),     offsetof(Notice, project), offsetof(Notice, stage),
        offsetof(Notice, image),    offsetof(Notice, digest),  offsetof(Notice, delivery),
        offsetof(Notice, provider), offsetof(Notice, remote),  offsetof(Notice, hook),
};

struct Outbox {
        OutboxSink sink;
        void *userdata;
        Notice *notices;
        size_t n, allocated;
};

static char **notice_string(Notice *notice, size_t i) {
        return (char **) ((char *) notice + notice_strings[i]);
}

static void notice_done(Notice *notice) {
        for (size_t i = 0; i < ELEMENTSOF(notice_strings); i++) {
                free(*notice_string(notice, i));
                *notice_string(notice, i) = NULL;
        }
}

static int notice_copy(const Notice *notice, Notice *ret) {
        Notice copy = *notice;

        for (size_t i = 0; i < ELEMENTSOF(notice_strings); i++)
                *notice_string(&copy, i) = NULL;

        for (size_t i = 0; i < ELEMENTSOF(notice_strings); i++) {
                const char *text = *(const char *const *) ((const char *) notice + notice_strings[i]);

                if (!text)
                        continue;

                *notice_string(&copy, i) = strdup(text);
                if (!*notice_string(&copy, i)) {
                        notice_done(&copy);
                        return -ENOMEM;
                }
        }

        *ret = copy;
        return 0;
}

Notice notice_about(const Deploy *deploy, EventId event, NoticeSignal signal) {
        Notice notice = NOTICE(event, signal);

        assert(deploy);

        notice.project = deploy->project;
        notice.stage = deploy->stage;
        notice.image = deploy->image;
        notice.digest = deploy->digest;
        notice.deploy = deploy->id;
        return notice;
}

int outbox_new(OutboxSink sink, void *userdata, Outbox **ret) {
        Outbox *outbox;

        assert(sink);
        assert(ret);

        outbox = calloc(1, sizeof(*outbox));
        if (!outbox)
                return -ENOMEM;

        outbox->sink = sink;
        outbox->userdata = userdata;
        *ret = outbox;
        return 0;
}

Outbox *outbox_free(Outbox *outbox) {
        if (!outbox)
                return NULL;

        outbox_drop(outbox);
        free(outbox->notices);
        free(outbox);
        return NULL;
}

int outbox_add(Outbox *outbox, const Notice *notice) {
        int r;

        assert(outbox);
        assert(notice);

        if (outbox->n == outbox->allocated) {
                size_t wanted = outbox->allocated > 0 ? 2 * outbox->allocated : 16;
                Notice *grown = reallocarray(outbox->notices, wanted, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;

                outbox->notices = grown;
                outbox->allocated = wanted;
        }

        r = notice_copy(notice, &outbox->notices[outbox->n]);
        if (r < 0)
                return r;

        outbox->n++;
        return 0;
}

int outbox_add_superseded(Outbox *outbox, const char *project, const char *stage,
                          const EnqueueResult *result) {
        const PutAside *old;
        char text[96];
        Notice notice;

        assert(outbox);
        assert(project && stage);
        assert(result);

        old = &result->aside;
        if (old->id == 0)
                return 0;

        notice = NOTICE(old->state == DEPLOY_CANCELLED ? EVENT_DEPLOY_CANCELLED : EVENT_DEPLOY_SUPERSEDED,
                        NOTICE_DEPLOY_FINISHED);
        (void) snprintf(text, sizeof(text), "Deploy %" PRIu64 " %s by deploy %" PRIu64, old->id,
                        deploy_state_to_string(old->state), result->deploy_id);
        notice.text = text;
        notice.project = project;
        notice.stage = stage;
        notice.image = old->image;
        notice.deploy = old->id;
        notice.state = old->state;
        return outbox_add(outbox, &notice);
}

size_t outbox_length(const Outbox *outbox) {
        assert(outbox);

        return outbox->n;
}

void outbox_cut(Outbox *outbox, size_t length) {
        assert(outbox);

        while (outbox->n > length)
                notice_done(&outbox->notices[--outbox->n]);
}

bool outbox_flush(Outbox *outbox) {
        size_t n;

        assert(outbox);

        /* The sink may add notices of its own: they are handed out in the same go. */
        for (n = 0; n < outbox->n; n++) {
                Notice notice = outbox->notices[n];

                outbox->sink(&notice, outbox->userdata);
        }

        outbox_drop(outbox);
        return n > 0;
}

void outbox_drop(Outbox *outbox) {
        assert(outbox);

        outbox_cut(outbox, 0);
}
