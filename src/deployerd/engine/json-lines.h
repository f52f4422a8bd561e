/* SPDX-License-Identifier: MIT */
/* JsonLines: JSON objects out of a stream of bytes, one a line, as the engine sends progress and events. Pure. */
#pragma once

#include <jansson.h>

#include "shared/macro.h"

/* A line tells of one thing; a longer one is none that is waited for. */
#define JSON_LINE_MAX (64U * 1024U)

typedef struct JsonLines JsonLines;

/* `object` is borrowed, and may be any JSON value. */
typedef void (*JsonOnLine)(const json_t *object, void *userdata);

int json_lines_new(JsonOnLine on_line, void *userdata, JsonLines **ret);
JsonLines *json_lines_free(JsonLines *lines);
DEFINE_CLEANUP(JsonLines, json_lines_free)

/* Takes bytes as they come. -EBADMSG, for this and all later calls: no JSON, or a line that is too long; -ENOMEM. */
int json_lines_feed(JsonLines *lines, const char *bytes, size_t length);
/* Takes a last line without its end. As above. */
int json_lines_finish(JsonLines *lines);

/* What is wrong with the stream, after -EBADMSG. */
const char *json_lines_problem(const JsonLines *lines);
