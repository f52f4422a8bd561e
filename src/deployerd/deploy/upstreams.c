/* SPDX-License-Identifier: MIT */
/* Files for a reverse proxy: see upstreams.h. */
#include "deployerd/deploy/upstreams.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "shared/name.h"

#define SUFFIX ".conf"
/* Two names, a number or the suffix, three dots and a NUL. */
#define FILE_NAME_SIZE 160U
/* Two names twice, an endpoint, and the words around them. */
#define TEXT_SIZE 1024U
/* Entries of the folder that are looked at; nobody but us makes any. */
#define ENTRIES_MAX 4096U

DEFINE_CLEANUP(DIR, closedir)

int upstreams_dir(char **ret) {
        const char *runtime = getenv("RUNTIME_DIRECTORY");
        _cleanup_free_ char *dir = NULL;

        assert(ret);

        if (!isempty(runtime) && asprintf(&dir, "%s/upstreams", runtime) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(dir);
        return 0;
}

/* An engine is believed that it tells a port, not that the text is nothing else to nginx. */
static bool is_address(const char *endpoint) {
        return !isempty(endpoint) && strspn(endpoint, "0123456789abcdefABCDEF.:[]") == strlen(endpoint);
}

static bool find_endpoint(const InstanceList *list, const char *project, const char *stage,
                          char ret[static ENDPOINT_SIZE]) {
        for (size_t i = 0; i < list->n; i++) {
                const Instance *instance = &list->items[i];
                char endpoint[ENDPOINT_SIZE];

                if (instance->pending || !streq(instance->container.status, "running") ||
                    !streq(instance->project, project) || !streq(instance->stage, stage))
                        continue;

                instance_endpoint(&instance->container, endpoint);
                if (is_address(endpoint)) {
                        memcpy(ret, endpoint, ENDPOINT_SIZE);
                        return true;
                }
        }

        return false;
}

/* An upstream has to have a server; one that is down is never connected to. */
static size_t make_text(const char *project, const char *stage, const char *endpoint,
                        char ret[static TEXT_SIZE]) {
        int n = snprintf(ret, TEXT_SIZE,
                         "# Written by tinyforge-deployerd at each deploy of %s/%s, since its port moves.\n"
                         "upstream %s.%s {\n"
                         "        server %s;\n"
                         "}\n",
                         project, stage, project, stage, endpoint ? endpoint : "127.0.0.1:1 down");

        assert(n > 0 && (size_t) n < TEXT_SIZE);
        return (size_t) n;
}

static int open_folder(const char *dir) {
        bool made = mkdir(dir, 0755) == 0;
        _cleanup_close_ int fd = -1;

        if (!made && errno != EEXIST)
                return -errno;

        fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        /* The umask leaves proxies no way in. */
        if (made && fchmod(fd, 0755) < 0)
                return -errno;

        return TAKE_FD(fd);
}

static bool says_already(int folder, const char *name, const char *text, size_t length) {
        char there[TEXT_SIZE];
        _cleanup_close_ int fd = -1;
        ssize_t n;

        fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0)
                return false;

        n = read(fd, there, sizeof(there));
        return n >= 0 && (size_t) n == length && memcmp(there, text, length) == 0;
}

static int fill(int folder, const char *name, const char *text, size_t length) {
        _cleanup_close_ int fd = -1;
        ssize_t n;

        fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (fd < 0 || fchmod(fd, 0644) < 0)
                return -errno;

        n = write(fd, text, length);
        if (n < 0)
                return -errno;

        return (size_t) n == length ? 0 : -EIO;
}

static int replace(int folder, const char *project, const char *stage, const char *text, size_t length) {
        char name[FILE_NAME_SIZE], scratch[FILE_NAME_SIZE];
        int r;

        (void) snprintf(name, sizeof(name), "%s.%s" SUFFIX, project, stage);
        if (says_already(folder, name, text, length))
                return 0;

        /* Nobody else who lives has this name, and nginx does not read what begins with a dot. */
        (void) snprintf(scratch, sizeof(scratch), ".%s.%s.%ld", project, stage, (long) getpid());
        (void) unlinkat(folder, scratch, 0);
        r = fill(folder, scratch, text, length);
        if (r >= 0 && renameat(folder, scratch, folder, name) < 0)
                r = -errno;
        if (r < 0)
                (void) unlinkat(folder, scratch, 0);

        return r;
}

static int write_stage(int folder, const char *project, const char *stage, const InstanceList *list) {
        char endpoint[ENDPOINT_SIZE], text[TEXT_SIZE];
        size_t length;
        bool found;

        found = find_endpoint(list, project, stage, endpoint);
        length = make_text(project, stage, found ? endpoint : NULL, text);
        return replace(folder, project, stage, text, length);
}

int upstreams_lock(const char *dir, int *ret_folder) {
        _cleanup_close_ int folder = -1;

        assert(ret_folder);

        if (dir) {
                folder = open_folder(dir);
                if (folder < 0)
                        return folder;
                if (flock(folder, LOCK_EX) < 0)
                        return -errno;
        }

        *ret_folder = TAKE_FD(folder);
        return 0;
}

int upstreams_write(const char *dir, const char *project, const char *stage, const InstanceList *list) {
        _cleanup_close_ int folder = -1;
        int r;

        assert(project);
        assert(stage);
        assert(list);

        if (!dir)
                return 0;

        /* These become a path and a line of configuration. */
        if (!name_is_valid(project) || !name_is_valid(stage))
                return -EINVAL;

        r = upstreams_lock(dir, &folder);
        return r < 0 ? r : write_stage(folder, project, stage, list);
}

/* Splits "<project>.<stage>.conf". */
static bool parse_file_name(const char *name, char ret_project[static FILE_NAME_SIZE],
                            char ret_stage[static FILE_NAME_SIZE]) {
        const char *dot = strchr(name, '.');
        size_t length = strlen(name), n_suffix = strlen(SUFFIX);

        if (!dot || length >= FILE_NAME_SIZE || (size_t) (dot - name) + 1 + n_suffix > length ||
            !streq(name + length - n_suffix, SUFFIX))
                return false;

        (void) snprintf(ret_project, FILE_NAME_SIZE, "%.*s", (int) (dot - name), name);
        (void) snprintf(ret_stage, FILE_NAME_SIZE, "%.*s", (int) (name + length - n_suffix - dot - 1),
                        dot + 1);
        return name_is_valid(ret_project) && name_is_valid(ret_stage);
}

/* Brings the files that are there already up to date, and removes leftovers of killed processes. */
static int refresh_files(int folder, const InstanceList *all) {
        _cleanup_(closedirp) DIR *entries = NULL;
        _cleanup_close_ int fd = -1;
        const struct dirent *entry;
        int result = 0;

        fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        entries = fdopendir(fd);
        if (!entries)
                return -errno;

        (void) TAKE_FD(fd);

        for (unsigned i = 0; i < ENTRIES_MAX && (entry = readdir(entries)); i++) {
                char project[FILE_NAME_SIZE], stage[FILE_NAME_SIZE];
                int r = 0;

                if (entry->d_name[0] == '.')
                        (void) unlinkat(folder, entry->d_name, 0);
                else if (parse_file_name(entry->d_name, project, stage))
                        r = write_stage(folder, project, stage, all);
                if (r < 0 && result >= 0)
                        result = r;
        }

        return result;
}

int upstreams_write_all(int folder, const InstanceList *all) {
        int result;

        assert(all);

        if (folder < 0)
                return 0;

        result = refresh_files(folder, all);
        /* Older instances of a stage find its file written. Their names were checked with their labels. */
        for (size_t i = 0; i < all->n; i++) {
                int r = write_stage(folder, all->items[i].project, all->items[i].stage, all);

                if (r < 0 && result >= 0)
                        result = r;
        }

        return result;
}
