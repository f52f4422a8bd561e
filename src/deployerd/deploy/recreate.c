/* SPDX-License-Identifier: MIT */
/* What two containers cannot have at the same time: see recreate.h. */
#include "deployerd/deploy/recreate.h"
#include "deployerd/deploy/network-mode.h"

#include <stdio.h>

#include "deployerd/text.h"
#include "shared/json.h"

#define REASON_SIZE 256U

/* What is written to is looked for; the text goes to `reason`. */
typedef struct Search {
        char *const *shareable; /* what does not count */
        const json_t *others; /* the mounts of a container that runs: nothing else counts; NULL: all does */
        char *reason;
} Search;

static bool is_shareable(char *const *shareable, const char *source, size_t length) {
        for (; shareable && *shareable; shareable++)
                if (strlen(*shareable) == length && memcmp(*shareable, source, length) == 0)
                        return true;

        return false;
}

/* Always true: there is a reason now. `length` bytes of `text` stand between `before` and `after`. */
static bool reason_set(char *reason, const char *before, const char *text, size_t length,
                       const char *after) {
        (void) snprintf(reason, REASON_SIZE, "%s%.*s%s", before, (int) (length < 128 ? length : 128), text,
                        after);
        text_clean(reason);
        return true;
}

/* "" and "0" are for the engine to choose. */
static bool ports_conflict(const json_t *bindings, char *reason) {
        const char *key;
        json_t *list;

        json_object_foreach((json_t *) (uintptr_t) bindings, key, list) {
                for (size_t i = 0; i < json_array_size(list); i++) {
                        const char *port = strempty(json_get_string(json_array_get(list, i), "HostPort"));

                        if (strspn(port, "0") < strlen(port))
                                return reason_set(reason, "it publishes the fixed host port ", port,
                                                  strlen(port), "");
                }
        }

        return false;
}

static bool others_write(const json_t *others, const char *source, size_t length) {
        for (size_t i = 0; i < json_array_size(others); i++) {
                const json_t *mount = json_array_get(others, i);
                const char *volume = json_get_string(mount, "Name"),
                           *folder = json_get_string(mount, "Source");
                const char *name = strempty(
                                streq(strempty(json_get_string(mount, "Type")), "volume") ? volume : folder);

                if (json_is_true(json_object_get(mount, "RW")) && strlen(name) == length &&
                    memcmp(name, source, length) == 0)
                        return true;
        }

        return false;
}

static bool source_conflicts(const Search *search, const char *source, size_t length) {
        /* What has no source is a volume of the container's own. */
        if (length == 0 || is_shareable(search->shareable, source, length) ||
            (search->others && !others_write(search->others, source, length)))
                return false;

        return source[0] == '/' ? reason_set(search->reason, "it writes to ", source, length,
                                             " of the host, which is not declared shareable")
                                : reason_set(search->reason, "it writes to the volume '", source, length,
                                             "', which is not declared shareable");
}

static bool has_option(const char *options, const char *option) {
        size_t length = strlen(option);

        while (*options) {
                size_t n = strcspn(options, ",");

                if (n == length && memcmp(options, option, n) == 0)
                        return true;

                options += n + (options[n] == ',');
        }

        return false;
}

/* "source:destination[:options]"; what has no colon is a volume of the container's own. */
static bool bind_conflicts(const Search *search, const char *bind) {
        const char *colon = strchr(bind, ':'), *options;

        if (!colon)
                return false;

        options = strchr(colon + 1, ':');
        if (options && has_option(options + 1, "ro"))
                return false;

        return source_conflicts(search, bind, (size_t) (colon - bind));
}

static bool binds_conflict(const Search *search, const json_t *binds) {
        for (size_t i = 0; i < json_array_size(binds); i++)
                if (bind_conflicts(search, strempty(json_string_value(json_array_get(binds, i)))))
                        return true;

        return false;
}

static bool mounts_conflict(const Search *search, const json_t *mounts) {
        for (size_t i = 0; i < json_array_size(mounts); i++) {
                const json_t *mount = json_array_get(mounts, i);
                const char *type = strempty(json_get_string(mount, "Type"));
                const char *source = strempty(json_get_string(mount, "Source"));
                const char *target = strempty(json_get_string(mount, "Target"));

                if (!streq(type, "bind") && !streq(type, "volume"))
                        continue;
                if (json_is_true(json_object_get(mount, "ReadOnly")))
                        continue;
                if (streq(type, "volume") && is_shareable(search->shareable, target, strlen(target)))
                        continue;
                if (source_conflicts(search, source, strlen(source)))
                        return true;
        }

        return false;
}

/* "container[:ro]" */
static bool volumes_from_conflict(const json_t *names, char *const *shareable, char *reason) {
        for (size_t i = 0; i < json_array_size(names); i++) {
                const char *name = strempty(json_string_value(json_array_get(names, i)));
                size_t length = strcspn(name, ":");

                if ((name[length] == ':' && has_option(name + length + 1, "ro")) ||
                    is_shareable(shareable, name, length))
                        continue;

                return reason_set(reason, "it writes to the volumes of the container '", name, length,
                                  "', which is not declared shareable");
        }

        return false;
}

static bool fixed(const json_t *object, const char *key, const char *before, char *reason) {
        const char *value = json_get_string(object, key);

        return !isempty(value) && reason_set(reason, before, value, strlen(value), "");
}

static bool endpoints_conflict(const json_t *endpoints, char *reason) {
        const char *name;
        json_t *endpoint;

        json_object_foreach((json_t *) (uintptr_t) endpoints, name, endpoint) {
                const json_t *ipam = json_object_get(endpoint, "IPAMConfig");

                if (fixed(ipam, "IPv4Address", "it has the fixed address ", reason) ||
                    fixed(ipam, "IPv6Address", "it has the fixed address ", reason) ||
                    fixed(endpoint, "MacAddress", "it has the fixed MAC address ", reason))
                        return true;
        }

        return false;
}

static bool writes_conflict(const Search *search, const json_t *host) {
        return binds_conflict(search, json_object_get(host, "Binds")) ||
               mounts_conflict(search, json_object_get(host, "Mounts"));
}

const char *container_body_recreate_reason(const json_t *body, char *const *shareable) {
        static char reason[REASON_SIZE];
        const Search search = { .shareable = shareable, .reason = reason };
        const json_t *host = json_object_get(body, "HostConfig");
        const char *network = json_get_string(host, "NetworkMode");

        assert(body);

        if (network && streq(network, "host"))
                return "it uses the network of the host";
        if (network_mode_owner(network))
                return "it uses the network of another container";

        if (ports_conflict(json_object_get(host, "PortBindings"), reason) ||
            fixed(body, "MacAddress", "it has the fixed MAC address ", reason) ||
            endpoints_conflict(json_path(body, "NetworkingConfig", "EndpointsConfig", NULL), reason) ||
            writes_conflict(&search, host) ||
            volumes_from_conflict(json_object_get(host, "VolumesFrom"), shareable, reason))
                return reason;

        return NULL;
}

const char *container_body_meets(const json_t *body, char *const *shareable, const json_t *mounts) {
        static char reason[REASON_SIZE];
        const Search search = { .shareable = shareable, .others = mounts, .reason = reason };

        assert(body);
        assert(mounts);

        return writes_conflict(&search, json_object_get(body, "HostConfig")) ? reason : NULL;
}
