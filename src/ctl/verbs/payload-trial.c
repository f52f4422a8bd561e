/* SPDX-License-Identifier: MIT */
/* test-payload: what a body would do, as webhookd finds it out without doing it. Here a file becomes a request. */
#include <fcntl.h>

#include "ctl/client.h"
#include "ctl/print/rows.h"
#include "ctl/report.h"
#include "ctl/verbs/verbs.h"
#include "shared/conf/read-file.h"
#include "shared/json.h"
#include "shared/protocol.h"

/* A file of headers that is larger is none. */
#define HEADER_FILE_MAX (64U * 1024U)

#define BLANKS " \t\r"

/* What webhookd answers; strings are borrowed from the message. */
typedef struct TrialRow {
        unsigned status;
        const char *answer, *provider, *signature;
} TrialRow;

/* "-" is what comes in; at most `max` bytes. Reports its faults. */
static int read_file(const Ctl *ctl, const char *path, size_t max, char **ret, size_t *ret_length) {
        _cleanup_close_ int fd = -1;
        bool is_input = streq(path, "-");
        int r;

        if (!is_input) {
                fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
                if (fd < 0)
                        return ctl_fail(ctl, -EIO, "Cannot open '%s': %s", path, strerror(errno));
        }

        r = read_whole(is_input ? STDIN_FILENO : fd, max, ret, ret_length);
        if (r == -EFBIG)
                return ctl_fail(ctl, r, "'%s' has more than %zu bytes%s", path, max,
                                max == BODY_MAX ? ", which is answered 413" : "");
        return r < 0 ? ctl_fail(ctl, -EIO, "Cannot read '%s': %s", path, strerror(-r)) : 0;
}

/* "Name: value", which is taken apart. 0, an exit code, or a negative errno that was reported. */
static int append_header(const Ctl *ctl, sd_bus_message *message, char *text, bool *ret_is_type) {
        char *colon = strchr(text, ':'), *value, *end;
        int r;

        if (!colon || colon == text) {
                (void) ctl_fail(ctl, -EINVAL, "--header= wants 'Name: value', or @FILE with such lines");
                return CTL_EXIT_USAGE;
        }

        *colon = '\0';
        value = colon + 1 + strspn(colon + 1, BLANKS);
        for (end = value + strlen(value); end > value && strchr(BLANKS, end[-1]); end--)
                ;
        *end = '\0';

        r = sd_bus_message_append(message, "(ss)", text, value);
        if (r < 0)
                return ctl_fail(ctl, r, "A header cannot be sent: %s",
                                r == -EINVAL ? "it is no UTF-8" : "out of memory");

        *ret_is_type |= strcasecmp(text, "Content-Type") == 0;
        return 0;
}

/* A file keeps what is secret out of the command line, which everybody on the machine can see. */
static int append_header_file(const Ctl *ctl, sd_bus_message *message, const char *path, bool *ret_is_type) {
        _cleanup_free_ char *bytes = NULL, *text = NULL;
        char *line, *rest;
        size_t length = 0;
        int r;

        r = read_file(ctl, path, HEADER_FILE_MAX, &bytes, &length);
        if (r < 0)
                return r;

        assert(bytes);
        text = rest = strndup(bytes, length);
        explicit_bzero(bytes, length);
        if (!text)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        length = strlen(text);
        while (r == 0 && (line = strsep(&rest, "\n")))
                if (line[strspn(line, BLANKS)] != '\0')
                        r = append_header(ctl, message, line, ret_is_type);

        explicit_bzero(text, length);
        return r;
}

/* 0, an exit code, or a negative errno that was reported. */
static int append_headers(const Ctl *ctl, sd_bus_message *message) {
        bool has_type = false;
        int r;

        r = sd_bus_message_open_container(message, SD_BUS_TYPE_ARRAY, "(ss)");
        if (r < 0)
                return ctl_fail(ctl, r, "Cannot make the call: %m");

        for (char **header = ctl->headers; r >= 0 && header && *header; header++) {
                r = (*header)[0] == '@' ? append_header_file(ctl, message, *header + 1, &has_type)
                                        : append_header(ctl, message, *header, &has_type);
                if (r != 0)
                        return r;
        }

        if (!has_type)
                r = sd_bus_message_append(message, "(ss)", "Content-Type", "application/json");
        if (r >= 0)
                r = sd_bus_message_close_container(message);
        return r < 0 ? ctl_fail(ctl, r, "Cannot make the call: %m") : 0;
}

/* Calls. Without a reply the result is to be handed on. */
static int call_trial(Ctl *ctl, const char *path, sd_bus_message **ret_reply) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        _cleanup_free_ char *body = NULL;
        size_t length = 0;
        int r;

        r = read_file(ctl, path, BODY_MAX, &body, &length);
        if (r < 0)
                return r;

        r = client_begin(ctl, &peer_webhook, "TestPayload", &message);
        if (r < 0)
                return r;

        r = sd_bus_message_append(message, "s", strempty(ctl->hook));
        if (r >= 0) {
                r = append_headers(ctl, message);
                if (r != 0)
                        return r;

                r = sd_bus_message_append_array(message, SD_BUS_TYPE_BYTE, body, length);
        }

        return client_send(ctl, &peer_webhook, message, r, ret_reply);
}

static int read_pushes(sd_bus_message *reply, Table *table) {
        const char *image, *project, *stage, *outcome, *reason;
        int r, creates;

        r = rows_enter(reply);
        while (r >= 0 && (r = sd_bus_message_read(reply, "(sssssb)", &image, &project, &stage, &outcome,
                                                  &reason, &creates)) > 0) {
                table_add_text(table, image);
                table_add_text(table, project);
                table_add_text(table, stage);
                table_add_text(table, outcome);
                table_add_text(table, reason);
                table_add_bool(table, creates);
        }

        return r;
}

static int show_json(const Ctl *ctl, const TrialRow *row, Table *table) {
        _cleanup_(json_freep) json_t *answer = json_loads(row->answer, JSON_DECODE_ANY, NULL);
        json_t *pushes = table_steal_json(table);

        return ctl_print_json(ctl,
                              json_pack("{s:i, s:o?, s:s, s:o, s:O?}", "status", (int) row->status,
                                        "provider",
                                        isempty(row->provider) ? NULL : json_string(row->provider),
                                        "signature", row->signature, "pushes", pushes, "answer", answer));
}

/* What was refused has no pushes, and a reason instead. */
static int show_people(const Ctl *ctl, const TrialRow *row, const Table *table) {
        _cleanup_(json_freep) json_t *answer = json_loads(row->answer, JSON_DECODE_ANY, NULL);
        const char *detail = json_get_string(answer, "detail");
        int r;

        if (ctl->legend)
                ctl_print(ctl, "%u%s%s, signature %s%s%s", row->status,
                          isempty(row->provider) ? "" : ", from ", row->provider, row->signature,
                          detail ? ": " : "", strempty(detail));
        if (table_n_rows(table) == 0)
                return 0;

        if (ctl->legend)
                ctl_print(ctl, "%s", "");
        r = table_print_to(table, ctl, ctl->legend);
        return r < 0 ? ctl_fail(ctl, r, "Cannot show the rows: %m") : 0;
}

int verb_test_payload(Ctl *ctl, char *args[]) {
        static const Column columns[] = {
                { "IMAGE", "image", COLUMN_SHRINKS },
                { "PROJECT", "project", 0 },
                { "STAGE", "stage", 0 },
                { "OUTCOME", "outcome", 0 },
                { "REASON", "reason", 0 },
                { "NEW-PROJECT", "new_project", 0 },
        };
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(table_freep) Table *table = table_new(columns, ELEMENTSOF(columns));
        TrialRow row;
        int r;

        if (!table)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        r = call_trial(ctl, args[0], &reply);
        if (!reply)
                return r;

        r = sd_bus_message_read(reply, "usss", &row.status, &row.answer, &row.provider, &row.signature);
        if (r >= 0)
                r = read_pushes(reply, table);
        if (r >= 0)
                r = table_error(table);
        if (r < 0)
                return report_answer(ctl, &peer_webhook, r);

        r = ctl->json ? show_json(ctl, &row, table) : show_people(ctl, &row, table);
        if (r < 0)
                return r;

        return row.status >= 200 && row.status < 300 ? 0 : CTL_EXIT_FAILURE;
}
