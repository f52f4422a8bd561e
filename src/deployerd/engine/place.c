/* SPDX-License-Identifier: MIT */
/* Which of several engines: see place.h. */
#include "deployerd/engine/place.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "deployerd/engine/sockets.h"
#include "shared/conf/parse.h"

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

/* One of another user's says so by not letting us. */
static bool is_alive(uint64_t pid) {
        return kill((pid_t) pid, 0) >= 0 || errno == EPERM;
}

static bool names_living_process(const char *pid_file) {
        _cleanup_close_ int fd = open(pid_file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        char text[16];
        uint64_t pid;
        ssize_t n;

        n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        if (n < 0)
                return false;

        text[n] = '\0';
        text[strcspn(text, "\n")] = '\0';
        return parse_uint(text, INT32_MAX, &pid) >= 0 && pid > 0 && is_alive(pid);
}

static bool is_same_socket(const char *first, const char *second) {
        struct stat a, b;

        return streq(first, second) || (stat(first, &a) >= 0 && stat(second, &b) >= 0 &&
                                        a.st_dev == b.st_dev && a.st_ino == b.st_ino);
}

/* The n-th usual socket that is none of `socket` (NULL: of nothing) and has an engine that runs, or NULL. */
static const char *find_other(const char *socket, unsigned n) {
        const char *usual, *pid_file;

        for (size_t i = 0; (usual = sockets_usual(i)); i++) {
                if ((socket && is_same_socket(usual, socket)) || !socket_is_there(usual))
                        continue;
                pid_file = sockets_pid_file(i);
                if (pid_file ? !names_living_process(pid_file) : !is_listened_at(usual))
                        continue;
                if (n-- == 0)
                        return usual;
        }

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
                return worker_fail(
                                worker, -EIO,
                                "Cannot read in which engine the deploys are, from %.256s/engine: %s; Engine= of "
                                "deployerd.conf overrules that file, and once it is removed the next deploy "
                                "writes it anew",
                                strempty(getenv("STATE_DIRECTORY")),
                                r == -EBADMSG ? "it is damaged" : strerror(-r));
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

int place_find_other(Worker *worker, const char *configured, unsigned n, const char **ret_socket) {
        const char *socket;
        Place place;
        int r;

        assert(worker);
        assert(ret_socket);

        r = place_find(worker, configured, &place);
        if (r < 0 && r != -ECONNREFUSED)
                return r;

        socket = find_other(r < 0 ? NULL : place.socket, n);
        if (!socket)
                return 0;

        *ret_socket = socket;
        return 1;
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

        other = find_other(note->socket, 0);
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
        int r;

        assert(name);
        assert(socket);

        if (engine_note_read(&known) > 0 && streq(known.name, name) && streq(known.socket, socket))
                return 0;

        (void) snprintf(note.name, sizeof(note.name), "%s", name);
        (void) snprintf(note.socket, sizeof(note.socket), "%s", socket);
        r = engine_note_write(&note);
        return r < 0 ? r : 1;
}
