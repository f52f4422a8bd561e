/* SPDX-License-Identifier: MIT */
/* How containers end: see container-end.h. */
#include "deployerd/engine/container-end.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "shared/conf/parse.h"
#include "shared/json.h"

/* What an engine, like a shell, adds to the signal that ended a process. */
#define SIGNAL_BASE 128

/* Docker says "die" and "exitCode". Podman has "died" and "containerExitCode", which most versions translate. */
static bool is_death(const char *action) {
        return streq(action, "die") || streq(action, "died");
}

static const char *event_code(const json_t *event) {
        const json_t *attributes = json_path(event, "Actor", "Attributes", NULL);
        const char *code = json_get_string(attributes, "exitCode");

        return strempty(code ? code : json_get_string(attributes, "containerExitCode"));
}

void container_end_note(ContainerEnd *end, const json_t *event) {
        const char *action = strempty(json_get_string(event, "Action"));
        uint64_t code = 0;

        assert(end);

        if (streq(action, "oom"))
                end->out_of_memory = true;
        if (!is_death(action) || parse_uint(event_code(event), INT32_MAX, &code) < 0)
                return;

        end->known = true;
        end->code = (int64_t) code;
}

void container_end_read(ContainerEnd *end, const Container *container) {
        assert(end);
        assert(container);

        if (container->running && !streq(container->status, "restarting"))
                return;

        end->known = true;
        end->code = container->exit_code;
        end->out_of_memory |= container->oom_killed;
}

void container_end_add(ContainerEnd *end, const ContainerEnd *more) {
        assert(end);
        assert(more);

        end->out_of_memory |= more->out_of_memory;
        if (!more->known)
                return;

        end->known = true;
        end->code = more->code;
}

bool container_end_is_by(const ContainerEnd *end, int signal_number) {
        assert(end);

        return end->known && end->code == SIGNAL_BASE + signal_number;
}

bool container_end_is_explained(const ContainerEnd *end) {
        assert(end);

        return end->known && (!container_end_is_by(end, SIGKILL) || end->out_of_memory);
}

void container_end_describe(const ContainerEnd *end, char ret[static CONTAINER_END_SIZE]) {
        const char *memory, *name = NULL;

        assert(end);

        memory = end->out_of_memory ? " (out of memory)" : "";
        if (end->code > SIGNAL_BASE && end->code < SIGNAL_BASE + NSIG)
                name = sigabbrev_np((int) end->code - SIGNAL_BASE);

        if (!end->known)
                (void) snprintf(ret, CONTAINER_END_SIZE, "ended%s", memory);
        else if (name)
                (void) snprintf(ret, CONTAINER_END_SIZE, "was killed by SIG%.16s%s", name, memory);
        else
                (void) snprintf(ret, CONTAINER_END_SIZE, "exited with status %" PRIi64 "%s", end->code,
                                memory);
}
