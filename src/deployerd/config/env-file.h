/* SPDX-License-Identifier: MIT */
/*
 * Environment files in the dialect of systemd's EnvironmentFile= (systemd.exec(5)): NAME=value, comments in lines that begin with
 * # or ;, a value bare, in single or in double quotes, which may go over several lines. Unlike there, a line that is none of
 * these is an error, and so is a quote that is never closed. Pure.
 */
#pragma once

#include <jansson.h>

#include "shared/macro.h"

/* Bytes of a file, and variables in one. */
#define ENV_FILE_MAX      (64U * 1024U)
#define ENV_VARIABLES_MAX 1024U

/*
 * The variables as an object of strings, in the order of the file; of one that is set twice the later value. -EBADMSG with the
 * line (1-based) and what is wrong with it (static text); -ENOMEM.
 */
int env_file_parse(const char *bytes, size_t length, json_t **ret, unsigned *ret_line,
                   const char **ret_problem);

/* [A-Za-z_][A-Za-z0-9_]*, as a shell has them. */
bool env_name_is_valid(const char *name, size_t length);
