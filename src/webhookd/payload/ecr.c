/* SPDX-License-Identifier: MIT */
/*
 * AWS's container registry through EventBridge: as a CloudEvent `com.amazon.ecr.image.push`, whose source
 * "urn:aws:ecr:<region>:<account>:…" tells the region, or as the event that EventBridge itself has. Some who make these
 * CloudEvents themselves name the image as the subject alone, "repository:tag".
 */
#include <stdio.h>

#include "webhookd/payload/cloudevent.h"
#include "webhookd/payload/fields.h"
#include "webhookd/payload/format.h"
#include "webhookd/payload/push-time.h"

#define EVENT_PREFIX "com.amazon.ecr."
/* More than any region's or account's name has. */
#define PART_MAX 64U

typedef struct EcrEvent {
        const char *action; /* "push" */
        const char *account;
        const char *region;
        const char *type;  /* of the artifact, NULL: it is not told */
        PushedImage image; /* without its host */
} EcrEvent;

static bool ecr_cloudevent(const Request *request, const json_t *body, CloudEvent *ret) {
        return cloudevent_read(request, body, ret) && bytes_begin_with(ret->type, EVENT_PREFIX);
}

static bool ecr_bridge_event(const json_t *body) {
        return word_is(field_text(body, "source"), "aws.ecr") ||
               word_is(field_text(body, "detail-type"), "ECR Image Action");
}

static Recognition ecr_recognise(const Request *request, const json_t *body) {
        CloudEvent event;

        return ecr_cloudevent(request, body, &event) || ecr_bridge_event(body) ? RECOGNISED_BY_KEYS
                                                                               : RECOGNISED_NOT;
}

/* The `number`th of the parts between colons; false where it is missing or long. */
static bool source_part(Bytes source, size_t number, char part[static PART_MAX]) {
        size_t length = 0;

        for (size_t i = 0; i < source.length; i++) {
                if (source.data[i] == ':') {
                        if (number-- == 0)
                                break;
                        continue;
                }
                if (number > 0)
                        continue;
                if (length + 1 >= PART_MAX)
                        return false;
                part[length++] = source.data[i];
        }

        part[length] = '\0';
        return length > 0;
}

static bool is_made_of(const char *text, const char *characters) {
        return !isempty(text) && strlen(text) < PART_MAX && strspn(text, characters) == strlen(text);
}

/* Writes the registry's name; false where the event does not tell it. */
static bool ecr_host(const EcrEvent *event, char host[static 3 * PART_MAX]) {
        if (!is_made_of(event->account, "0123456789") ||
            !is_made_of(event->region, "abcdefghijklmnopqrstuvwxyz0123456789-"))
                return false;

        (void) snprintf(host, 3 * PART_MAX, "%s.dkr.ecr.%s.amazonaws.com%s", event->account, event->region,
                        strncmp(event->region, "cn-", 3) == 0 ? ".cn" : "");
        return true;
}

static int ecr_add(const EcrEvent *event, PushList *list) {
        PushedImage image = event->image;
        char host[3 * PART_MAX];

        if (ecr_host(event, host))
                image.host = host;
        if (!word_is(event->action, "push"))
                return push_list_ignore(list, &image, action_reason(event->action));

        if (type_is_chart(event->type))
                return push_list_ignore(list, &image, IGNORE_NOT_A_PUSH);

        return push_list_add_pushed(list, &image);
}

/* Ends `subject` behind the repository's name, and returns the tag, or NULL. */
static const char *subject_split(char *subject) {
        char *slash = strrchr(subject, '/'), *colon = strchr(slash ? slash : subject, ':');

        if (!colon)
                return NULL;

        *colon = '\0';
        return colon + 1;
}

static int ecr_decode_cloudevent(const CloudEvent *event, PushList *list) {
        char region[PART_MAX] = "", account[PART_MAX] = "";
        const char *registry = field_text(event->data, "registryId"), *word;
        const char *repository = field_text(event->data, "repositoryName");
        const char *tag = field_text(event->data, "imageTag");
        _cleanup_free_ char *type = bytes_to_string(event->type), *subject = bytes_to_string(event->subject);

        if (!type || !subject)
                return -ENOMEM;

        if (!repository && subject[0] != '\0') {
                tag = subject_split(subject);
                repository = subject;
        }

        word = strrchr(type, '.');
        (void) source_part(event->source, 3, region);
        (void) source_part(event->source, 4, account);
        return ecr_add(&(EcrEvent){
                                       .action = word ? word + 1 : type,
                                       .account = registry ? registry : account,
                                       .region = region,
                                       .type = field_text(event->data, "artifactMediaType"),
                                       .image = {
                                               .repository = repository,
                                               .tag = tag,
                                               .digest = field_text(event->data, "imageDigest"),
                                               .delivery_id = event->id,
                                               .pushed_at = event->time,
                                       },
                               },
                       list);
}

static int ecr_decode_bridge(const json_t *body, PushList *list) {
        const json_t *detail = json_object_get(body, "detail");
        const char *result = field_text(detail, "result");

        /* A push that failed moved nothing. */
        if (result && !word_is(result, "SUCCESS"))
                return push_list_ignore(list, NULL, IGNORE_NOT_A_PUSH);

        return ecr_add(&(EcrEvent){
                                       .action = field_text(detail, "action-type"),
                                       .account = field_text(body, "account"),
                                       .region = field_text(body, "region"),
                                       .type = field_text(detail, "artifact-media-type"),
                                       .image = {
                                               .repository = field_text(detail, "repository-name"),
                                               .tag = field_text(detail, "image-tag"),
                                               .digest = field_text(detail, "image-digest"),
                                               .delivery_id = field_text(body, "id"),
                                               .pushed_at = push_time_at(body, "time"),
                                       },
                               },
                       list);
}

static int ecr_decode(const Request *request, const json_t *body, PushList *list, JsonError *ret_error) {
        CloudEvent event;

        (void) ret_error;

        return ecr_cloudevent(request, body, &event) ? ecr_decode_cloudevent(&event, list)
                                                     : ecr_decode_bridge(body, list);
}

const PayloadFormat payload_ecr = {
        .name = "ecr",
        .recognise = ecr_recognise,
        .decode = ecr_decode,
};
