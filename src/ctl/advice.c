/* SPDX-License-Identifier: MIT */
/* From the error's name to what to do next, in one table: see advice.h. */
#include "ctl/advice.h"

#include <stdio.h>
#include <systemd/sd-bus.h>

#include "shared/bus/errors.h"

typedef struct Advice {
        const char *name;   /* of the error; one that ends in "." stands for all names that begin so */
        const char *advice; /* each "%s" is the peer's unit */
} Advice;

#define BUS_ERROR "org.freedesktop.DBus.Error."

static const char ask_root[] = "Try again with sudo, or ask the administrator for a rule of polkit.";
static const char ask_person[] =
                "Nobody could be asked for a password: try again on a terminal, without --no-ask-password, or "
                "with sudo.";
/* What both brokers say of a name that no file of theirs brings up. */
static const char not_there[] =
                "Is tinyforge installed? If its daemon did not start: journalctl -e -u %s, and tinyforgectl cat-config. "
                "After an installation: systemctl daemon-reload, and systemctl reload dbus.";
/*
 * Of a daemon that would not start dbus-broker says NameHasNoOwner, whatever systemd said of its unit; dbus-daemon hands on
 * systemd's error, says Spawn.… where it started the program itself, or TimedOut.
 */
static const char not_started[] =
                "It did not start; its journal tells why: journalctl -e -u %s, and its configuration is read by: "
                "tinyforgectl cat-config";
/* The error says already that it did not answer, and in what time. */
static const char silent[] =
                "Its journal may tell why: journalctl -e -u %s. One that hangs is freed by: systemctl restart %s";
/* A daemon that is started again and again has no name in between, and whoever calls it may wait in vain. */
static const char not_answered[] =
                "It did not answer; its journal may tell why: journalctl -e -u %s. Its configuration is read by: "
                "tinyforgectl cat-config";

/* What the deployer refuses because of what root wrote; asked before the other table. */
static const Advice deployer_advices[] = {
        { ERROR_NOT_PERMITTED,
          "AllowImages= in deployerd.conf says which images may run, a file in projects.d which one its project "
          "may. Nobody but root may be able to write these, or registries.json." },
        { ERROR_CONFIGURATION,
          "Mend it, and deploy again. Such a file belongs to root:tinyforge-deployer, with mode 0640. To look at those in "
          "projects.d again: tinyforgectl project show PROJECT" },
        { ERROR_ENGINE_REFUSED,
          "What the engine is asked for: tinyforgectl project show PROJECT. Root's part of that is in "
          "/etc/tinyforge/projects.d." },
        { ERROR_DEPENDENCY_FAILED,
          "What that one came to: tinyforgectl describe DEPLOY. Once that is mended, the same push can be sent again, or each deployed by "
          "hand: tinyforgectl deploy PROJECT STAGE TAG" },
        { ERROR_PULL_FAILED,
          "Was it pushed, and may the deployer pull it? Logins are in /etc/tinyforge/registries.json: see tinyforge-deployerd(8)." },
};

static const char no_systemd[] = "Does systemd run this host? Nobody else knows the states of the units.";

/* Nobody installs or restarts that one. */
static const Advice systemd_advices[] = {
        { SD_BUS_ERROR_TIMEOUT, "Is the host busy? Try again in a moment. systemctl status tells more." },
        { SD_BUS_ERROR_SERVICE_UNKNOWN, no_systemd },
        { SD_BUS_ERROR_NAME_HAS_NO_OWNER, no_systemd },
};

static const Advice advices[] = {
        { ERROR_NO_SUCH_PROJECT, "The projects are listed by: tinyforgectl projects" },
        { ERROR_NO_SUCH_STAGE, "The stages are listed by: tinyforgectl stages" },
        { ERROR_INVALID_NAME, "What there is is listed by: tinyforgectl projects, stages, hooks" },
        { ERROR_INVALID_IMAGE, "A reference can be tried with: tinyforgectl parse-image REFERENCE" },
        { ERROR_INVALID_PATTERN,
          "A pattern can be tried with: tinyforgectl match-tag --policy=POLICY PATTERN TAG" },
        { ERROR_PROJECT_EXISTS, "It can be changed with: tinyforgectl project set NAME --image=REPOSITORY" },
        { ERROR_INSTANCES_RUNNING, "With --stop they are stopped and removed as well." },
        { ERROR_NOTHING_RUNS, "What was deployed so far is listed by: tinyforgectl deploys PROJECT STAGE" },
        { ERROR_NOTHING_TO_TAKE_OVER,
          "To see what runs where: tinyforgectl status. What is of another store is unmanaged there." },
        { ERROR_NOTHING_AVAILABLE, "Name the tag: tinyforgectl deploy PROJECT STAGE TAG" },
        { ERROR_NO_SUCH_HOOK, "The hooks are listed by: tinyforgectl hooks" },
        { ERROR_HOOK_EXISTS,
          "To see its URL: tinyforgectl url HOOK. To give it a new one: tinyforgectl hook rotate HOOK" },
        { ERROR_TOO_MANY, "One is removed by: tinyforgectl hook remove, stage remove" },
        { ERROR_NO_SUCH_DEPLOY, "The deploys are listed by: tinyforgectl deploys" },
        { ERROR_ALREADY_FINISHED,
          "To see how it ended: tinyforgectl describe ID. To go back, if it succeeded: tinyforgectl "
          "rollback PROJECT STAGE" },
        { ERROR_NO_ROLLBACK_TARGET,
          "Nothing was stopped. What was deployed so far is listed by: tinyforgectl deploys PROJECT STAGE" },
        { ERROR_NO_SUCH_IMAGE,
          "It has to be on this host: docker image ls, or podman image ls, lists what is." },
        { ERROR_BUSY, "Try again in a moment." },
        { ERROR_INTERRUPTED, "The daemon is being stopped. Try again in a moment." },
        { ERROR_QUEUE_FULL, "What is in the queue is listed by: tinyforgectl deploys" },
        { ERROR_STORE_DAMAGED,
          "Nothing is accepted until that is mended. journalctl -e -x -u %s names the file, and tells how." },
        { ERROR_BACKUP_FAILED,
          "It takes as much room as the store, beside the store and once more where it goes: df -h /var/lib/tinyforge" },
        { ERROR_STORE_UNAVAILABLE, "Is there space on the disk? journalctl -e -u %s tells more." },
        { ERROR_CONFIGURATION, "journalctl -e -u %s names the file and its line." },
        { ERROR_ENGINE_UNREACHABLE,
          "Does Docker or Podman run, and may tinyforge-deployer use its socket? systemctl status docker.socket "
          "podman.socket; id tinyforge-deployer. A group that it was given counts after: systemctl restart "
          "tinyforge-deployerd.service" },
        { ERROR_DEPLOYER_UNREACHABLE,
          "Its journal tells why: journalctl -e -u tinyforge-deployerd.service, and its configuration is read by: "
          "tinyforgectl cat-config. One that hangs is freed by: systemctl restart tinyforge-deployerd.service" },
        { ERROR_ENGINE_DISK_FULL,
          "Make room where the engine keeps its images, and deploy again. df -h shows the disks; docker system df, "
          "or podman system df, what takes the room." },
        { ERROR_ENGINE_UNSUPPORTED,
          "Docker 20.10 or Podman 4.3 is the oldest engine that is known to work." },
        { ERROR_ENGINE_TOO_NEW,
          "Install a newer tinyforge, or let the engine speak an older version. With Docker: systemctl edit "
          "docker.service, there Environment=DOCKER_MIN_API_VERSION= with the newest known version in a section "
          "[Service], and systemctl restart docker.service" },
        { SD_BUS_ERROR_ACCESS_DENIED, ask_root },
        { SD_BUS_ERROR_AUTH_FAILED, ask_root },
        { SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, ask_person },
        { SD_BUS_ERROR_LIMITS_EXCEEDED, "Try again in a moment, or with sudo." },
        { SD_BUS_ERROR_SERVICE_UNKNOWN, not_there },
        { SD_BUS_ERROR_NAME_HAS_NO_OWNER, not_started },
        { SD_BUS_ERROR_UNKNOWN_METHOD, "The daemon is of another version: systemctl restart %s" },
        { SD_BUS_ERROR_UNKNOWN_INTERFACE, "The daemon is of another version: systemctl restart %s" },
        { "org.freedesktop.systemd1.NoSuchUnit", not_there },
        { "org.freedesktop.systemd1.UnitMasked", "The unit is masked: systemctl unmask %s" },
        { "org.freedesktop.systemd1.", not_started },
        { BUS_ERROR "Spawn.", not_started },
        { BUS_ERROR "TimedOut", not_started },
        { SD_BUS_ERROR_TIMEOUT, silent },
        { SD_BUS_ERROR_NO_REPLY, not_answered },
        { SD_BUS_ERROR_DISCONNECTED, not_answered },
};

/* NULL: there is none. */
static const char *find_in(const Advice *table, size_t n, const char *name) {
        for (size_t i = 0; i < n; i++) {
                size_t length = strlen(table[i].name);

                if (table[i].name[length - 1] == '.' ? strncmp(table[i].name, name, length) == 0
                                                     : streq(table[i].name, name))
                        return table[i].advice;
        }

        return NULL;
}

/* `text` with `unit` for each "%s". */
static const char *fill_in(const char *text, const char *unit, char *buffer, size_t size) {
        size_t n = 0;
        const char *mark;

        for (; (mark = strstr(text, "%s")); text = mark + 2) {
                int length = snprintf(buffer + n, size - n, "%.*s%s", (int) (mark - text), text, unit);

                assert(length >= 0 && (size_t) length < size - n);
                n += (size_t) length;
        }

        (void) snprintf(buffer + n, size - n, "%s", text);
        return buffer;
}

const char *advice_find(const Peer *peer, const char *name, char *buffer, size_t size) {
        const char *text = NULL;

        assert(peer);
        assert(buffer);

        /* By name: a caller with a timeout of its own has a copy. */
        if (streq(peer->bus_name, peer_deployer.bus_name))
                text = find_in(deployer_advices, ELEMENTSOF(deployer_advices), strempty(name));
        else if (streq(peer->bus_name, peer_systemd.bus_name))
                text = find_in(systemd_advices, ELEMENTSOF(systemd_advices), strempty(name));
        if (!text)
                text = find_in(advices, ELEMENTSOF(advices), strempty(name));

        return text && strstr(text, "%s") ? fill_in(text, peer->unit, buffer, size) : text;
}
