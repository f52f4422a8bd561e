/* SPDX-License-Identifier: MIT */
/* Commands of root's: see project-command.h. */
#include "deployerd/config/project-command.h"

#include "deployerd/config/deployer-config.h"

static int read_words(json_t *value, ProjectCommand *command, const char **ret_expected) {
        size_t n = json_array_size(value);

        *ret_expected = "has to be an array of words, such as [\"bin/migrate\"], 256 at most";
        if (n == 0 || n > PROJECT_COMMAND_WORDS_MAX)
                return -EBADMSG;
        for (size_t i = 0; i < n; i++)
                if (!json_is_string(json_array_get(value, i)))
                        return -EBADMSG;

        command->words = json_incref(value);
        return 0;
}

static int read_container(json_t *value, ProjectCommand *command, const char **ret_expected) {
        *ret_expected = "has to be an object";
        if (!json_is_object(value))
                return -EBADMSG;

        command->container = json_incref(value);
        return 0;
}

/* No longer than a deploy may take. */
static int read_timeout(json_t *value, ProjectCommand *command, const char **ret_expected) {
        *ret_expected = "has to be a time span above zero such as \"5min\", an hour at most";
        if (!json_is_string(value) ||
            deployer_parse_deploy_deadline(json_string_value(value), &command->timeout_usec,
                                           &(const char *){ NULL }) < 0)
                return -EBADMSG;

        return 0;
}

static int read_on_rollback(json_t *value, ProjectCommand *command, const char **ret_expected) {
        *ret_expected = "has to be true or false";
        if (!json_is_boolean(value))
                return -EBADMSG;

        command->on_rollback = json_is_true(value);
        return 0;
}

static const struct {
        const char *key;
        int (*read)(json_t *value, ProjectCommand *command, const char **ret_expected);
} keys[] = {
        { "Cmd", read_words },
        { "container", read_container },
        { "on_rollback", read_on_rollback },
        { "timeout", read_timeout },
};

static int read_key(const char *key, json_t *value, ProjectCommand *command, const char **ret_expected) {
        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (streq(keys[i].key, key))
                        return keys[i].read(value, command, ret_expected);

        *ret_expected = "is not known: there are Cmd, container, on_rollback and timeout";
        return -EBADMSG;
}

int project_command_read(json_t *value, ProjectCommand *ret, const char **ret_key,
                         const char **ret_expected) {
        _cleanup_(project_command_done) ProjectCommand command = { .words = NULL };
        const char *key;
        json_t *item;
        int r;

        assert(ret);
        assert(ret_key);
        assert(ret_expected);

        *ret_key = "";
        *ret_expected = "has to be an object with a Cmd, or null";
        command.timeout_usec = PROJECT_COMMAND_TIMEOUT_USEC;
        if (!json_is_object(value) && !json_is_null(value))
                return -EBADMSG;

        json_object_foreach(value, key, item) {
                *ret_key = key;
                r = read_key(key, item, &command, ret_expected);
                if (r < 0)
                        return r;
        }

        *ret_key = "Cmd";
        *ret_expected = "has to be there: it is the command, an array of words";
        if (json_is_object(value) && !command.words)
                return -EBADMSG;

        *ret = command;
        command = (ProjectCommand){ .words = NULL };
        return 0;
}

void project_command_done(ProjectCommand *command) {
        assert(command);

        json_decref(command->words);
        json_decref(command->container);
        *command = (ProjectCommand){ .words = NULL };
}
