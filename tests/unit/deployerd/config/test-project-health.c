/* SPDX-License-Identifier: MIT */
#include "deployerd/config/project-health.h"

#include <stdio.h>

#include "shared/json.h"
#include "unit.h"

/* With ' for ". The caller's to free. */
static json_t *parse(const char *text) {
        char quoted[512];
        json_t *value;
        size_t n = 0;

        for (; text[n]; n++)
                quoted[n] = text[n] == '\'' ? '"' : text[n];
        quoted[n] = '\0';
        value = json_loads(quoted, JSON_DECODE_ANY, NULL);
        assert_non_null(value);
        return value;
}

static void each_key_of_a_health_check_counts(void **state) {
        static const struct {
                const char *text, *check, *host;
                unsigned port, first, last;
        } cases[] = {
                { "'http:/up'", "http:/up", NULL, 0, 200, 399 },
                { "''", "", NULL, 0, 200, 399 },
                { "{'type':'none'}", "none", NULL, 0, 200, 399 },
                { "{'type':'image'}", "image", NULL, 0, 200, 399 },
                { "{'type':'tcp','port':5432}", "tcp", NULL, 5432, 200, 399 },
                { "{'type':'http'}", "http:/", NULL, 0, 200, 399 },
                { "{'type':'http','path':'/up','host':'app.example.com','port':8080,'status':'200-299'}",
                  "http:/up", "app.example.com", 8080, 200, 299 },
                { "{'status':'401','host':'[2001:db8::1]:80','type':'http'}", "http:/", "[2001:db8::1]:80",
                  0, 401, 401 },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(json_freep) json_t *value = parse(cases[i].text);
                _cleanup_(project_health_done) ProjectHealth health = { .check = NULL };
                char problem[HEALTH_PROBLEM_SIZE];
                const char *key;

                assert_int_equal(project_health_read(value, &health, &key, problem), 0);
                assert_string_equal(health.check, cases[i].check);
                assert_string_equal(strempty(health.host), strempty(cases[i].host));
                assert_int_equal(health.port, cases[i].port);
                assert_int_equal(health.status_first, cases[i].first);
                assert_int_equal(health.status_last, cases[i].last);
        }
}

static void each_key_of_a_health_check_is_checked(void **state) {
        static const struct {
                const char *text, *key, *problem;
        } cases[] = {
                { "1", "", "has to be \"image\", \"tcp\", \"http:/path\", \"none\" or empty, or an object" },
                { "{}", "type", "has to be there" },
                { "{'type':'icmp'}", "type", "has to be \"http\", \"tcp\", \"image\" or \"none\"" },
                { "{'type':'http','path':'up'}", "path",
                  "has to be a path of at most 255 bytes that begins with a slash, in plain ASCII" },
                { "{'type':'http','path':'/a b'}", "path",
                  "has to be a path of at most 255 bytes that begins with a slash, in plain ASCII" },
                { "{'type':'http','host':''}", "host",
                  "has to be a name or an address, with a port perhaps" },
                { "{'type':'http','host':'a\\r\\nX: y'}", "host",
                  "has to be a name or an address, with a port perhaps" },
                { "{'type':'http','port':'80'}", "port", "has to be a number from 1 to 65535" },
                { "{'type':'http','port':65536}", "port", "has to be a number from 1 to 65535" },
                { "{'type':'http','status':200}", "status",
                  "has to be a status or a range of them, such as \"200-399\"" },
                { "{'type':'http','status':'399-200'}", "status",
                  "has to be a status or a range of them, such as \"200-399\"" },
                { "{'type':'http','status':'99-200'}", "status",
                  "has to be a status or a range of them, such as \"200-399\"" },
                { "{'type':'http','status':'200-'}", "status",
                  "has to be a status or a range of them, such as \"200-399\"" },
                { "{'type':'http','status':'200-600'}", "status",
                  "has to be a status or a range of them, such as \"200-399\"" },
                { "{'type':'http','Path':'/'}", "Path", "is not known of a health check" },
                { "{'type':'tcp','path':'/'}", "path", "is for the type \"http\"" },
                { "{'type':'none','port':80}", "port", "is for the types \"http\" and \"tcp\"" },
        };

        (void) state;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(json_freep) json_t *value = parse(cases[i].text);
                ProjectHealth health = { .check = NULL };
                char problem[HEALTH_PROBLEM_SIZE];
                const char *key = NULL;

                if (project_health_read(value, &health, &key, problem) != -EBADMSG)
                        fail_msg("%s is taken", cases[i].text);
                assert_string_equal(key, cases[i].key);
                assert_string_equal(problem, cases[i].problem);
                assert_null(health.check);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_key_of_a_health_check_counts),
                cmocka_unit_test(each_key_of_a_health_check_is_checked),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
