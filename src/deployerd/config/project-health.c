/* SPDX-License-Identifier: MIT */
/* "healthcheck" of a project's file: see project-health.h. */
#include "deployerd/config/project-health.h"

#include <stdio.h>

#include "shared/conf/parse.h"
#include "shared/healthcheck.h"
#include "shared/protocol.h"

/* What it says, key by key; borrowed from the file. */
typedef struct Draft {
        const char *type;
        const char *path;
        ProjectHealth health;
} Draft;

static bool read_type(const json_t *value, Draft *draft) {
        const char *type = strempty(json_string_value(value));

        draft->type = type;
        return streq(type, HEALTHCHECK_IMAGE) || streq(type, HEALTHCHECK_TCP) ||
               streq(type, HEALTHCHECK_NONE) || streq(type, "http");
}

static bool read_path(const json_t *value, Draft *draft) {
        char text[HEALTHCHECK_MAX + sizeof(HEALTHCHECK_HTTP_PREFIX)];

        draft->path = strempty(json_string_value(value));
        (void) snprintf(text, sizeof(text), HEALTHCHECK_HTTP_PREFIX "%s", draft->path);
        return draft->path[0] == '/' && strlen(draft->path) <= HEALTHCHECK_MAX && healthcheck_is_valid(text);
}

/* A name or an address, with a port perhaps; nothing that would end the line of a header. */
static bool read_host(const json_t *value, Draft *draft) {
        const char *host = strempty(json_string_value(value));
        size_t n = strlen(host);

        if (n == 0 || n >= HEALTH_HOST_SIZE ||
            strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") != n)
                return false;

        free(draft->health.host);
        draft->health.host = strdup(host);
        return true;
}

static bool read_port(const json_t *value, Draft *draft) {
        json_int_t port = json_integer_value(value);

        draft->health.port = (uint16_t) port;
        return port >= 1 && port <= UINT16_MAX;
}

/* "204", or "200-399". */
static bool read_status(const json_t *value, Draft *draft) {
        const char *text = strempty(json_string_value(value));
        char word[4];
        uint64_t first, last;
        size_t n = strcspn(text, "-");

        if (n != 3 || (text[3] == '-' && strlen(text) != 7))
                return false;

        memcpy(word, text, n);
        word[n] = '\0';
        if (parse_uint(word, 599, &first) < 0 ||
            parse_uint(text[3] == '-' ? text + 4 : word, 599, &last) < 0 || first < 100 || last < first)
                return false;

        draft->health.status_first = (uint16_t) first;
        draft->health.status_last = (uint16_t) last;
        return true;
}

static const struct {
        const char *key;
        bool (*read)(const json_t *value, Draft *draft);
        const char *expected;
        bool tcp; /* also where the type is "tcp", not with "http" alone */
} health_keys[] = {
        { "type", read_type, "has to be \"http\", \"tcp\", \"image\" or \"none\"", true },
        { "path", read_path,
          "has to be a path of at most 255 bytes that begins with a slash, in plain ASCII", false },
        { "host", read_host, "has to be a name or an address, with a port perhaps", false },
        { "port", read_port, "has to be a number from 1 to 65535", true },
        { "status", read_status, "has to be a status or a range of them, such as \"200-399\"", false },
};

static int fail(const char *key, const char *problem, const char **ret_key,
                char ret_problem[static HEALTH_PROBLEM_SIZE]) {
        (void) snprintf(ret_problem, HEALTH_PROBLEM_SIZE, "%s", problem);
        *ret_key = key;
        return -EBADMSG;
}

static int draft_read_key(Draft *draft, const char *key, const json_t *value, const char **ret_key,
                          char ret_problem[static HEALTH_PROBLEM_SIZE]) {
        for (size_t i = 0; i < ELEMENTSOF(health_keys); i++) {
                if (!streq(health_keys[i].key, key))
                        continue;

                return health_keys[i].read(value, draft)
                                       ? 0
                                       : fail(key, health_keys[i].expected, ret_key, ret_problem);
        }

        return fail(key, "is not known of a health check", ret_key, ret_problem);
}

/* Keys that the type has no use for are a misunderstanding. */
static int draft_check(const Draft *draft, const json_t *object, const char **ret_key,
                       char ret_problem[static HEALTH_PROBLEM_SIZE]) {
        if (!draft->type)
                return fail("type", "has to be there", ret_key, ret_problem);

        for (size_t i = 1; i < ELEMENTSOF(health_keys); i++) {
                bool taken = streq(draft->type, "http") || (streq(draft->type, "tcp") && health_keys[i].tcp);

                if (json_object_get(object, health_keys[i].key) && !taken)
                        return fail(health_keys[i].key,
                                    health_keys[i].tcp ? "is for the types \"http\" and \"tcp\""
                                                       : "is for the type \"http\"",
                                    ret_key, ret_problem);
        }

        return 0;
}

static int draft_finish(Draft *draft, ProjectHealth *ret) {
        if (!streq(draft->type, "http"))
                draft->health.check = strdup(draft->type);
        else if (asprintf(&draft->health.check, HEALTHCHECK_HTTP_PREFIX "%s",
                          draft->path ? draft->path : "/") < 0)
                draft->health.check = NULL;
        if (!draft->health.check)
                return -ENOMEM;

        *ret = draft->health;
        draft->health = (ProjectHealth){ .check = NULL };
        return 0;
}

static int read_object(const json_t *object, Draft *draft, ProjectHealth *ret, const char **ret_key,
                       char ret_problem[static HEALTH_PROBLEM_SIZE]) {
        const char *key;
        json_t *value;
        int r;

        json_object_foreach((json_t *) (uintptr_t) object, key, value) {
                r = draft_read_key(draft, key, value, ret_key, ret_problem);
                if (r < 0)
                        return r;
        }

        r = draft_check(draft, object, ret_key, ret_problem);
        if (r < 0)
                return r;
        if (json_object_get(object, "host") && !draft->health.host)
                return -ENOMEM;

        return draft_finish(draft, ret);
}

int project_health_read(const json_t *value, ProjectHealth *ret, const char **ret_key,
                        char ret_problem[static HEALTH_PROBLEM_SIZE]) {
        Draft draft = { .health = { .status_first = HEALTH_STATUS_FIRST,
                                    .status_last = HEALTH_STATUS_LAST } };
        int r;

        assert(value);
        assert(ret);
        assert(ret_key);

        if (json_is_object(value)) {
                r = read_object(value, &draft, ret, ret_key, ret_problem);
                project_health_done(&draft.health);
                return r;
        }

        if (!json_is_string(value) || !healthcheck_is_valid(json_string_value(value)))
                return fail("", "has to be " HEALTHCHECK_FORMS ", or an object", ret_key, ret_problem);

        draft.health.check = strdup(json_string_value(value));
        if (!draft.health.check)
                return -ENOMEM;

        *ret = draft.health;
        return 0;
}

void project_health_done(ProjectHealth *health) {
        assert(health);

        free(health->check);
        free(health->host);
        *health = (ProjectHealth){ .check = NULL };
}
