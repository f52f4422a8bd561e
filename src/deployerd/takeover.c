/* SPDX-License-Identifier: MIT */
/* Files that say which stages are taken over: see takeover.h. */
#include "deployerd/takeover.h"

#include <dirent.h>
#include <stdio.h>

#include "deployerd/state.h"
#include "shared/conf/conf.h"
#include "shared/name.h"

#define FOLDER "take-over"
/* Two names, a dot, and a NUL. */
#define FILE_NAME_SIZE (2 * NAME_MAX_LENGTH + 2)
/* A UUID in text. */
#define STORE_LENGTH 36U
/* Entries of the folder that are looked at; nobody but us makes any. */
#define ENTRIES_MAX 4096U

DEFINE_CLEANUP(DIR, closedir)

/* The names become a path. */
static int file_name(const char *project, const char *stage, char ret[static FILE_NAME_SIZE]) {
        if (!name_is_valid(project) || !name_is_valid(stage))
                return -EINVAL;

        (void) snprintf(ret, FILE_NAME_SIZE, "%s.%s", project, stage);
        return 0;
}

int takeover_note(const char *project, const char *stage, const char *store) {
        _cleanup_close_ int folder = -1;
        char name[FILE_NAME_SIZE];
        int r;

        assert(project && stage);
        assert(store);

        r = file_name(project, stage, name);
        if (r < 0)
                return r;

        folder = state_open(FOLDER, /* make= */ true);
        if (folder < 0)
                return folder;

        return state_write(folder, name, store);
}

bool takeover_is_noted(const char *project, const char *stage, const char *store) {
        char name[FILE_NAME_SIZE], noted[STORE_LENGTH + 2];
        _cleanup_close_ int folder = -1;

        assert(project && stage);
        assert(store);

        if (file_name(project, stage, name) < 0)
                return false;

        folder = state_open(FOLDER, /* make= */ false);
        return folder >= 0 && state_read(folder, name, noted, sizeof(noted)) >= 0 && streq(noted, store);
}

void takeover_forget(const char *project, const char *stage) {
        _cleanup_close_ int folder = -1;
        char name[FILE_NAME_SIZE];

        assert(project && stage);

        if (file_name(project, stage, name) < 0)
                return;

        folder = state_open(FOLDER, /* make= */ false);
        if (folder >= 0)
                (void) unlinkat(folder, name, 0);
}

/* "<project>.<stage>" as "<project>/<stage>"; others are none of ours. */
static int add_stage(char ***stages, const char *name) {
        char text[FILE_NAME_SIZE];
        size_t length = strlen(name);
        char *dot;

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
        _cleanup_(closedirp) DIR *entries = NULL;
        const struct dirent *entry;
        int folder, r;

        assert(ret);

        if (!stages)
                return -ENOMEM;

        folder = state_open(FOLDER, /* make= */ false);
        if (folder >= 0) {
                entries = fdopendir(folder);
                if (!entries) {
                        r = -errno;
                        (void) close(folder);
                        return r;
                }
        }

        for (unsigned i = 0; entries && i < ENTRIES_MAX && (entry = readdir(entries)); i++) {
                r = add_stage(&stages, entry->d_name);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(stages);
        return 0;
}
