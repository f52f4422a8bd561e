/* SPDX-License-Identifier: MIT */
/* One object a stage: see volume-note.h. */
#include "deployerd/volume-note.h"

#include <dirent.h>
#include <stdio.h>

#include "deployerd/state.h"
#include "shared/json.h"
#include "shared/name.h"

#define FOLDER "volumes"
/* Two names, a dot, and a NUL. */
#define FILE_NAME_SIZE (2 * NAME_MAX_LENGTH + 2)
/* Bytes of a note. */
#define NOTE_MAX (64U * 1024U)
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

static int read_note(int folder, const char *name, json_t **ret) {
        _cleanup_free_ char *text = malloc(NOTE_MAX);
        _cleanup_(json_freep) json_t *note = NULL;
        JsonError error;

        if (!text)
                return -ENOMEM;
        if (folder >= 0 && state_read(folder, name, text, NOTE_MAX) >= 0 &&
            json_decode(text, strlen(text), &note, &error) == -ENOMEM)
                return -ENOMEM;

        *ret = json_is_object(note) ? TAKE_PTR(note) : json_object();
        return *ret ? 0 : -ENOMEM;
}

int volume_note_read(const char *project, const char *stage, json_t **ret) {
        _cleanup_close_ int folder = -1;
        char name[FILE_NAME_SIZE] = "";
        int r;

        assert(project && stage);
        assert(ret);

        r = file_name(project, stage, name);
        if (r >= 0)
                folder = state_open(FOLDER, /* make= */ false);
        return read_note(folder, name, ret);
}

int volume_note_write(const char *project, const char *stage, const json_t *volumes) {
        _cleanup_close_ int folder = -1;
        _cleanup_free_ char *text = NULL;
        char name[FILE_NAME_SIZE];
        int r;

        assert(project && stage);
        assert(volumes);

        r = file_name(project, stage, name);
        if (r >= 0)
                r = json_encode(volumes, &text);
        if (r < 0)
                return r;
        if (strlen(text) >= NOTE_MAX)
                return -E2BIG;

        folder = state_open(FOLDER, /* make= */ true);
        if (folder < 0)
                return folder == -ENOENT ? 0 : folder;
        if (json_object_size(volumes) > 0)
                return state_write(folder, name, text);

        return unlinkat(folder, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

static int add_names(int folder, const char *name, json_t *names) {
        _cleanup_(json_freep) json_t *note = NULL;
        const char *path;
        json_t *volume;
        int r;

        r = read_note(folder, name, &note);
        if (r < 0)
                return r;

        json_object_foreach(note, path, volume) {
                (void) path;
                if (json_array_append(names, volume) < 0)
                        return -ENOMEM;
        }

        return 0;
}

int volume_note_list(const char *project, json_t **ret) {
        _cleanup_(json_freep) json_t *names = json_array();
        _cleanup_(closedirp) DIR *entries = NULL;
        size_t length = strlen(project);
        const struct dirent *entry;
        int folder, r;

        assert(ret);

        if (!names)
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
                if (strncmp(entry->d_name, project, length) != 0 || entry->d_name[length] != '.')
                        continue;

                r = add_names(folder, entry->d_name, names);
                if (r < 0)
                        return r;
        }

        *ret = TAKE_PTR(names);
        return 0;
}
