/* SPDX-License-Identifier: MIT */
/* One line a project: see repository-note.h. */
#include "deployerd/repository-note.h"

#include <stdio.h>

#include "deployerd/state.h"
#include "shared/image-ref.h"
#include "shared/name.h"

#define FOLDER "repositories"

/* The name becomes a path. */
static int open_folder(const char *project, bool make) {
        return name_is_valid(project) ? state_open(FOLDER, make) : -EINVAL;
}

int repository_note_read(const char *project, char **ret) {
        char text[IMAGE_REF_MAX + 2], *newline;
        _cleanup_close_ int folder = -1;
        int r;

        assert(project);
        assert(ret);

        folder = open_folder(project, /* make= */ false);
        r = folder < 0 ? folder : state_read(folder, project, text, sizeof(text));
        if (r < 0)
                return r == -ENOENT ? 0 : r == -E2BIG ? -EBADMSG : r;

        newline = strchr(text, '\n');
        if (!newline || newline == text || newline[1] != '\0')
                return -EBADMSG;

        *newline = '\0';
        *ret = strdup(text);
        return *ret ? 1 : -ENOMEM;
}

int repository_note_write(const char *project, const char *repository) {
        _cleanup_free_ char *known = NULL;
        _cleanup_close_ int folder = -1;
        char text[IMAGE_REF_MAX + 2];
        int n;

        assert(project);
        assert(repository);

        if (repository_note_read(project, &known) > 0 && streq(known, repository))
                return 0;

        n = snprintf(text, sizeof(text), "%s\n", repository);
        if (n < 0 || (size_t) n >= sizeof(text))
                return -EINVAL;

        folder = open_folder(project, /* make= */ true);
        if (folder < 0)
                return folder == -ENOENT ? 0 : folder;

        return state_write(folder, project, text);
}

void repository_note_forget(const char *project) {
        _cleanup_close_ int folder = -1;

        assert(project);

        folder = open_folder(project, /* make= */ false);
        if (folder >= 0)
                (void) unlinkat(folder, project, 0);
}
