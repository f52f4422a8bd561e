/* SPDX-License-Identifier: MIT */
#include "deployerd/deploy/upstreams.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "shared/json.h"
#include "unit.h"

#define DOWN "        server 127.0.0.1:1 down;\n"

/* A folder, and the name of a file in it. */
#define PATH_SIZE 512U

typedef struct Fixture {
        char root[32];
        char dir[48];
        json_t *json[8];
        Instance items[8];
        InstanceList list;
} Fixture;

static int setup(void **state) {
        Fixture *fixture = calloc(1, sizeof(*fixture));

        if (!fixture)
                return -1;

        (void) umask(0077);
        strcpy(fixture->root, "/tmp/tinyforge-XXXXXX");
        if (!mkdtemp(fixture->root))
                return -1;

        (void) snprintf(fixture->dir, sizeof(fixture->dir), "%s/upstreams", fixture->root);
        fixture->list.items = fixture->items;
        *state = fixture;
        return 0;
}

static void path_of(const Fixture *fixture, const char *name, char ret[static PATH_SIZE]) {
        (void) snprintf(ret, PATH_SIZE, "%s/%s", fixture->dir, name);
}

static unsigned count_files(const Fixture *fixture) {
        DIR *dir = opendir(fixture->dir);
        const struct dirent *entry;
        unsigned n = 0;

        assert_non_null(dir);
        while ((entry = readdir(dir)))
                n += !streq(entry->d_name, ".") && !streq(entry->d_name, "..");
        (void) closedir(dir);
        return n;
}

static int teardown(void **state) {
        Fixture *fixture = *state;
        char command[96];

        for (size_t i = 0; i < ELEMENTSOF(fixture->json); i++)
                json_decref(fixture->json[i]);
        (void) snprintf(command, sizeof(command), "rm -rf '%s'", fixture->root);
        free(fixture);
        return system(command);
}

/* Older than those added before, running, published at `address` (NULL: nowhere) and `port`. */
static Instance *add(Fixture *fixture, const char *project, const char *stage, const char *address,
                     const char *port) {
        size_t i = fixture->list.n++;

        assert_true(i < ELEMENTSOF(fixture->items));
        json_decref(fixture->json[i]);
        fixture->json[i] = address ? json_pack("{s:{s:{s:[{s:s, s:s}]}}}", "NetworkSettings", "Ports",
                                               "8080/tcp", "HostIp", address, "HostPort", port)
                                   : json_object();
        assert_non_null(fixture->json[i]);
        fixture->items[i] = (Instance){
                .container = { .json = fixture->json[i], .status = "running", .running = true },
                .project = project,
                .stage = stage,
                .deploy = 100 - i,
        };
        return &fixture->items[i];
}

static const char *read_file(const Fixture *fixture, const char *name) {
        static char text[2048];
        char path[PATH_SIZE];
        FILE *file;
        size_t n;

        path_of(fixture, name, path);
        file = fopen(path, "re");
        assert_non_null(file);
        n = fread(text, 1, sizeof(text) - 1, file);
        (void) fclose(file);
        text[n] = '\0';
        return text;
}

static void write_file(const Fixture *fixture, const char *name, const char *text) {
        char path[PATH_SIZE];
        FILE *file;

        path_of(fixture, name, path);
        file = fopen(path, "we");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static struct stat stat_file(const Fixture *fixture, const char *name) {
        struct stat st;
        char path[PATH_SIZE];

        path_of(fixture, name, path);
        assert_int_equal(stat(path, &st), 0);
        return st;
}

static int write_all(const Fixture *fixture) {
        _cleanup_close_ int folder = -1;

        assert_int_equal(upstreams_lock(fixture->dir, &folder), 0);
        return upstreams_write_all(folder, &fixture->list);
}

static void file_names_where_the_newest_instance_listens(void **state) {
        Fixture *fixture = *state;

        add(fixture, "shop", "dev", "127.0.0.1", "49153");
        add(fixture, "shop", "dev", "127.0.0.1", "49152");
        assert_int_equal(upstreams_write(fixture->dir, "shop", "dev", &fixture->list), 0);
        assert_string_equal(
                        read_file(fixture, "shop.dev.conf"),
                        "# Written by tinyforge-deployerd at each deploy of shop/dev, since its port moves.\n"
                        "upstream shop.dev {\n"
                        "        server 127.0.0.1:49153;\n"
                        "}\n");
}

static void address_of_ipv6_is_in_brackets(void **state) {
        Fixture *fixture = *state;

        add(fixture, "shop", "dev", "::1", "49153");
        assert_int_equal(upstreams_write(fixture->dir, "shop", "dev", &fixture->list), 0);
        assert_non_null(strstr(read_file(fixture, "shop.dev.conf"), " server [::1]:49153;\n"));
}

static void what_does_not_take_requests_does_not_count(void **state) {
        Fixture *fixture = *state;
        Instance *ended;

        add(fixture, "shop", "dev", "127.0.0.1", "1001")->pending = true;
        ended = add(fixture, "shop", "dev", "127.0.0.1", "1002");
        ended->container.status = "exited";
        ended->container.running = false;
        add(fixture, "shop", "dev", "127.0.0.1", "1003")->container.status = "restarting";
        add(fixture, "shop", "dev", NULL, NULL);
        add(fixture, "shop", "prod", "127.0.0.1", "1004");
        add(fixture, "bakery", "dev", "127.0.0.1", "1005");
        add(fixture, "shop", "dev", "127.0.0.1", "1006");
        assert_int_equal(upstreams_write(fixture->dir, "shop", "dev", &fixture->list), 0);
        assert_non_null(strstr(read_file(fixture, "shop.dev.conf"), " server 127.0.0.1:1006;\n"));
}

static void stage_that_does_not_run_is_down(void **state) {
        Fixture *fixture = *state;

        assert_int_equal(upstreams_write(fixture->dir, "shop", "dev", &fixture->list), 0);
        assert_non_null(strstr(read_file(fixture, "shop.dev.conf"), DOWN));
}

static void endpoint_that_is_no_address_never_reaches_the_file(void **state) {
        Fixture *fixture = *state;

        add(fixture, "shop", "dev", "127.0.0.1;}#", "1001");
        add(fixture, "shop", "dev", "127.0.0.1", "1;\n}#");
        add(fixture, "shop", "dev", "unix", "/run");
        assert_int_equal(upstreams_write(fixture->dir, "shop", "dev", &fixture->list), 0);
        assert_non_null(strstr(read_file(fixture, "shop.dev.conf"), DOWN));
}

static void name_that_is_none_writes_nothing(void **state) {
        static const char *const names[] = { "", "..", "../x", "a/b", "a.b", "Shop", "a b", "a;b", "-a" };
        Fixture *fixture = *state;

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                assert_int_equal(upstreams_write(fixture->dir, names[i], "dev", &fixture->list), -EINVAL);
                assert_int_equal(upstreams_write(fixture->dir, "shop", names[i], &fixture->list), -EINVAL);
        }
        assert_int_equal(access(fixture->dir, F_OK), -1);
}

static void longest_names_fit(void **state) {
        Fixture *fixture = *state;
        char name[64], file[256];

        memset(name, 'a', 63);
        name[63] = '\0';
        add(fixture, name, name, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "65535");
        assert_int_equal(write_all(fixture), 0);
        (void) snprintf(file, sizeof(file), "%s.%s.conf", name, name);
        assert_non_null(strstr(read_file(fixture, file), ":ffff]:65535;\n}\n"));
        /* Found again by its name. */
        fixture->list.n = 0;
        assert_int_equal(write_all(fixture), 0);
        assert_non_null(strstr(read_file(fixture, file), DOWN));
}

static void everybody_may_read_whatever_the_umask(void **state) {
        Fixture *fixture = *state;

        assert_int_equal(upstreams_write(fixture->dir, "shop", "dev", &fixture->list), 0);
        assert_int_equal(stat_file(fixture, "").st_mode & 07777, 0755);
        assert_int_equal(stat_file(fixture, "shop.dev.conf").st_mode & 07777, 0644);
}

static void file_is_replaced_only_when_it_changes(void **state) {
        Fixture *fixture = *state;
        struct stat before;

        add(fixture, "shop", "dev", "127.0.0.1", "1001");
        assert_int_equal(write_all(fixture), 0);
        before = stat_file(fixture, "shop.dev.conf");
        assert_int_equal(write_all(fixture), 0);
        assert_int_equal(stat_file(fixture, "shop.dev.conf").st_ino, before.st_ino);

        fixture->list.n = 0;
        add(fixture, "shop", "dev", "127.0.0.1", "1002");
        assert_int_equal(write_all(fixture), 0);
        assert_int_not_equal(stat_file(fixture, "shop.dev.conf").st_ino, before.st_ino);
        assert_int_equal(count_files(fixture), 1);
}

static void all_stages_are_written_and_those_that_are_gone_are_down(void **state) {
        Fixture *fixture = *state;

        add(fixture, "bakery", "dev", "127.0.0.1", "1001");
        assert_int_equal(write_all(fixture), 0);
        fixture->list.n = 0;
        add(fixture, "shop", "prod", "127.0.0.1", "1002");
        add(fixture, "shop", "dev", "127.0.0.1", "1003");
        add(fixture, "shop", "prod", "127.0.0.1", "1004");
        assert_int_equal(write_all(fixture), 0);
        assert_int_equal(count_files(fixture), 3);
        assert_non_null(strstr(read_file(fixture, "bakery.dev.conf"), DOWN));
        assert_non_null(strstr(read_file(fixture, "shop.prod.conf"), ":1002;"));
        assert_non_null(strstr(read_file(fixture, "shop.dev.conf"), ":1003;"));
}

static void what_is_not_ours_is_left_alone_and_leftovers_go(void **state) {
        static const char *const theirs[] = { "README", "shop.conf", "a.b.c.conf",    "Shop.dev.conf",
                                              ".conf",  "..conf",    "shop.dev.conf~" };
        Fixture *fixture = *state;

        assert_int_equal(upstreams_write(fixture->dir, "shop", "dev", &fixture->list), 0);
        for (size_t i = 0; i < ELEMENTSOF(theirs); i++)
                write_file(fixture, theirs[i], "theirs\n");
        write_file(fixture, ".shop.dev.4711", "upstr");
        assert_int_equal(write_all(fixture), 0);
        for (size_t i = 0; i < ELEMENTSOF(theirs); i++)
                if (theirs[i][0] != '.')
                        assert_string_equal(read_file(fixture, theirs[i]), "theirs\n");
        /* Theirs but for what begins with a dot, and ours. */
        assert_int_equal(count_files(fixture), ELEMENTSOF(theirs) - 2 + 1);
}

static void leftover_of_the_same_process_is_no_obstacle(void **state) {
        Fixture *fixture = *state;
        char name[64];

        assert_int_equal(upstreams_write(fixture->dir, "bakery", "dev", &fixture->list), 0);
        (void) snprintf(name, sizeof(name), ".shop.dev.%ld", (long) getpid());
        write_file(fixture, name,
                   "half of it, and longer than what is to be written, so that its end would be seen. "
                   "half of it, and longer than what is to be written, so that its end would be seen.");
        assert_int_equal(upstreams_write(fixture->dir, "shop", "dev", &fixture->list), 0);
        assert_non_null(strstr(read_file(fixture, "shop.dev.conf"), DOWN "}\n"));
        assert_int_equal(count_files(fixture), 2);
}

static void failure_is_told_and_the_others_are_written(void **state) {
        Fixture *fixture = *state;
        char path[PATH_SIZE];

        assert_int_equal(upstreams_write("/proc/none/upstreams", "shop", "dev", &fixture->list), -ENOENT);

        add(fixture, "bakery", "dev", "127.0.0.1", "1001");
        add(fixture, "shop", "dev", "127.0.0.1", "1002");
        assert_int_equal(upstreams_write(fixture->dir, "shop", "prod", &fixture->list), 0);
        path_of(fixture, "bakery.dev.conf", path);
        assert_int_equal(mkdir(path, 0700), 0);
        assert_int_equal(write_all(fixture), -EISDIR);
        assert_non_null(strstr(read_file(fixture, "shop.dev.conf"), ":1002;"));
        assert_int_equal(count_files(fixture), 3);
}

/* Whoever asked the engine before the switch must not have the last word. */
static void writer_waits_for_the_one_that_has_the_lock(void **state) {
        Fixture *fixture = *state;
        int status, folder = -1;
        pid_t pid;

        add(fixture, "shop", "dev", "127.0.0.1", "1001");
        assert_int_equal(upstreams_lock(fixture->dir, &folder), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                /* An alarm ends the wait that a lock is. */
                (void) close(folder);
                (void) ualarm(100000, 0);
                (void) upstreams_write(fixture->dir, "shop", "dev", &fixture->list);
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
        assert_int_equal(count_files(fixture), 0);

        assert_int_equal(upstreams_write_all(folder, &fixture->list), 0);
        assert_int_equal(close(folder), 0);
        assert_int_equal(upstreams_write(fixture->dir, "shop", "dev", &fixture->list), 0);
        assert_int_equal(count_files(fixture), 1);
}

static void folder_is_the_units_and_without_one_nothing_is_written(void **state) {
        _cleanup_free_ char *dir = NULL, *none = NULL;
        const InstanceList empty = { .n = 0 };
        int folder = 0;

        (void) state;

        assert_int_equal(setenv("RUNTIME_DIRECTORY", "/run/tinyforge-deployer", 1), 0);
        assert_int_equal(upstreams_dir(&dir), 0);
        assert_string_equal(dir, "/run/tinyforge-deployer/upstreams");

        assert_int_equal(unsetenv("RUNTIME_DIRECTORY"), 0);
        assert_int_equal(upstreams_dir(&none), 0);
        assert_null(none);
        assert_int_equal(upstreams_write(NULL, "shop", "dev", &empty), 0);
        assert_int_equal(upstreams_lock(NULL, &folder), 0);
        assert_int_equal(folder, -1);
        assert_int_equal(upstreams_write_all(folder, &empty), 0);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
        const struct CMUnitTest tests[] = {
                test(file_names_where_the_newest_instance_listens),
                test(address_of_ipv6_is_in_brackets),
                test(what_does_not_take_requests_does_not_count),
                test(stage_that_does_not_run_is_down),
                test(endpoint_that_is_no_address_never_reaches_the_file),
                test(name_that_is_none_writes_nothing),
                test(longest_names_fit),
                test(everybody_may_read_whatever_the_umask),
                test(file_is_replaced_only_when_it_changes),
                test(all_stages_are_written_and_those_that_are_gone_are_down),
                test(what_is_not_ours_is_left_alone_and_leftovers_go),
                test(leftover_of_the_same_process_is_no_obstacle),
                test(failure_is_told_and_the_others_are_written),
                test(writer_waits_for_the_one_that_has_the_lock),
                cmocka_unit_test(folder_is_the_units_and_without_one_nothing_is_written),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
