/* SPDX-License-Identifier: MIT */
#include "deployerd/deploy/recreate.h"

#include "shared/json.h"
#include "unit.h"

static char data[] = "data", srv[] = "/srv/x";
static char *const shareable[] = { data, srv, NULL };

/* With ' for ". */
static const char *reason_of(const char *text) {
        _cleanup_(json_freep) json_t *json = NULL;
        _cleanup_free_ char *copy = strdup(text);
        JsonError error;

        assert_non_null(copy);
        for (char *p = copy; *p; p++)
                if (*p == '\'')
                        *p = '"';
        assert_int_equal(json_decode(copy, strlen(copy), &json, &error), 0);
        return container_body_recreate_reason(json, shareable);
}

static void bodies_that_share_nothing_may_overlap(void **state) {
        static const char *const bodies[] = {
                "{}",
                "{'HostConfig':{'PortBindings':{'80/tcp':[{'HostIp':'127.0.0.1','HostPort':''},{'HostPort':'0'}]}}}",
                "{'HostConfig':{'PortBindings':{'80/tcp':[],'81/tcp':null}}}",
                "{'HostConfig':{'PublishAllPorts':true}}",
                "{'HostConfig':{'NetworkMode':'shop-net'}}",
                "{'HostConfig':{'Binds':['data:/d','/srv/x:/x:rw','other:/o:ro','/etc/y:/y:z,ro','/anonymous']}}",
                "{'HostConfig':{'Mounts':[{'Type':'volume','Source':'data'},{'Type':'volume','Target':'/t'}]}}",
                "{'HostConfig':{'Mounts':[{'Type':'bind','Source':'/y','ReadOnly':true},{'Type':'tmpfs'}]}}",
                "{'HostConfig':{'Tmpfs':{'/t':''},'VolumesFrom':['box:ro'],'Devices':[{'PathOnHost':'/dev/null'}]}}",
                "{'Volumes':{'/v':{}}}",
                "{'NetworkingConfig':{'EndpointsConfig':{'n':{'Aliases':['a'],'IPAMConfig':{'IPv4Address':''}}}}}",
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(bodies); i++)
                assert_null(reason_of(bodies[i]));
}

static void what_two_cannot_have_is_named(void **state) {
        static const struct {
                const char *body, *reason;
        } cases[] = {
                { "{'HostConfig':{'PortBindings':{'80/tcp':[{'HostPort':''}],'81/udp':[{},{'HostPort':'8080'}]}}}",
                  "it publishes the fixed host port 8080" },
                { "{'HostConfig':{'PortBindings':{'80/tcp':[{'HostIp':'::1','HostPort':'80-89'}]}}}",
                  "it publishes the fixed host port 80-89" },
                { "{'HostConfig':{'NetworkMode':'host'}}", "it uses the network of the host" },
                { "{'HostConfig':{'NetworkMode':'container:db'}}",
                  "it uses the network of another container" },
                { "{'HostConfig':{'Binds':['data:/d','other:/o']}}",
                  "it writes to the volume 'other', which is not declared shareable" },
                { "{'HostConfig':{'Binds':['/srv:/s:rw,z']}}",
                  "it writes to /srv of the host, which is not declared shareable" },
                { "{'HostConfig':{'Binds':['datax:/ro']}}",
                  "it writes to the volume 'datax', which is not declared shareable" },
                { "{'HostConfig':{'Binds':['other:/o:rox']}}",
                  "it writes to the volume 'other', which is not declared shareable" },
                { "{'HostConfig':{'Mounts':[{'Type':'tmpfs'},{'Type':'volume','Source':'v','ReadOnly':false}]}}",
                  "it writes to the volume 'v', which is not declared shareable" },
                { "{'HostConfig':{'Mounts':[{'Type':'bind','Source':'/a'}]}}",
                  "it writes to /a of the host, which is not declared shareable" },
                { "{'HostConfig':{'VolumesFrom':['box']}}",
                  "it writes to the volumes of the container 'box', which is not declared shareable" },
                { "{'NetworkingConfig':{'EndpointsConfig':{'n':{'IPAMConfig':{'IPv4Address':'192.0.2.7'}}}}}",
                  "it has the fixed address 192.0.2.7" },
                { "{'NetworkingConfig':{'EndpointsConfig':{'n':{'IPAMConfig':{'IPv6Address':'2001:db8::7'}}}}}",
                  "it has the fixed address 2001:db8::7" },
                { "{'NetworkingConfig':{'EndpointsConfig':{'n':{'MacAddress':'02:42:ac:11:00:02'}}}}",
                  "it has the fixed MAC address 02:42:ac:11:00:02" },
                { "{'MacAddress':'02:42:ac:11:00:02'}", "it has the fixed MAC address 02:42:ac:11:00:02" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *reason = reason_of(cases[i].body);

                assert_non_null(reason);
                assert_string_equal(reason, cases[i].reason);
        }
}

static void reason_is_one_bounded_line(void **state) {
        _cleanup_(json_freep) json_t *body = NULL;
        char bind[1024];
        const char *reason;

        (void) state;

        memset(bind, 'x', sizeof(bind));
        memcpy(bind, "a\nb", 3);
        memcpy(bind + sizeof(bind) - 3, ":/", 3);
        body = json_pack("{s:{s:[s]}}", "HostConfig", "Binds", bind);
        reason = container_body_recreate_reason(body, NULL);
        assert_non_null(reason);
        assert_null(strchr(reason, '\n'));
        assert_true(strlen(reason) < 256);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(bodies_that_share_nothing_may_overlap),
                cmocka_unit_test(what_two_cannot_have_is_named),
                cmocka_unit_test(reason_is_one_bounded_line),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
