/* SPDX-License-Identifier: MIT */
/* What a sender is answered, and what others are told, while a request is handled: see handling.h. */
#include <stdio.h>

#include "webhookd/delivery/handling.h"

Notice handling_notice(const Handling *handling, EventId event, NoticeSignal signal, const char *image) {
        Notice notice = NOTICE(event, signal);

        notice.image = image;
        notice.provider = handling->pushes->provider;
        notice.delivery = handling->delivery_id;
        notice.remote = handling->request->remote;
        notice.hook = handling->hook->name;
        return notice;
}

int handling_tell(Handling *handling, const Notice *notice, const char *outcome, const char *reason) {
        Delivery *delivery = handling->delivery;

        return delivery->trial ? trial_add(delivery->trial, notice->image, notice->project, notice->stage,
                                           outcome, reason)
                               : outbox_add(delivery->outbox, notice);
}

int handle_ignored(Handling *handling, const char *image, const Match *match, const char *reason) {
        Notice notice = handling_notice(handling, EVENT_DELIVERY_IGNORED, NOTICE_NO_SIGNAL, image);
        json_t *j = json_pack("{s:s, s:s}", "image", image, "reason", reason);
        char text[160];

        if (j && match && handling->is_shared &&
            json_object_set_new(j, "project", json_string(match->project->name)) < 0)
                j = json_free(j);
        if (json_array_append_new(handling->ignored, j) < 0)
                return -ENOMEM;

        (void) snprintf(text, sizeof(text), "Delivery ignored: %s", reason);
        notice.text = text;
        notice.project = match && match->project ? match->project->name : NULL;
        notice.stage = match && match->stage ? match->stage->name : NULL;
        return handling_tell(handling, &notice, "ignored", reason);
}

int handle_undecoded(Handling *handling, const Ignored *ignored) {
        Notice notice = handling_notice(handling, EVENT_DELIVERY_IGNORED, NOTICE_NO_SIGNAL,
                                        isempty(ignored->image) ? NULL : ignored->image);
        const char *word = ignore_reason_to_string(ignored->reason);
        char explanation[IGNORED_TEXT_SIZE], text[IGNORED_TEXT_SIZE + 64];

        ignored_explain(ignored, explanation);
        if (json_array_append_new(handling->ignored, json_pack("{s:s, s:s, s:s}", "image", ignored->image,
                                                               "reason", word, "detail", explanation)) < 0)
                return -ENOMEM;

        (void) snprintf(text, sizeof(text), "Delivery ignored: %s: %s", word, explanation);
        notice.text = text;
        return handling_tell(handling, &notice, "ignored", word);
}

DeliveryOutcome handling_outcome(const Handling *handling) {
        if (handling->accepted)
                return DELIVERY_ACCEPTED;

        return json_array_size(handling->deploys) > 0 ? DELIVERY_KNOWN : DELIVERY_IGNORED;
}

int handling_answer(const Handling *handling, Answer *ret) {
        _cleanup_(json_freep) json_t *j = NULL;
        char *body = NULL;
        int r;

        /* A sender that asks before it calls waits for exactly this. */
        if (handling->pushes->validation_code && !handling->accepted)
                j = json_pack("{s:s}", "validationResponse", handling->pushes->validation_code);
        else
                j = json_pack("{s:O}", "deploys", handling->deploys);
        if (!j)
                return -ENOMEM;

        if (!handling->pushes->validation_code && json_array_size(handling->ignored) > 0 &&
            json_object_set(j, "ignored", handling->ignored) < 0)
                return -ENOMEM;

        r = json_encode(j, &body);
        if (r < 0)
                return r;

        answer_set_status(ret, handling->accepted ? 202 : 200);
        ret->body = body;
        ret->accepted = true;
        if (handling->wait_usec > 0 && !handling->delivery->trial &&
            json_array_size(handling->deploys) > 0) {
                ret->deploys = TAKE_PTR(j);
                ret->wait_usec = handling->wait_usec;
        }
        return 0;
}
