/* SPDX-License-Identifier: MIT */
/* Volumes of a stage: see volumes.h. */
#include "deployerd/deploy/volumes.h"

#include <stdio.h>

#include "deployerd/config/hash.h"
#include "deployerd/engine/volumes.h"
#include "deployerd/volume-note.h"
#include "shared/json.h"

/* What an engine names by itself: 32 bytes in hex. */
#define ANONYMOUS_LENGTH 64U

#define VOLUME_PREFIX "tinyforge."
#define NAME_PATH_MAX 96U

static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-./";

void volume_name(const char *project, const char *stage, const char *path,
                 char ret[static VOLUME_NAME_SIZE]) {
        char hash[CONFIG_HASH_SIZE] = "", *p;
        size_t length = strlen(path);
        int n;

        assert(project && stage);
        assert(path[0] == '/');

        n = snprintf(ret, VOLUME_NAME_SIZE, VOLUME_PREFIX "%s.%s.", project, stage);
        p = ret + n;
        (void) snprintf(p, VOLUME_NAME_SIZE - (size_t) n, "%.*s", (int) NAME_PATH_MAX, path + 1);
        for (char *c = p; *c; c++)
                if (*c == '/' || !strchr(plain, *c))
                        *c = '_';
        if (strspn(path, plain) == length && length <= NAME_PATH_MAX && length > 1)
                return;

        /* What was left away or replaced comes back as a digest of the whole. */
        if (config_hash_text(path, hash) < 0)
                return;
        n += (int) strlen(p);
        (void) snprintf(ret + n, VOLUME_NAME_SIZE - (size_t) n, ".%.12s", hash);
}

/* "/data/" is "/data". */
static bool same_path(const char *a, size_t length, const char *b) {
        size_t other = strlen(b);

        while (length > 1 && a[length - 1] == '/')
                length--;
        while (other > 1 && b[other - 1] == '/')
                other--;

        return length == other && memcmp(a, b, length) == 0;
}

/* How an object of path → value spells that path; NULL: it has none. */
static const char *key_at(const json_t *object, const char *path) {
        const char *key;
        json_t *value;

        json_object_foreach((json_t *) (uintptr_t) object, key, value) {
                (void) value;
                if (same_path(key, strlen(key), path))
                        return key;
        }

        return NULL;
}

static const json_t *value_at(const json_t *object, const char *path) {
        const char *key = key_at(object, path);

        return key ? json_object_get(object, key) : NULL;
}

static bool has_key(const json_t *object, const char *path) {
        return key_at(object, path) != NULL;
}

static bool has_path(const json_t *paths, const char *path) {
        for (size_t i = 0; i < json_array_size(paths); i++)
                if (same_path(path, strlen(path), strempty(json_string_value(json_array_get(paths, i)))))
                        return true;

        return false;
}

/* "source:destination[:options]". */
static bool bind_is_at(const char *bind, const char *path) {
        const char *target = strchr(bind, ':');

        target = target ? target + 1 : bind;
        return same_path(target, strcspn(target, ":"), path);
}

/* Whether the body mounts something there, of whatever kind. */
static bool has_mount(const json_t *body, const char *path) {
        const json_t *host = json_object_get(body, "HostConfig");
        const json_t *binds = json_object_get(host, "Binds"), *mounts = json_object_get(host, "Mounts");

        for (size_t i = 0; i < json_array_size(binds); i++)
                if (bind_is_at(strempty(json_string_value(json_array_get(binds, i))), path))
                        return true;
        for (size_t i = 0; i < json_array_size(mounts); i++) {
                const char *target = strempty(json_get_string(json_array_get(mounts, i), "Target"));

                if (same_path(target, strlen(target), path))
                        return true;
        }

        return has_key(json_object_get(host, "Tmpfs"), path) ||
               has_key(json_object_get(body, "Volumes"), path);
}

/* The name of the volume that a container has at `path`, or NULL. */
static const char *volume_at(const Container *container, const char *path) {
        const json_t *mounts = json_object_get(container->json, "Mounts");

        for (size_t i = 0; i < json_array_size(mounts); i++) {
                const json_t *mount = json_array_get(mounts, i);
                const char *target = strempty(json_get_string(mount, "Destination"));
                const char *name = json_get_string(mount, "Name");

                if (streq(strempty(json_get_string(mount, "Type")), "volume") && !isempty(name) &&
                    same_path(target, strlen(target), path))
                        return name;
        }

        return NULL;
}

/* Which paths end with the container; NULL: none. */
static json_t *discarded_paths(const Container *container) {
        const char *label = container_label(container, LABEL_DISCARD);
        json_t *paths = NULL;
        JsonError error;

        return label && json_decode(label, strlen(label), &paths, &error) >= 0 ? paths : NULL;
}

/* The name of the volume that a container leaves to the next one at `path`, or NULL. */
static const char *volume_left_at(const Container *container, const char *path) {
        _cleanup_(json_freep) json_t *discarded = discarded_paths(container);

        return has_path(discarded, path) ? NULL : volume_at(container, path);
}

/* The array below "HostConfig", made where there is none. */
static json_t *mounts_of(json_t *body) {
        json_t *host = json_object_get(body, "HostConfig"), *mounts = json_object_get(host, "Mounts");

        if (json_is_array(mounts))
                return mounts;
        if (json_object_set_new(host, "Mounts", json_array()) < 0)
                return NULL;

        return json_object_get(host, "Mounts");
}

static int mount_volume(json_t *body, const VolumePlan *plan, const char *path) {
        char own[VOLUME_NAME_SIZE];
        const char *name = plan->runs ? volume_left_at(plan->runs, path) : NULL;
        json_t *mounts = mounts_of(body);

        if (!name)
                name = json_string_value(value_at(plan->noted, path));
        volume_name(plan->project, plan->stage, path, own);
        return json_array_append_new(mounts, json_pack("{s:s, s:s, s:s}", "Type", "volume", "Source",
                                                       name ? name : own, "Target", path)) < 0
                               ? -ENOMEM
                               : 0;
}

static int note(json_t *list, const char *path, size_t length) {
        return json_array_append_new(list, json_stringn(path, length)) < 0 ? -ENOMEM : 0;
}

/* What root's part of the body makes a volume of the container's own: mounts without a source. */
static int note_own(json_t *list, const json_t *body) {
        const json_t *host = json_object_get(body, "HostConfig");
        const json_t *binds = json_object_get(host, "Binds"), *mounts = json_object_get(host, "Mounts");
        const char *key;
        json_t *value;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < json_array_size(binds); i++) {
                const char *bind = strempty(json_string_value(json_array_get(binds, i)));

                if (!strchr(bind, ':'))
                        r = note(list, bind, strlen(bind));
        }
        for (size_t i = 0; r >= 0 && i < json_array_size(mounts); i++) {
                const json_t *mount = json_array_get(mounts, i);
                const char *target = strempty(json_get_string(mount, "Target"));

                if (streq(strempty(json_get_string(mount, "Type")), "volume") &&
                    isempty(json_get_string(mount, "Source")))
                        r = note(list, target, strlen(target));
        }
        json_object_foreach(json_object_get(body, "Volumes"), key, value)
                if (r >= 0)
                        r = note(list, key, strlen(key));

        return r;
}

static int set_label(json_t *body, const json_t *list) {
        _cleanup_free_ char *text = NULL;
        json_t *labels = json_object_get(body, "Labels");
        int r;

        if (json_array_size(list) == 0)
                return 0;

        r = json_encode(list, &text);
        if (r < 0)
                return r;
        if (!json_is_object(labels)) {
                if (json_object_set_new(body, "Labels", json_object()) < 0)
                        return -ENOMEM;
                labels = json_object_get(body, "Labels");
        }

        return json_object_set_new(labels, LABEL_DISCARD, json_string(text)) < 0 ? -ENOMEM : 0;
}

int volumes_mount(json_t *body, const VolumePlan *plan) {
        _cleanup_(json_freep) json_t *own = json_array();
        int r;

        assert(body);
        assert(plan && plan->project && plan->stage);

        if (!own)
                return -ENOMEM;

        r = note_own(own, body);
        for (size_t i = 0; r >= 0 && i < json_array_size(plan->paths); i++) {
                const char *path = strempty(json_string_value(json_array_get(plan->paths, i)));

                if (path[0] != '/' || has_mount(body, path) || has_key(plan->lent, path))
                        continue;

                r = has_key(plan->wishes, path) ? note(own, path, strlen(path))
                                                : mount_volume(body, plan, path);
        }

        return r < 0 ? r : set_label(body, own);
}

void volumes_check_wishes(Worker *worker, const json_t *wishes, const json_t *paths) {
        const char *wish;
        json_t *value;

        assert(worker);

        json_object_foreach((json_t *) (uintptr_t) wishes, wish, value) {
                (void) value;
                if (!has_path(paths, wish))
                        worker_log(worker, LOG_NOTICE,
                                   "\"volumes\" names %.128s, which is no VOLUME of the image: it does nothing",
                                   wish);
        }
}

const char *volumes_note_error(int error) {
        return error == -EBADMSG ? "the note is damaged" : strerror(-error);
}

int volumes_are_left(Engine *engine, const char *project) {
        _cleanup_(json_freep) json_t *there = NULL, *noted = NULL;
        char prefix[VOLUME_NAME_SIZE];
        const char *name;
        json_t *value;
        int r;

        assert(engine);
        assert(project);

        r = engine_volume_list(engine, &there);
        if (r < 0)
                return r;
        r = volume_note_list(project, &noted);
        if (r < 0)
                return worker_fail(engine_worker(engine), -EIO, "Cannot read which volumes %s has had: %s",
                                   project, volumes_note_error(r));

        (void) snprintf(prefix, sizeof(prefix), VOLUME_PREFIX "%s.", project);
        json_object_foreach(there, name, value) {
                (void) value;
                if (strncmp(name, prefix, strlen(prefix)) == 0)
                        return 1;
        }
        for (size_t i = 0; i < json_array_size(noted); i++)
                if (json_object_get(there, strempty(json_string_value(json_array_get(noted, i)))))
                        return 1;

        return 0;
}

static bool is_anonymous(const char *name) {
        return strlen(name) == ANONYMOUS_LENGTH && strspn(name, "0123456789abcdef") == ANONYMOUS_LENGTH;
}

/* What the last of the patches says of it; a null takes it away. */
static const json_t *find_lenders(const json_t *patches) {
        const json_t *lenders = NULL;

        for (size_t i = 0; i < json_array_size(patches); i++) {
                const json_t *own = json_path(json_array_get(patches, i), "HostConfig", "VolumesFrom", NULL);

                lenders = own ? own : lenders;
        }

        return lenders;
}

static int add_lent(Engine *engine, const char *lender, json_t *paths) {
        _cleanup_free_ char *name = strndup(lender, strcspn(lender, ":"));
        _cleanup_(container_done) Container container = { .json = NULL };
        const json_t *mounts;
        int r;

        if (!name)
                return -ENOMEM;
        if (name[0] == '\0')
                return 0;

        /* That one is missing is for the engine to say. */
        r = engine_container_inspect(engine, name, &container);
        if (r <= 0)
                return r;

        mounts = json_object_get(container.json, "Mounts");
        for (size_t i = 0; i < json_array_size(mounts); i++) {
                const char *path = json_get_string(json_array_get(mounts, i), "Destination");

                if (!isempty(path) && json_object_set_new(paths, path, json_true()) < 0)
                        return -ENOMEM;
        }

        return 0;
}

int volumes_lent(Engine *engine, const json_t *patches, json_t **ret) {
        const json_t *lenders = find_lenders(patches);
        _cleanup_(json_freep) json_t *paths = json_object();
        int r = paths ? 0 : -ENOMEM;

        assert(engine);
        assert(ret);

        for (size_t i = 0; r >= 0 && i < json_array_size(lenders); i++)
                r = add_lent(engine, strempty(json_string_value(json_array_get(lenders, i))), paths);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(paths);
        return 0;
}

/* What a container has at a path, on top of what was noted: what has a name was newer. True where the note has changed. */
static bool note_mount(json_t *note, const char *path, const char *name) {
        const char *known = key_at(note, path);

        if (known)
                path = known;
        if (!is_anonymous(name))
                return json_object_del(note, path) >= 0;

        return !streq(strempty(json_get_string(note, path)), name) &&
               json_object_set_new(note, path, json_string(name)) >= 0;
}

bool volumes_add(json_t *note, const Container *container) {
        const json_t *mounts = json_object_get(container->json, "Mounts");
        bool changed = false;

        assert(note);
        assert(container);

        for (size_t i = 0; i < json_array_size(mounts); i++) {
                const char *path = strempty(json_get_string(json_array_get(mounts, i), "Destination"));
                const char *name = volume_left_at(container, path);

                if (path[0] == '/' && name)
                        changed |= note_mount(note, path, name);
        }

        return changed;
}

int volumes_remember(Engine *engine, const char *project, const char *stage, const Container *container) {
        _cleanup_(json_freep) json_t *note = NULL;
        int r;

        assert(engine);
        assert(project && stage);

        r = volume_note_read(project, stage, &note);
        if (r >= 0 && volumes_add(note, container))
                r = volume_note_write(project, stage, note);

        return r < 0 ? worker_fail(engine_worker(engine), -EBADE, "Cannot note which volumes it has: %s",
                                   volumes_note_error(r))
                     : 0;
}

void volumes_discard(Engine *engine, const Container *container) {
        _cleanup_(json_freep) json_t *paths = NULL;

        assert(engine);
        assert(container);

        paths = discarded_paths(container);
        for (size_t i = 0; i < json_array_size(paths); i++) {
                const char *path = strempty(json_string_value(json_array_get(paths, i)));
                const char *name = volume_at(container, path);

                if (name && is_anonymous(name) && engine_volume_remove(engine, name) < 0)
                        worker_log(engine_worker(engine), LOG_NOTICE, "The volume of %s at %s stays: %s",
                                   container->name, path, worker_error(engine_worker(engine)));
        }
}
