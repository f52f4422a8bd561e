/* SPDX-License-Identifier: MIT */
/* Patches against the engine's own table: see project-container.h. */
#include "deployerd/config/project-container.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "deployerd/config/engine-hint.h"

#define OWN_LABELS "org.tinyforge."
/* Bytes of the names of keys that lead to one, joined by dots. */
#define KEY_PATH_SIZE 256U

/* One patch that is being checked. */
typedef struct Check {
        const ContainerRules *rules;
        const char *root; /* where the patch stands */
        char *problem;
} Check;

/* A place in it: for sentences, and as "unchecked" names it. */
typedef struct Place {
        char pointer[JSON_POINTER_SIZE];
        char keys[KEY_PATH_SIZE];
} Place;

/* "place: what"; -EBADMSG. */
static int check_fail(const Check *check, const char *pointer, const char *format, ...) _printf_(3, 4);

static int check_fail(const Check *check, const char *pointer, const char *format, ...) {
        va_list args;
        int n;

        n = snprintf(check->problem, CONTAINER_PROBLEM_SIZE, "%s: ", pointer);
        va_start(args, format);
        (void) vsnprintf(check->problem + n, CONTAINER_PROBLEM_SIZE - (size_t) n, format, args);
        va_end(args);
        return -EBADMSG;
}

static void place_key(const Place *place, const char *key, Place *ret) {
        json_pointer_append(place->pointer, key, ret->pointer);
        (void) snprintf(ret->keys, sizeof(ret->keys), "%.180s%s%.64s", place->keys,
                        place->keys[0] ? "." : "", key);
}

/* An index, or a name of one's own, which is no key. */
static void place_member(const Place *place, const char *name, size_t index, Place *ret) {
        *ret = *place;
        if (name)
                json_pointer_append(place->pointer, name, ret->pointer);
        else
                json_pointer_append_index(place->pointer, index, ret->pointer);
}

static const char *found_type(const json_t *value) {
        switch (json_typeof(value)) {
        case JSON_OBJECT:
                return "an object";
        case JSON_ARRAY:
                return "an array";
        case JSON_STRING:
                return "a string";
        case JSON_INTEGER:
                return "an integer";
        case JSON_REAL:
                return "a number with a fraction or an exponent";
        case JSON_TRUE:
        case JSON_FALSE:
                return "a boolean";
        case JSON_NULL:
        default:
                return "null";
        }
}

static const char *wanted_type(const EngineType *type) {
        static const char *const names[] = {
                [ENGINE_FREE] = "an object",
                [ENGINE_BOOL] = "a boolean",
                [ENGINE_INTEGER] = "an integer",
                [ENGINE_STRING] = "a string",
                [ENGINE_WORDS] = "a string or an array of strings",
                [ENGINE_ARRAY] = "an array",
                [ENGINE_MAP] = "an object",
                [ENGINE_OBJECT] = "an object",
        };

        return type->kind == ENGINE_ARRAY && type->of->kind == ENGINE_STRING ? "an array of strings"
                                                                             : names[type->kind];
}

static bool is_of_kind(const json_t *value, EngineKind kind) {
        switch (kind) {
        case ENGINE_BOOL:
                return json_is_boolean(value);
        case ENGINE_INTEGER:
                return json_is_integer(value);
        case ENGINE_STRING:
                return json_is_string(value);
        case ENGINE_WORDS:
                return json_is_string(value) || json_is_array(value);
        case ENGINE_ARRAY:
                return json_is_array(value);
        case ENGINE_FREE:
        case ENGINE_MAP:
        case ENGINE_OBJECT:
        default:
                return json_is_object(value);
        }
}

static const EngineKey *find_key(const EngineType *type, const char *name) {
        for (size_t i = 0; i < type->n; i++)
                if (streq(type->keys[i].name, name))
                        return &type->keys[i];

        return NULL;
}

/* "Binds" → "/container/HostConfig", of the patch at hand. */
static int fail_unknown(const Check *check, const EngineType *type, const char *key, const Place *place) {
        char home[JSON_POINTER_SIZE];
        const char *name;

        if (engine_hint_home(key, home, &name))
                return check_fail(check, place->pointer, "\"%s\" belongs in %s%s", name, check->root, home);
        if (engine_hint_nearest(type, key, home, &name))
                return check_fail(check, place->pointer,
                                  "is no key of the engine's; the nearest is \"%s\" in %s%s", name,
                                  check->root, home);

        return check_fail(check, place->pointer,
                          "is no key of the engine's that is known, nor near to one; "
                          "\"unchecked\": [\"%s\"] would pass it on",
                          place->keys);
}

/* Go also folds two letters beyond ASCII into "s" and "k", so no key here may have any. */
static int check_unknown(const Check *check, const EngineType *type, const char *key, const Place *place) {
        size_t i;
        json_t *allowed;

        for (const char *p = key; *p; p++)
                if ((unsigned char) *p >= 0x80 || *p == '=')
                        return check_fail(check, place->pointer, "is no key: the engine's are plain ASCII%s",
                                          *p == '=' ? ", without =" : "");

        for (i = 0; i < type->n; i++)
                if (strcasecmp(type->keys[i].name, key) == 0)
                        return check_fail(
                                        check, place->pointer,
                                        "differs from \"%s\" only by its case, and the engine would take it for that",
                                        type->keys[i].name);

        json_array_foreach((json_t *) (uintptr_t) check->rules->unchecked, i, allowed)
                if (streq(strempty(json_string_value(allowed)), place->keys))
                        return 0;

        return fail_unknown(check, type, key, place);
}

static int check_version(const Check *check, const EngineKey *key, const Place *place) {
        unsigned spoken = check->rules->api_minor;

        if (spoken == 0)
                return 0;
        if (key->lacking > 0 && spoken <= key->lacking)
                return check_fail(check, place->pointer,
                                  "takes version 1.%u of the engine's API, and version 1.%u is spoken here",
                                  key->since, spoken);
        if (key->gone > 0 && spoken >= key->gone)
                return check_fail(
                                check, place->pointer,
                                "is gone from version 1.%u of the engine's API, and version 1.%u is spoken here",
                                key->gone, spoken);

        return 0;
}

static int check_value(const Check *check, const json_t *value, const EngineType *type, const Place *place);

static int check_object(const Check *check, const json_t *object, const EngineType *type,
                        const Place *place) {
        const char *name;
        json_t *value;

        json_object_foreach((json_t *) (uintptr_t) object, name, value) {
                const EngineKey *key = find_key(type, name);
                Place inner;
                int r;

                place_key(place, name, &inner);
                if (!key)
                        r = check_unknown(check, type, name, &inner);
                else if (json_is_null(value))
                        r = 0;
                else {
                        r = check_version(check, key, &inner);
                        if (r >= 0)
                                r = check_value(check, value, key->type, &inner);
                }
                if (r < 0)
                        return r;
        }

        return 0;
}

/* A null removes a member of a map; in an array it is a value. */
static int check_members(const Check *check, const json_t *value, const EngineType *of, const Place *place) {
        const char *name;
        json_t *member;
        Place inner;
        int r;

        for (size_t i = 0; i < json_array_size(value); i++) {
                place_member(place, NULL, i, &inner);
                r = check_value(check, json_array_get(value, i), of, &inner);
                if (r < 0)
                        return r;
        }

        json_object_foreach((json_t *) (uintptr_t) value, name, member) {
                if (json_is_null(member))
                        continue;

                place_member(place, name, 0, &inner);
                r = check_value(check, member, of, &inner);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* As deep as the type is, which ends. */
static int check_value(const Check *check, const json_t *value, const EngineType *type, const Place *place) {
        static const EngineType word = { ENGINE_STRING, NULL, NULL, 0 };

        if (!is_of_kind(value, type->kind))
                return check_fail(check, place->pointer, "is %s, and has to be %s", found_type(value),
                                  wanted_type(type));

        switch (type->kind) {
        case ENGINE_OBJECT:
                return check_object(check, value, type, place);
        case ENGINE_ARRAY:
        case ENGINE_MAP:
                return check_members(check, value, type->of, place);
        case ENGINE_WORDS:
                return check_members(check, value, &word, place);
        case ENGINE_FREE:
        case ENGINE_BOOL:
        case ENGINE_INTEGER:
        case ENGINE_STRING:
        default:
                return 0;
        }
}

/* What is not for a project to say. */
static int check_policy(const Check *check, const json_t *patch) {
        const json_t *host = json_object_get(patch, "HostConfig");
        char place[JSON_POINTER_SIZE], labels[JSON_POINTER_SIZE];
        const char *key;
        json_t *value;

        json_pointer_append(check->root, "Image", place);
        if (json_object_get(patch, "Image"))
                return check_fail(check, place, "may not be set: what is deployed decides it");

        json_pointer_append(check->root, "HostConfig", place);
        if (json_is_null(host))
                return check_fail(check, place, "may not be removed as a whole");

        json_pointer_append(place, "AutoRemove", place);
        if (json_is_true(json_object_get(host, "AutoRemove")))
                return check_fail(
                                check, place,
                                "may not be true: of a container that removes itself nobody can tell why it ended");

        json_pointer_append(check->root, "Labels", labels);
        if (json_is_null(json_object_get(patch, "Labels")))
                return check_fail(check, labels, "may not be removed as a whole");

        json_object_foreach(json_object_get(patch, "Labels"), key, value) {
                (void) value;
                if (strncmp(key, OWN_LABELS, strlen(OWN_LABELS)) != 0)
                        continue;

                json_pointer_append(labels, key, place);
                return check_fail(check, place,
                                  "may not be set: labels that begin with " OWN_LABELS
                                  " are the deployer's");
        }

        return 0;
}

int project_container_check(const json_t *patch, const char *pointer, const ContainerRules *rules,
                            char ret_problem[static CONTAINER_PROBLEM_SIZE]) {
        Check check = { .rules = rules, .root = pointer, .problem = ret_problem };
        Place place = { .keys = "" };
        int r;

        assert(patch);
        assert(pointer);
        assert(rules);

        (void) snprintf(place.pointer, sizeof(place.pointer), "%s", pointer);
        r = check_value(&check, patch, &engine_create_body, &place);
        return r < 0 ? r : check_policy(&check, patch);
}

bool project_container_claims(const char *pointer, const char *key,
                              char ret_problem[static CONTAINER_PROBLEM_SIZE]) {
        char place[JSON_POINTER_SIZE], home[JSON_POINTER_SIZE];
        const Check check = { .problem = ret_problem };
        const char *name;

        assert(pointer);
        assert(key);

        /* The image is nobody's to set in there. */
        if (!engine_hint_home(key, home, &name) || streq(name, "Image"))
                return false;

        json_pointer_append(pointer, key, place);
        (void) check_fail(&check, place, "\"%s\" belongs in %s/container%s", name, pointer, home);
        return true;
}
