/* SPDX-License-Identifier: MIT */
/* A configuration file is read or refused with its name and line; what was read before is the caller's to free. */
#include "fuzz.h"
#include "shared/conf/conf.h"

typedef struct Config {
        bool flag;
        unsigned number;
        uint64_t usec;
        char *string;
        char **words;
} Config;

static const ConfKey keys[] = {
        { "A", "Flag", conf_parse_bool, offsetof(Config, flag), NULL, false },
        { "A", "Number", conf_parse_unsigned, offsetof(Config, number), NULL, false },
        { "A", "Span", conf_parse_sec, offsetof(Config, usec), NULL, false },
        { "B", "Name", conf_parse_string, offsetof(Config, string), NULL, false },
        { "B", "Words", conf_parse_strv, offsetof(Config, words), NULL, true },
};

static void on_warning(const char *text, void *userdata) {
        (void) userdata;

        fuzz_promise(strncmp(text, "x.conf:", 7) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        FILE *file = size > 0 ? fmemopen((void *) (uintptr_t) data, size, "re") : fopen("/dev/null", "re");
        ConfProblem problem = { "" };
        Config config = { 0 };
        int r;

        fuzz_promise(file);
        r = conf_read(file, "x.conf", keys, ELEMENTSOF(keys), &config, on_warning, NULL, &problem);
        (void) fclose(file);

        fuzz_promise(r == 0 || r == -EINVAL || r == -EBADMSG);
        fuzz_promise((r == 0) == isempty(problem.text));
        fuzz_promise(r == 0 || strncmp(problem.text, "x.conf:", 7) == 0);
        fuzz_promise(!config.string || !isempty(config.string));
        for (char **word = config.words; word && *word; word++)
                fuzz_promise(!isempty(*word) && !strpbrk(*word, " \t\n"));

        free(config.string);
        (void) strv_free(config.words);
        return 0;
}
