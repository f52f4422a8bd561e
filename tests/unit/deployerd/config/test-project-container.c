/* SPDX-License-Identifier: MIT */
#include "deployerd/config/project-container.h"

#include <stdio.h>

#include "deployerd/config/engine-keys.h"
#include "shared/json.h"
#include "unit.h"

/* The problem of a patch with ' for "; NULL where there is none. */
static const char *problem_of(const char *text, unsigned api_minor, const char *unchecked) {
        static char problem[CONTAINER_PROBLEM_SIZE];
        _cleanup_(json_freep) json_t *patch = NULL, *list = NULL;
        char quoted[1024];
        size_t n = 0;

        for (; text[n]; n++)
                quoted[n] = text[n] == '\'' ? '"' : text[n];
        quoted[n] = '\0';
        patch = json_loads(quoted, 0, NULL);
        assert_non_null(patch);
        if (unchecked)
                list = json_pack("[s]", unchecked);
        return project_container_check(patch, "/container",
                                       &(ContainerRules){ .api_minor = api_minor, .unchecked = list },
                                       problem) < 0
                               ? problem
                               : NULL;
}

static void expect(const char *text, const char *problem) {
        const char *found = problem_of(text, 0, NULL);

        if (!found || !streq(found, problem))
                fail_msg("%s: %s", text, strempty(found));
}

static void key_at_the_wrong_level_is_told_where_it_belongs(void **state) {
        (void) state;

        expect("{'Binds':[]}", "/container/Binds: \"Binds\" belongs in /container/HostConfig");
        expect("{'binds':[]}", "/container/binds: \"Binds\" belongs in /container/HostConfig");
        expect("{'HostConfig':{'Env':[]}}", "/container/HostConfig/Env: \"Env\" belongs in /container");
        expect("{'NetworkingConfig':{'EndpointsConfig':{'n':{'Env':[]}}}}",
               "/container/NetworkingConfig/EndpointsConfig/n/Env: \"Env\" belongs in /container");
        expect("{'NetworkingConfig':{'EndpointsConfig':{'a/b':{'IPv4Address':'192.0.2.1'}}}}",
               "/container/NetworkingConfig/EndpointsConfig/a~1b/IPv4Address: \"IPv4Address\" belongs in "
               "/container/NetworkingConfig/EndpointsConfig/*/IPAMConfig");
        expect("{'NetworkingConfig':{'Aliases':[]}}",
               "/container/NetworkingConfig/Aliases: \"Aliases\" belongs in "
               "/container/NetworkingConfig/EndpointsConfig/*");
        expect("{'HostConfig':{'Mounts':[{'NoCopy':true}]}}",
               "/container/HostConfig/Mounts/0/NoCopy: \"NoCopy\" belongs in "
               "/container/HostConfig/Mounts/*/VolumeOptions");
}

static void unknown_key_is_told_the_nearest_one(void **state) {
        (void) state;

        expect("{'HostConfig':{'Memroy':1}}",
               "/container/HostConfig/Memroy: is no key of the engine's; the nearest is \"Memory\" in "
               "/container/HostConfig");
        expect("{'HostConfig':{'Memroy':null}}",
               "/container/HostConfig/Memroy: is no key of the engine's; the nearest is \"Memory\" in "
               "/container/HostConfig");
        expect("{'Memroy':1}",
               "/container/Memroy: is no key of the engine's; the nearest is \"Memory\" in /container/HostConfig");
        expect("{'entry_point':'x'}",
               "/container/entry_point: is no key of the engine's; the nearest is \"Entrypoint\" in /container");
        expect("{'HostConfig':{'LogConfig':{'Typ':'local'}}}",
               "/container/HostConfig/LogConfig/Typ: is no key of the engine's; the nearest is \"Type\" in "
               "/container/HostConfig/LogConfig");
        expect("{'HostConfig':{'QuantumFoam':1}}",
               "/container/HostConfig/QuantumFoam: is no key of the engine's that is known, nor near to one; "
               "\"unchecked\": [\"HostConfig.QuantumFoam\"] would pass it on");
}

static void key_that_is_listed_as_unchecked_is_passed_on(void **state) {
        static const struct {
                const char *patch, *unchecked;
        } cases[] = {
                { "{'HostConfig':{'Memroy':{'x':[1]}}}", "HostConfig.Memroy" },
                { "{'NewThing':1}", "NewThing" },
                /* Neither an index nor a name of one's own is a key. */
                { "{'HostConfig':{'Mounts':[{},{'Speed':1}]}}", "HostConfig.Mounts.Speed" },
                { "{'NetworkingConfig':{'EndpointsConfig':{'n':{'Speed':1}}}}",
                  "NetworkingConfig.EndpointsConfig.Speed" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                assert_non_null(problem_of(cases[i].patch, 0, "HostConfig.Other"));
                assert_null(problem_of(cases[i].patch, 0, cases[i].unchecked));
        }

        /* What the table knows stays known, and another case stays the engine's key. */
        assert_non_null(problem_of("{'HostConfig':{'Memory':'1g'}}", 0, "HostConfig.Memory"));
        assert_non_null(problem_of("{'HostConfig':{'memory':1}}", 0, "HostConfig.memory"));
        assert_non_null(problem_of("{'HostConfig':{'Binds':[],'AutoRemove':true}}", 0,
                                   "HostConfig.AutoRemove"));
}

static void wrong_type_is_told_with_both_types(void **state) {
        (void) state;

        expect("[]", "/container: is an array, and has to be an object");
        expect("{'Env':{}}", "/container/Env: is an object, and has to be an array of strings");
        expect("{'Env':['A=1',null]}", "/container/Env/1: is null, and has to be a string");
        expect("{'HostConfig':{'Memory':'1g'}}",
               "/container/HostConfig/Memory: is a string, and has to be an integer");
        expect("{'HostConfig':{'NanoCpus':1.5e9}}",
               "/container/HostConfig/NanoCpus: is a number with a fraction or an exponent, and has to be an integer");
        expect("{'HostConfig':{'Privileged':0}}",
               "/container/HostConfig/Privileged: is an integer, and has to be a boolean");
        expect("{'User':true}", "/container/User: is a boolean, and has to be a string");
        expect("{'Cmd':1}", "/container/Cmd: is an integer, and has to be a string or an array of strings");
        expect("{'Cmd':['a',1]}", "/container/Cmd/1: is an integer, and has to be a string");
        expect("{'Labels':{'a':1}}", "/container/Labels/a: is an integer, and has to be a string");
        expect("{'ExposedPorts':{'80/tcp':1}}",
               "/container/ExposedPorts/80~1tcp: is an integer, and has to be an object");
        expect("{'HostConfig':{'Devices':[{'PathOnHost':1}]}}",
               "/container/HostConfig/Devices/0/PathOnHost: is an integer, and has to be a string");
        expect("{'HostConfig':{'DeviceRequests':[{'Capabilities':[['gpu'],'gpu']}]}}",
               "/container/HostConfig/DeviceRequests/0/Capabilities/1: is a string, and has to be an array of strings");
        expect("{'NetworkingConfig':{'EndpointsConfig':{'n':{'Aliases':'a'}}}}",
               "/container/NetworkingConfig/EndpointsConfig/n/Aliases: is a string, and has to be an array of strings");
}

static void patches_that_projects_have_pass(void **state) {
        static const char *const patches[] = {
                "{}",
                "{'Cmd':'run','Entrypoint':['/bin/x'],'Env':null,'ExposedPorts':{'80/tcp':{},'81/udp':null}}",
                "{'Healthcheck':{'Test':['NONE']},'StopTimeout':40,'Volumes':{'/data':{}}}",
                "{'Labels':{'traefik.enable':'true','Image':'x'},'HostConfig':{'LogConfig':null}}",
                "{'HostConfig':{'Tmpfs':{'/run':'rw'},'Ulimits':[{'Name':'nofile','Soft':1,'Hard':2}],"
                "'Mounts':[{'Type':'volume','Source':'v','Target':'/d','VolumeOptions':{'Labels':{'a':'b'}}}]}}",
                "{'NetworkingConfig':{'EndpointsConfig':{'n':{'Aliases':['a'],'IPAMConfig':{'IPv4Address':'192.0.2.7'}},"
                "'m':null}}}",
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(patches); i++) {
                const char *problem = problem_of(patches[i], 41, NULL);

                if (problem)
                        fail_msg("%s: %s", patches[i], problem);
        }
}

static void key_of_another_version_of_the_api_is_refused_with_both_versions(void **state) {
        static const struct {
                const char *patch, *problem;
                unsigned first, last; /* the versions in which it is refused */
        } cases[] = {
                { "{'HostConfig':{'Annotations':{'a':'b'}}}",
                  "/container/HostConfig/Annotations: takes version 1.44 of the engine's API, and version 1.41 "
                  "is spoken here",
                  41, 41 },
                { "{'NetworkingConfig':{'EndpointsConfig':{'n':{'GwPriority':1}}}}",
                  "/container/NetworkingConfig/EndpointsConfig/n/GwPriority: takes version 1.55 of the engine's "
                  "API, and version 1.44 is spoken here",
                  41, 44 },
                { "{'HostConfig':{'KernelMemory':1}}",
                  "/container/HostConfig/KernelMemory: is gone from version 1.44 of the engine's API, and "
                  "version 1.55 is spoken here",
                  44, 55 },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                for (unsigned minor = 41; minor <= 55; minor++) {
                        const char *problem = problem_of(cases[i].patch, minor, NULL);

                        if (!problem != (minor < cases[i].first || minor > cases[i].last))
                                fail_msg("%s, 1.%u: %s", cases[i].patch, minor, strempty(problem));
                        if (minor == cases[i].last)
                                assert_string_equal(problem, cases[i].problem);
                }
                assert_null(problem_of(cases[i].patch, 0, NULL));
        }

        /* Taking a key away needs nobody who knows it. */
        assert_null(problem_of("{'HostConfig':{'Annotations':null}}", 41, NULL));
}

static void key_outside_of_the_patch_is_claimed(void **state) {
        char problem[CONTAINER_PROBLEM_SIZE];

        (void) state;

        assert_true(project_container_claims("", "Env", problem));
        assert_string_equal(problem, "/Env: \"Env\" belongs in /container");
        assert_true(project_container_claims("/stages/prod", "memory", problem));
        assert_string_equal(problem,
                            "/stages/prod/memory: \"Memory\" belongs in /stages/prod/container/HostConfig");
        assert_false(project_container_claims("", "colour", problem));
}

/* The table is searched by name alone: twice the same would hide one. */
static void expect_sorted(const EngineType *type) {
        if (type->of)
                expect_sorted(type->of);
        for (size_t i = 0; i < type->n; i++) {
                if (i > 0)
                        assert_true(strcmp(type->keys[i - 1].name, type->keys[i].name) < 0);
                assert_true(!type->keys[i].lacking == !type->keys[i].since);
                expect_sorted(type->keys[i].type);
        }
}

static void table_names_each_key_once(void **state) {
        (void) state;

        assert_int_equal(engine_create_body.kind, ENGINE_OBJECT);
        expect_sorted(&engine_create_body);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(key_at_the_wrong_level_is_told_where_it_belongs),
                cmocka_unit_test(unknown_key_is_told_the_nearest_one),
                cmocka_unit_test(key_that_is_listed_as_unchecked_is_passed_on),
                cmocka_unit_test(wrong_type_is_told_with_both_types),
                cmocka_unit_test(patches_that_projects_have_pass),
                cmocka_unit_test(key_of_another_version_of_the_api_is_refused_with_both_versions),
                cmocka_unit_test(key_outside_of_the_patch_is_claimed),
                cmocka_unit_test(table_names_each_key_once),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
