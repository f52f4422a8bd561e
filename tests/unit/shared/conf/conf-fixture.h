/* SPDX-License-Identifier: MIT */
/* A table with a key of each kind, what it is read into, and what the reader complained of. */
#pragma once

#include <stdio.h>

#include "shared/conf/conf.h"
#include "unit.h"

typedef struct Config {
        bool flag;
        unsigned number;
        uint64_t usec;
        char *string;
        char **words;
} Config;

static const ConfKey keys[] = {
        { "Main", "Flag", conf_parse_bool, offsetof(Config, flag), NULL, false },
        { "Main", "Number", conf_parse_unsigned, offsetof(Config, number), NULL, false },
        { "Main", "Span", conf_parse_sec, offsetof(Config, usec), NULL, false },
        { "Main", "Name", conf_parse_string, offsetof(Config, string), NULL, false },
        { "Main", "Words", conf_parse_strv, offsetof(Config, words), NULL, true },
        { "Other", "Name", conf_parse_string, offsetof(Config, string), NULL, false },
};

static inline void config_done(Config *config) {
        free(config->string);
        config->words = strv_free(config->words);
}

#define _cleanup_config_ _cleanup_(config_done)

typedef struct Warnings {
        unsigned n;
        char last[512];
} Warnings;

static inline void on_warning(const char *text, void *userdata) {
        Warnings *warnings = userdata;

        warnings->n++;
        (void) snprintf(warnings->last, sizeof(warnings->last), "%s", text);
}
