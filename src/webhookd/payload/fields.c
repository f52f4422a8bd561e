/* SPDX-License-Identifier: MIT */
/* Lookups in what registries send: see fields.h. */
#include "webhookd/payload/fields.h"

#include <stdio.h>
#include <strings.h>

typedef struct ActionReason {
        const char *action;
        IgnoreReason reason;
} ActionReason;

static const ActionReason action_reasons[] = {
        { "ping", IGNORE_PING },
        { "pull", IGNORE_PULL },
        { "pulled", IGNORE_PULL },
        { "pullImage", IGNORE_PULL },
        { "PULL_ARTIFACT", IGNORE_PULL },
        { "delete", IGNORE_DELETE },
        { "deleted", IGNORE_DELETE },
        { "deleteImage", IGNORE_DELETE },
        { "DELETE_ARTIFACT", IGNORE_DELETE },
        { "ImageDeleted", IGNORE_DELETE },
        { "ChartDeleted", IGNORE_DELETE },
        { "PURGED", IGNORE_DELETE },
        { "chart_delete", IGNORE_DELETE },
        { "chart_push", IGNORE_NOT_A_PUSH },
        { "ChartPushed", IGNORE_NOT_A_PUSH },
        { "UPLOAD_CHART", IGNORE_NOT_A_PUSH },
        { "DOWNLOAD_CHART", IGNORE_NOT_A_PUSH },
        { "DELETE_CHART", IGNORE_NOT_A_PUSH },
        { "uploadChart", IGNORE_NOT_A_PUSH },
        { "downloadChart", IGNORE_NOT_A_PUSH },
        { "deleteChart", IGNORE_NOT_A_PUSH },
        { "mount", IGNORE_NOT_A_PUSH },
        { "promoted", IGNORE_NOT_A_PUSH },
        { "quarantine", IGNORE_NOT_A_PUSH },
        { "scanned", IGNORE_NOT_A_PUSH },
        { "SCANNING_COMPLETED", IGNORE_NOT_A_PUSH },
        { "SCANNING_FAILED", IGNORE_NOT_A_PUSH },
        { "SCANNING_STOPPED", IGNORE_NOT_A_PUSH },
        { "QUOTA_EXCEED", IGNORE_NOT_A_PUSH },
        { "QUOTA_WARNING", IGNORE_NOT_A_PUSH },
        { "REPLICATION", IGNORE_NOT_A_PUSH },
        { "TAG_RETENTION", IGNORE_NOT_A_PUSH },
};

IgnoreReason action_reason(const char *action) {
        for (size_t i = 0; i < ELEMENTSOF(action_reasons); i++)
                if (word_is(action, action_reasons[i].action))
                        return action_reasons[i].reason;

        return IGNORE_UNKNOWN_EVENT;
}

const char *field_text(const json_t *object, const char *key) {
        const char *text = json_get_string(object, key);

        return isempty(text) ? NULL : text;
}

bool word_is(const char *word, const char *wanted) {
        return word && strcasecmp(word, wanted) == 0;
}

bool word_is_one_of(const char *word, const char *const *wanted, size_t n_wanted) {
        for (size_t i = 0; i < n_wanted; i++)
                if (word_is(word, wanted[i]))
                        return true;

        return false;
}

bool type_is_chart(const char *type) {
        /* "application/vnd.cncf.helm.config.v1+json", and JFrog's "helm" and "helmoci". */
        return type && strcasestr(type, "helm");
}

bool bytes_begin_with(Bytes bytes, const char *prefix) {
        return bytes.length >= strlen(prefix) && strncasecmp(bytes.data, prefix, strlen(prefix)) == 0;
}

bool bytes_are_word(Bytes bytes, const char *wanted) {
        return bytes.length == strlen(wanted) && bytes_begin_with(bytes, wanted);
}

Bytes header_value(const Request *request, const char *name) {
        const Header *header = request_header(request, name);

        return header ? header->value : (Bytes){ "", 0 };
}

static Bytes media_type(const Request *request) {
        Bytes type = header_value(request, "content-type");
        size_t length = 0;

        while (length < type.length && type.data[length] != ';' && type.data[length] != ' ' &&
               type.data[length] != '\t')
                length++;
        return (Bytes){ type.data, length };
}

bool media_type_is(const Request *request, const char *wanted) {
        return bytes_are_word(media_type(request), wanted);
}

bool media_type_is_json(const Request *request) {
        static const char suffix[] = "+json";
        const size_t suffix_length = sizeof(suffix) - 1;
        Bytes type = media_type(request);

        return header_value(request, "content-type").length == 0 ||
               bytes_are_word(type, "application/json") || bytes_are_word(type, "text/json") ||
               (type.length > suffix_length &&
                bytes_are_word((Bytes){ type.data + type.length - suffix_length, suffix_length }, suffix));
}

bool request_is_from_git_forge(const Request *request) {
        static const char *const names[] = { "x-forgejo-event", "x-gitea-event", "x-github-event" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (header_value(request, names[i]).length > 0)
                        return true;

        return false;
}

/* Ends the text before the first `mark` behind its last '/', and returns what follows, or NULL. */
static const char *cut_behind_slash(char *text, char mark) {
        char *slash = strrchr(text, '/'), *found = strchr(slash ? slash : text, mark);

        if (!found)
                return NULL;

        *found = '\0';
        return found[1] == '\0' ? NULL : found + 1;
}

int address_split(const char *text, Address *ret) {
        Address address = { 0 };
        char *rest, *slash;

        assert(ret);

        if (isempty(text)) {
                *ret = address;
                return 0;
        }

        address.buffer = strdup(text);
        if (!address.buffer)
                return -ENOMEM;

        rest = strstr(address.buffer, "://");
        rest = rest ? rest + 3 : address.buffer;
        slash = strchr(rest, '/');
        address.digest = cut_behind_slash(rest, '@');
        /* "host:5000" alone has no tag. */
        if (slash) {
                address.tag = cut_behind_slash(rest, ':');
                *slash = '\0';
                address.repository = slash[1] == '\0' ? NULL : slash + 1;
        }
        address.host = rest[0] == '\0' ? NULL : rest;
        *ret = address;
        return 0;
}

void address_done(Address *address) {
        assert(address);

        free(address->buffer);
        *address = (Address){ 0 };
}

int path_join(const char *first, const char *second, char **ret) {
        char *joined = NULL;

        assert(ret);

        if (first && second && asprintf(&joined, "%s/%s", first, second) < 0)
                return -ENOMEM;

        *ret = joined;
        return 0;
}
