/* SPDX-License-Identifier: MIT */
/*
 * Runs every file of the directories that are named through the target, in the order of their names, and prints TAP. A
 * broken promise ends the process; the last line before says which file it was.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "fuzz.h"

#define INPUT_MAX (4U * 1024U * 1024U)

static int select_files(const struct dirent *entry) {
        return entry->d_name[0] != '.';
}

static int read_input(const char *path, uint8_t **ret_data, size_t *ret_size) {
        _cleanup_free_ uint8_t *data = NULL;
        FILE *file = fopen(path, "re");
        struct stat st;
        size_t size;

        if (!file)
                return -errno;
        if (fstat(fileno(file), &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > (off_t) INPUT_MAX) {
                (void) fclose(file);
                return -EINVAL;
        }

        /* Not a byte more than the input has. */
        size = (size_t) st.st_size;
        data = malloc(size > 0 ? size : 1);
        if (data && fread(data, 1, size, file) != size)
                size = SIZE_MAX;
        (void) fclose(file);
        if (!data || size == SIZE_MAX)
                return -EIO;

        *ret_data = TAKE_PTR(data);
        *ret_size = size;
        return 0;
}

static int run_file(const char *directory, const char *name, unsigned number) {
        _cleanup_free_ char *path = NULL;
        _cleanup_free_ uint8_t *data = NULL;
        size_t size = 0;
        int r;

        if (asprintf(&path, "%s/%s", directory, name) < 0) {
                path = NULL;
                return -ENOMEM;
        }

        (void) fprintf(stderr, "# %s\n", path);
        r = read_input(path, &data, &size);
        if (r >= 0)
                (void) LLVMFuzzerTestOneInput(data, size);
        (void) printf("%sok %u - %s\n", r < 0 ? "not " : "", number, name);
        return r;
}

static int run_directory(const char *directory, unsigned *number) {
        struct dirent **entries = NULL;
        int n, worst = 0;

        n = scandir(directory, &entries, select_files, alphasort);
        if (n < 0)
                return -errno;

        for (int i = 0; i < n; i++) {
                int r = run_file(directory, entries[i]->d_name, ++*number);

                worst = r < 0 ? r : worst;
                free(entries[i]);
        }

        free(entries);
        return n == 0 ? -ENOENT : worst;
}

int main(int argc, char *argv[]) {
        unsigned number = 0;
        int worst = 0;

        (void) setvbuf(stdout, NULL, _IOLBF, 0);
        for (int i = 1; i < argc; i++) {
                int r = run_directory(argv[i], &number);

                if (r < 0) {
                        (void) fprintf(stderr, "%s: %s\n", argv[i], strerror(-r));
                        worst = r;
                }
        }

        (void) printf("1..%u\n", number);
        return worst < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
