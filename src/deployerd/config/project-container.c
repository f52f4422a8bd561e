/* SPDX-License-Identifier: MIT */
/*
 * The keys of container-create, as far as the Engine API of 1.44 has them, each with the type of its value: see
 * project-container.h. A key that is not in the tables is the engine's business.
 */
#include "deployerd/config/project-container.h"

#include <stdio.h>
#include <strings.h>

#include "deployerd/text.h"

#define OWN_LABELS "org.tinyforge."

typedef enum Kind {
        KIND_ANY,
        KIND_BOOL,
        KIND_NUMBER,
        KIND_STRING,
        KIND_STRINGS,     /* an array of them */
        KIND_STRING_MAP,  /* an object of them */
        KIND_OBJECT,      /* of the child's keys */
        KIND_OBJECTS,     /* an array of such objects */
        KIND_OBJECT_MAP,  /* an object of such objects */
        KIND_OBJECTS_MAP, /* an object of arrays of such objects */
} Kind;

typedef struct Shape Shape;

typedef struct Field {
        const char *name;
        Kind kind;
        const Shape *child;
} Field;

struct Shape {
        const Field *fields;
        size_t n;
};

#define SHAPE(table) ((Shape){ (table), ELEMENTSOF(table) })

static const Field log_fields[] = { { "Type", KIND_STRING, NULL }, { "Config", KIND_STRING_MAP, NULL } };
static const Field restart_fields[] = { { "Name", KIND_STRING, NULL },
                                        { "MaximumRetryCount", KIND_NUMBER, NULL } };
static const Field binding_fields[] = { { "HostIp", KIND_STRING, NULL }, { "HostPort", KIND_STRING, NULL } };
static const Field mount_fields[] = {
        { "Target", KIND_STRING, NULL },      { "Source", KIND_STRING, NULL },
        { "Type", KIND_STRING, NULL },        { "ReadOnly", KIND_BOOL, NULL },
        { "Consistency", KIND_STRING, NULL }, { "BindOptions", KIND_ANY, NULL },
        { "VolumeOptions", KIND_ANY, NULL },  { "TmpfsOptions", KIND_ANY, NULL },
};
static const Field health_fields[] = {
        { "Test", KIND_STRINGS, NULL },       { "Interval", KIND_NUMBER, NULL },
        { "Timeout", KIND_NUMBER, NULL },     { "Retries", KIND_NUMBER, NULL },
        { "StartPeriod", KIND_NUMBER, NULL }, { "StartInterval", KIND_NUMBER, NULL },
};
static const Field ipam_fields[] = {
        { "IPv4Address", KIND_STRING, NULL },
        { "IPv6Address", KIND_STRING, NULL },
        { "LinkLocalIPs", KIND_STRINGS, NULL },
};
static const Shape log_shape = SHAPE(log_fields), restart_shape = SHAPE(restart_fields),
                   binding_shape = SHAPE(binding_fields), mount_shape = SHAPE(mount_fields),
                   health_shape = SHAPE(health_fields), ipam_shape = SHAPE(ipam_fields);

static const Field endpoint_fields[] = {
        { "IPAMConfig", KIND_OBJECT, &ipam_shape }, { "Links", KIND_STRINGS, NULL },
        { "MacAddress", KIND_STRING, NULL },        { "Aliases", KIND_STRINGS, NULL },
        { "DriverOpts", KIND_STRING_MAP, NULL },    { "NetworkID", KIND_STRING, NULL },
};
static const Shape endpoint_shape = SHAPE(endpoint_fields);

static const Field networking_fields[] = { { "EndpointsConfig", KIND_OBJECT_MAP, &endpoint_shape } };
static const Shape networking_shape = SHAPE(networking_fields);

static const Field host_fields[] = {
        { "Annotations", KIND_STRING_MAP, NULL },
        { "AutoRemove", KIND_BOOL, NULL },
        { "Binds", KIND_STRINGS, NULL },
        { "BlkioDeviceReadBps", KIND_ANY, NULL },
        { "BlkioDeviceReadIOps", KIND_ANY, NULL },
        { "BlkioDeviceWriteBps", KIND_ANY, NULL },
        { "BlkioDeviceWriteIOps", KIND_ANY, NULL },
        { "BlkioWeight", KIND_NUMBER, NULL },
        { "BlkioWeightDevice", KIND_ANY, NULL },
        { "CapAdd", KIND_STRINGS, NULL },
        { "CapDrop", KIND_STRINGS, NULL },
        { "Cgroup", KIND_STRING, NULL },
        { "CgroupParent", KIND_STRING, NULL },
        { "CgroupnsMode", KIND_STRING, NULL },
        { "ConsoleSize", KIND_ANY, NULL },
        { "ContainerIDFile", KIND_STRING, NULL },
        { "CpuCount", KIND_NUMBER, NULL },
        { "CpuPercent", KIND_NUMBER, NULL },
        { "CpuPeriod", KIND_NUMBER, NULL },
        { "CpuQuota", KIND_NUMBER, NULL },
        { "CpuRealtimePeriod", KIND_NUMBER, NULL },
        { "CpuRealtimeRuntime", KIND_NUMBER, NULL },
        { "CpuShares", KIND_NUMBER, NULL },
        { "CpusetCpus", KIND_STRING, NULL },
        { "CpusetMems", KIND_STRING, NULL },
        { "DeviceCgroupRules", KIND_STRINGS, NULL },
        { "DeviceRequests", KIND_ANY, NULL },
        { "Devices", KIND_ANY, NULL },
        { "Dns", KIND_STRINGS, NULL },
        { "DnsOptions", KIND_STRINGS, NULL },
        { "DnsSearch", KIND_STRINGS, NULL },
        { "ExtraHosts", KIND_STRINGS, NULL },
        { "GroupAdd", KIND_STRINGS, NULL },
        { "IOMaximumBandwidth", KIND_NUMBER, NULL },
        { "IOMaximumIOps", KIND_NUMBER, NULL },
        { "Init", KIND_BOOL, NULL },
        { "IpcMode", KIND_STRING, NULL },
        { "Isolation", KIND_STRING, NULL },
        { "KernelMemory", KIND_NUMBER, NULL },
        { "KernelMemoryTCP", KIND_NUMBER, NULL },
        { "Links", KIND_STRINGS, NULL },
        { "LogConfig", KIND_OBJECT, &log_shape },
        { "MaskedPaths", KIND_STRINGS, NULL },
        { "Memory", KIND_NUMBER, NULL },
        { "MemoryReservation", KIND_NUMBER, NULL },
        { "MemorySwap", KIND_NUMBER, NULL },
        { "MemorySwappiness", KIND_NUMBER, NULL },
        { "Mounts", KIND_OBJECTS, &mount_shape },
        { "NanoCpus", KIND_NUMBER, NULL },
        { "NetworkMode", KIND_STRING, NULL },
        { "OomKillDisable", KIND_BOOL, NULL },
        { "OomScoreAdj", KIND_NUMBER, NULL },
        { "PidMode", KIND_STRING, NULL },
        { "PidsLimit", KIND_NUMBER, NULL },
        { "PortBindings", KIND_OBJECTS_MAP, &binding_shape },
        { "Privileged", KIND_BOOL, NULL },
        { "PublishAllPorts", KIND_BOOL, NULL },
        { "ReadonlyPaths", KIND_STRINGS, NULL },
        { "ReadonlyRootfs", KIND_BOOL, NULL },
        { "RestartPolicy", KIND_OBJECT, &restart_shape },
        { "Runtime", KIND_STRING, NULL },
        { "SecurityOpt", KIND_STRINGS, NULL },
        { "ShmSize", KIND_NUMBER, NULL },
        { "StorageOpt", KIND_STRING_MAP, NULL },
        { "Sysctls", KIND_STRING_MAP, NULL },
        { "Tmpfs", KIND_STRING_MAP, NULL },
        { "UTSMode", KIND_STRING, NULL },
        { "Ulimits", KIND_ANY, NULL },
        { "UsernsMode", KIND_STRING, NULL },
        { "VolumeDriver", KIND_STRING, NULL },
        { "VolumesFrom", KIND_STRINGS, NULL },
};
static const Shape host_shape = SHAPE(host_fields);

static const Field body_fields[] = {
        { "ArgsEscaped", KIND_BOOL, NULL },
        { "AttachStderr", KIND_BOOL, NULL },
        { "AttachStdin", KIND_BOOL, NULL },
        { "AttachStdout", KIND_BOOL, NULL },
        { "Cmd", KIND_ANY, NULL },
        { "Domainname", KIND_STRING, NULL },
        { "Entrypoint", KIND_ANY, NULL },
        { "Env", KIND_STRINGS, NULL },
        { "ExposedPorts", KIND_OBJECT_MAP, NULL },
        { "Healthcheck", KIND_OBJECT, &health_shape },
        { "HostConfig", KIND_OBJECT, &host_shape },
        { "Hostname", KIND_STRING, NULL },
        { "Image", KIND_STRING, NULL },
        { "Labels", KIND_STRING_MAP, NULL },
        { "MacAddress", KIND_STRING, NULL },
        { "NetworkDisabled", KIND_BOOL, NULL },
        { "NetworkingConfig", KIND_OBJECT, &networking_shape },
        { "OnBuild", KIND_STRINGS, NULL },
        { "OpenStdin", KIND_BOOL, NULL },
        { "Shell", KIND_STRINGS, NULL },
        { "StdinOnce", KIND_BOOL, NULL },
        { "StopSignal", KIND_STRING, NULL },
        { "StopTimeout", KIND_NUMBER, NULL },
        { "Tty", KIND_BOOL, NULL },
        { "User", KIND_STRING, NULL },
        { "Volumes", KIND_OBJECT_MAP, NULL },
        { "WorkingDir", KIND_STRING, NULL },
};
static const Shape body_shape = SHAPE(body_fields);

void json_pointer_append(const char *pointer, const char *key, char ret[static JSON_POINTER_SIZE]) {
        size_t n = strnlen(pointer, JSON_POINTER_SIZE - 1);

        memmove(ret, pointer, n);
        if (n + 1 < JSON_POINTER_SIZE)
                ret[n++] = '/';
        for (; *key && n + 2 < JSON_POINTER_SIZE; key++) {
                if (*key == '~' || *key == '/')
                        ret[n++] = '~';
                ret[n++] = *key == '~' ? '0' : *key == '/' ? '1' : *key;
        }
        ret[n] = '\0';
        text_clean(ret);
}

static const Field *find_field(const Shape *shape, const char *key) {
        for (size_t i = 0; i < shape->n; i++)
                if (streq(shape->fields[i].name, key))
                        return &shape->fields[i];

        return NULL;
}

/* Go also folds two letters beyond ASCII into "s" and "k", so no key here may have any. */
static const char *key_problem(const Shape *shape, const char *key) {
        for (const char *p = key; *p; p++)
                if ((unsigned char) *p >= 0x80)
                        return "is no key: the engine's are plain ASCII";

        for (size_t i = 0; i < shape->n; i++)
                if (strcasecmp(shape->fields[i].name, key) == 0 && !streq(shape->fields[i].name, key))
                        return "differs from a key of the engine only by its case, which the engine would take for it";

        return NULL;
}

static const char *object_problem(const json_t *object, const Shape *shape, const char *pointer,
                                  char ret_pointer[static JSON_POINTER_SIZE]);

static const char *objects_problem(const json_t *array, const Shape *shape, const char *pointer,
                                   char ret_pointer[static JSON_POINTER_SIZE]) {
        if (!json_is_array(array))
                return "is no array of objects";

        for (size_t i = 0; i < json_array_size(array); i++) {
                char index[24], place[JSON_POINTER_SIZE];
                const char *problem;

                (void) snprintf(index, sizeof(index), "%zu", i);
                json_pointer_append(pointer, index, place);
                problem = object_problem(json_array_get(array, i), shape, place, ret_pointer);
                if (problem)
                        return problem;
        }

        return NULL;
}

/* An object whose keys are anybody's: its members have the shape. A null removes one. */
static const char *map_problem(const json_t *map, const Field *field, const char *pointer,
                               char ret_pointer[static JSON_POINTER_SIZE]) {
        const char *key, *problem = NULL;
        json_t *value;

        if (!json_is_object(map))
                return "is no object";

        json_object_foreach((json_t *) (uintptr_t) map, key, value) {
                char place[JSON_POINTER_SIZE];

                if (json_is_null(value))
                        continue;

                json_pointer_append(pointer, key, place);
                memcpy(ret_pointer, place, sizeof(place));
                if (field->kind == KIND_STRING_MAP)
                        problem = json_is_string(value) ? NULL : "is no string";
                else if (field->kind == KIND_OBJECTS_MAP)
                        problem = objects_problem(value, field->child, place, ret_pointer);
                else if (field->child)
                        problem = object_problem(value, field->child, place, ret_pointer);
                else
                        problem = json_is_object(value) ? NULL : "is no object";
                if (problem)
                        return problem;
        }

        return NULL;
}

static bool is_strings(const json_t *array) {
        if (!json_is_array(array))
                return false;

        for (size_t i = 0; i < json_array_size(array); i++)
                if (!json_is_string(json_array_get(array, i)))
                        return false;

        return true;
}

static const char *value_problem(const json_t *value, const Field *field, const char *pointer,
                                 char ret_pointer[static JSON_POINTER_SIZE]) {
        memmove(ret_pointer, pointer, strlen(pointer) + 1);
        switch (field->kind) {
        case KIND_ANY:
                return NULL;
        case KIND_BOOL:
                return json_is_boolean(value) ? NULL : "is neither true nor false";
        case KIND_NUMBER:
                return json_is_number(value) ? NULL : "is no number";
        case KIND_STRING:
                return json_is_string(value) ? NULL : "is no string";
        case KIND_STRINGS:
                return is_strings(value) ? NULL : "is no array of strings";
        case KIND_OBJECT:
                return object_problem(value, field->child, pointer, ret_pointer);
        case KIND_OBJECTS:
                return objects_problem(value, field->child, pointer, ret_pointer);
        case KIND_STRING_MAP:
        case KIND_OBJECT_MAP:
        case KIND_OBJECTS_MAP:
                return map_problem(value, field, pointer, ret_pointer);
        }

        return NULL;
}

static const char *object_problem(const json_t *object, const Shape *shape, const char *pointer,
                                  char ret_pointer[static JSON_POINTER_SIZE]) {
        const char *key, *problem;
        json_t *value;

        memmove(ret_pointer, pointer, strlen(pointer) + 1);
        if (!json_is_object(object))
                return "is no object";

        json_object_foreach((json_t *) (uintptr_t) object, key, value) {
                const Field *field = find_field(shape, key);
                char place[JSON_POINTER_SIZE];

                json_pointer_append(pointer, key, place);
                memcpy(ret_pointer, place, sizeof(place));
                if (!field)
                        problem = key_problem(shape, key);
                else
                        problem = json_is_null(value) ? NULL
                                                      : value_problem(value, field, place, ret_pointer);
                if (problem)
                        return problem;
        }

        return NULL;
}

/* What is not for a project to say. */
static const char *policy_problem(const json_t *patch, const char *pointer,
                                  char ret_pointer[static JSON_POINTER_SIZE]) {
        const json_t *host = json_object_get(patch, "HostConfig");
        char place[JSON_POINTER_SIZE];
        const char *key;
        json_t *value;

        json_pointer_append(pointer, "Image", ret_pointer);
        if (json_object_get(patch, "Image"))
                return "may not be set: what is deployed decides it";

        json_pointer_append(pointer, "HostConfig", ret_pointer);
        if (json_is_null(host))
                return "may not be removed as a whole";

        json_pointer_append(ret_pointer, "AutoRemove", ret_pointer);
        if (json_is_true(json_object_get(host, "AutoRemove")))
                return "may not be true: of a container that removes itself nobody can tell why it ended";

        json_pointer_append(pointer, "Labels", place);
        memcpy(ret_pointer, place, sizeof(place));
        if (json_is_null(json_object_get(patch, "Labels")))
                return "may not be removed as a whole";

        json_object_foreach(json_object_get(patch, "Labels"), key, value) {
                (void) value;
                if (strncmp(key, OWN_LABELS, strlen(OWN_LABELS)) != 0)
                        continue;

                json_pointer_append(place, key, ret_pointer);
                return "may not be set: labels that begin with " OWN_LABELS " are the deployer's";
        }

        return NULL;
}

const char *project_container_problem(const json_t *patch, const char *pointer,
                                      char ret_pointer[static JSON_POINTER_SIZE]) {
        const char *problem;

        assert(patch);
        assert(pointer);

        problem = object_problem(patch, &body_shape, pointer, ret_pointer);
        return problem ? problem : policy_problem(patch, pointer, ret_pointer);
}
