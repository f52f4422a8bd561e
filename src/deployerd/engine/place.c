/* SPDX-License-Identifier: MIT */
/* Which of several engines: see place.h. */
#include "deployerd/engine/place.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "deployerd/engine/sockets.h"

/* One that a dead engine left behind refuses. A queue that is full is somebody's. */
static bool is_listened_at(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = -1;

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return true;

        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        return connect(fd, (const struct sockaddr *) &address, sizeof(address)) >= 0 ||
               errno != ECONNREFUSED;
}

/* The first usual socket that answers, else the first that is there, whose refusal is then told; else NULL. */
static const char *find_usual(void) {
        const char *found = NULL;

        for (size_t i = 0; sockets_usual(i); i++) {
                if (!socket_is_there(sockets_usual(i)))
                        continue;
                if (is_listened_at(sockets_usual(i)))
                        return sockets_usual(i);
                if (!found)
                        found = sockets_usual(i);
        }

        return found;
}

/* Another usual socket where somebody listens, or NULL. */
static const char *find_other(const char *path) {
        for (size_t i = 0; sockets_usual(i); i++)
                if (!streq(sockets_usual(i), path) && socket_is_there(sockets_usual(i)) &&
                    is_listened_at(sockets_usual(i)))
                        return sockets_usual(i);

        return NULL;
}

int place_find(Worker *worker, const char *configured, Place *ret) {
        const char *usual;
        int r;

        assert(worker);
        assert(ret);

        *ret = (Place){ .socket = configured };
        if (configured)
                return 0;

        r = engine_note_read(&ret->note);
        if (r < 0)
                return worker_fail(worker, -EIO, "Cannot read in which engine the deploys are: %s",
                                   strerror(-r));
        if (r > 0) {
                ret->is_noted = true;
                ret->socket = ret->note.socket;
                return 0;
        }

        usual = find_usual();
        if (!usual)
                return worker_fail(worker, -ECONNREFUSED,
                                   "Cannot reach a container engine: there is neither %s nor %s",
                                   sockets_usual(0), sockets_usual(1));

        ret->socket = usual;
        return 0;
}

int place_check(Worker *worker, const Place *place, const char *name, int r) {
        const EngineNote *note;
        const char *other;
        char reason[256];

        assert(worker);
        assert(place);
        assert(name);

        if (!place->is_noted)
                return r;

        note = &place->note;
        if (r >= 0 && !streq(name, note->name))
                return worker_fail(
                                worker, -ECONNREFUSED,
                                "The deploys of this machine are in %s, and what answers at %s is %s, which is "
                                "used only where Engine= in deployerd.conf names it",
                                note->name, note->socket, name);
        if (r != -ECONNREFUSED)
                return r;

        other = find_other(note->socket);
        if (!other)
                return r;

        (void) snprintf(reason, sizeof(reason), "%s", worker_error(worker));
        return worker_fail(
                        worker, r,
                        "%s; the deploys of this machine are in %s at %s, and what listens at %s is used only "
                        "where Engine= in deployerd.conf names it",
                        reason, note->name, note->socket, other);
}

int place_remember(const char *name, const char *socket) {
        EngineNote note = { .name = "" }, known = { .name = "" };

        assert(name);
        assert(socket);

        if (engine_note_read(&known) > 0 && streq(known.name, name) && streq(known.socket, socket))
                return 0;

        (void) snprintf(note.name, sizeof(note.name), "%s", name);
        (void) snprintf(note.socket, sizeof(note.socket), "%s", socket);
        return engine_note_write(&note);
}
