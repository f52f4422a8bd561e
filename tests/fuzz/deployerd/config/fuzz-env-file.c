/* SPDX-License-Identifier: MIT */
/* Whatever a file of variables has in it, it is either wrong on one of its lines, or all names and values are fit to be used. */
#include "deployerd/config/env-file.h"
#include "fuzz.h"
#include "shared/json.h"

static void check_variables(const json_t *variables, size_t size) {
        size_t n_bytes = 0;
        const char *name;
        json_t *value;

        fuzz_promise(json_object_size(variables) <= ENV_VARIABLES_MAX);
        json_object_foreach((json_t *) (uintptr_t) variables, name, value) {
                fuzz_promise(env_name_is_valid(name, strlen(name)));
                fuzz_promise(json_is_string(value));
                fuzz_promise(strlen(json_string_value(value)) == json_string_length(value));
                n_bytes += strlen(name) + 1 + json_string_length(value);
        }
        fuzz_promise(n_bytes <= size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(json_freep) json_t *variables = NULL;
        _cleanup_free_ char *bytes = fuzz_string(data, size);
        const char *problem = NULL;
        unsigned line = 0, lines = 1;
        int r;

        for (size_t i = 0; i < size; i++)
                lines += bytes[i] == '\n';

        r = env_file_parse(bytes, size, &variables, &line, &problem);
        if (r >= 0)
                check_variables(variables, size);
        else
                fuzz_promise(r == -EBADMSG && !variables && problem && line >= 1 && line <= lines);
        return 0;
}
