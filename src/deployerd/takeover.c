/* SPDX-License-Identifier: MIT */
/* Files that say which stages are taken over: see takeover.h. */
#include "deployerd/takeover.h"

#include "deployerd/state.h"
#include "shared/conf/conf.h"
#include "shared/name.h"

#define FOLDER "take-over"
/* A UUID in text. */
#define STORE_LENGTH 36U
int takeover_note(const char *project, const char *stage, const char *store) {
        _cleanup_close_ int folder = -1;
        char name[STATE_STAGE_SIZE];
        int r;

        assert(project && stage);
        assert(store);

        r = state_stage_name(project, stage, name);
        if (r < 0)
                return r;

        folder = state_open(FOLDER, /* make= */ true);
        if (folder < 0)
                return folder;

        return state_write(folder, name, store);
}

bool takeover_is_noted(const char *project, const char *stage, const char *store) {
        char name[STATE_STAGE_SIZE], noted[STORE_LENGTH + 2];
        _cleanup_close_ int folder = -1;

        assert(project && stage);
        assert(store);

        if (state_stage_name(project, stage, name) < 0)
                return false;

        folder = state_open(FOLDER, /* make= */ false);
        return folder >= 0 && state_read(folder, name, noted, sizeof(noted)) >= 0 && streq(noted, store);
}

void takeover_forget(const char *project, const char *stage) {
        _cleanup_close_ int folder = -1;
        char name[STATE_STAGE_SIZE];

        assert(project && stage);

        if (state_stage_name(project, stage, name) < 0)
                return;

        folder = state_open(FOLDER, /* make= */ false);
        if (folder >= 0)
                (void) unlinkat(folder, name, 0);
}

/* "<project>.<stage>" as "<project>/<stage>"; others are none of ours. */
static int add_stage(int folder, const char *name, void *userdata) {
        char ***stages = userdata, text[STATE_STAGE_SIZE];
        size_t length = strlen(name);
        char *dot;

        (void) folder;

        if (length >= sizeof(text))
                return 0;

        memcpy(text, name, length + 1);
        dot = strchr(text, '.');
        if (!dot)
                return 0;

        *dot = '\0';
        if (!name_is_valid(text) || !name_is_valid(dot + 1))
                return 0;

        *dot = '/';
        return strv_add(stages, text, length);
}

int takeover_list(char ***ret) {
        _cleanup_(strv_freep) char **stages = calloc(1, sizeof(*stages));
        int r;

        assert(ret);

        if (!stages)
                return -ENOMEM;

        r = state_list(FOLDER, add_stage, &stages);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(stages);
        return 0;
}
