/* SPDX-License-Identifier: MIT */
/* One object a stage: see volume-note.h. */
#include "deployerd/volume-note.h"

#include "deployerd/state.h"
#include "shared/json.h"
#include "shared/name.h"

#define FOLDER "volumes"
/* Bytes of a note. */
#define NOTE_MAX (64U * 1024U)

/* An object of path → name, and nothing else. */
static int parse_note(const char *text, json_t **ret) {
        _cleanup_(json_freep) json_t *note = NULL;
        const char *path;
        json_t *name;
        JsonError error;
        int r;

        r = json_decode(text, strlen(text), &note, &error);
        if (r < 0)
                return r;
        if (!json_is_object(note))
                return -EBADMSG;
        json_object_foreach(note, path, name) {
                if (path[0] != '/' || !json_is_string(name))
                        return -EBADMSG;
        }

        *ret = TAKE_PTR(note);
        return 0;
}

/* An object, empty where there is no note. */
static int read_note(int folder, const char *name, json_t **ret) {
        _cleanup_free_ char *text = malloc(NOTE_MAX);
        int r;

        if (!text)
                return -ENOMEM;

        r = folder < 0 ? -ENOENT : state_read(folder, name, text, NOTE_MAX);
        if (r >= 0)
                return parse_note(text, ret);
        if (r != -ENOENT)
                return r == -E2BIG ? -EBADMSG : r;

        *ret = json_object();
        return *ret ? 0 : -ENOMEM;
}

int volume_note_read(const char *project, const char *stage, json_t **ret) {
        _cleanup_close_ int folder = -1;
        char name[STATE_STAGE_SIZE] = "";
        int r;

        assert(project && stage);
        assert(ret);

        r = state_stage_name(project, stage, name);
        if (r >= 0)
                folder = state_open(FOLDER, /* make= */ false);
        /* What is no folder has no notes: whoever writes one hears of it. */
        if (folder < 0 && r >= 0 && folder != -ENOENT && folder != -ENOTDIR)
                return folder;

        return read_note(folder, name, ret);
}

int volume_note_write(const char *project, const char *stage, const json_t *volumes) {
        _cleanup_close_ int folder = -1;
        _cleanup_free_ char *text = NULL;
        char name[STATE_STAGE_SIZE];
        int r;

        assert(project && stage);
        assert(volumes);

        r = state_stage_name(project, stage, name);
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

/* Of one project. */
typedef struct NoteList {
        const char *project;
        json_t *names;
} NoteList;

static int add_names(int folder, const char *name, void *userdata) {
        const NoteList *list = userdata;
        _cleanup_(json_freep) json_t *note = NULL;
        size_t length = strlen(list->project);
        const char *path;
        json_t *volume;
        int r;

        if (strncmp(name, list->project, length) != 0 || name[length] != '.')
                return 0;

        r = read_note(folder, name, &note);
        if (r < 0)
                return r;

        json_object_foreach(note, path, volume) {
                (void) path;
                if (json_array_append(list->names, volume) < 0)
                        return -ENOMEM;
        }

        return 0;
}

int volume_note_list(const char *project, json_t **ret) {
        _cleanup_(json_freep) json_t *names = json_array();
        int r;

        assert(project);
        assert(ret);

        if (!names)
                return -ENOMEM;

        r = state_list(FOLDER, add_names, &(NoteList){ .project = project, .names = names });
        if (r < 0)
                return r;

        *ret = TAKE_PTR(names);
        return 0;
}
