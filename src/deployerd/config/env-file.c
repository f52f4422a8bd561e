/* SPDX-License-Identifier: MIT */
/* NAME=value, line by line: see env-file.h. */
#include "deployerd/config/env-file.h"

#include <stdio.h>

#include "shared/json.h"
#include "shared/utf8.h"

#define BLANKS   " \t"
#define NEWLINES "\r\n"

/* One file that is being parsed. */
typedef struct Parser {
        const char *p; /* ends with a NUL, which the file has none of */
        unsigned line;
        char *value; /* as long as the file */
        size_t n;
        const char *problem;
} Parser;

static int parser_fail(Parser *parser, const char *problem) {
        parser->problem = problem;
        return -EBADMSG;
}

/* One character further; lines are counted by their newline, and a carriage return is part of it. */
static char parser_take(Parser *parser) {
        char c = *parser->p++;

        if (c == '\n')
                parser->line++;
        return c;
}

static bool at_any(const Parser *parser, const char *characters) {
        return *parser->p != '\0' && strchr(characters, *parser->p);
}

static void value_add(Parser *parser, char c) {
        parser->value[parser->n++] = c;
}

/* A backslash and a newline are nothing, the carriage return of one included. */
static bool skip_continuation(Parser *parser) {
        if (!at_any(parser, NEWLINES))
                return false;

        if (parser_take(parser) == '\r' && *parser->p == '\n')
                (void) parser_take(parser);
        return true;
}

static int parse_single_quotes(Parser *parser) {
        unsigned line = parser->line;

        for (parser->p++; *parser->p != '\''; value_add(parser, parser_take(parser)))
                if (*parser->p == '\0') {
                        parser->line = line;
                        return parser_fail(parser, "a single quote is not closed");
                }

        parser->p++;
        return 0;
}

static int parse_double_quotes(Parser *parser) {
        unsigned line = parser->line;

        for (parser->p++; *parser->p != '"';) {
                char c = *parser->p ? parser_take(parser) : '\0';

                if (c == '\\' && skip_continuation(parser))
                        continue;
                if (c == '\\' && at_any(parser, "\"\\`$"))
                        c = parser_take(parser);
                if (c == '\0') {
                        parser->line = line;
                        return parser_fail(parser, "a double quote is not closed");
                }

                value_add(parser, c);
        }

        parser->p++;
        return 0;
}

/* Up to the end of its line. What blanks it ends with do not count, unless a backslash keeps them. */
static int parse_bare(Parser *parser) {
        size_t kept = parser->n;

        while (*parser->p != '\0' && !at_any(parser, NEWLINES)) {
                bool blank = at_any(parser, BLANKS);
                char c = parser_take(parser);

                if (c == '\\') {
                        if (skip_continuation(parser))
                                continue;
                        if (*parser->p == '\0')
                                return parser_fail(parser, "a backslash ends the file");
                        c = parser_take(parser);
                        blank = false;
                }

                value_add(parser, c);
                if (!blank)
                        kept = parser->n;
        }

        parser->n = kept;
        return 0;
}

/* Quotes count where a value begins, and again behind others. */
static int parse_value(Parser *parser) {
        int r;

        for (;;) {
                parser->p += strspn(parser->p, BLANKS);
                if (*parser->p == '\'')
                        r = parse_single_quotes(parser);
                else if (*parser->p == '"')
                        r = parse_double_quotes(parser);
                else
                        return parse_bare(parser);
                if (r < 0)
                        return r;
        }
}

bool env_name_is_valid(const char *name, size_t length) {
        assert(name);

        for (size_t i = 0; i < length; i++) {
                bool digit = name[i] >= '0' && name[i] <= '9';
                bool letter = (name[i] >= 'A' && name[i] <= 'Z') || (name[i] >= 'a' && name[i] <= 'z');

                if (!letter && name[i] != '_' && (!digit || i == 0))
                        return false;
        }

        return length > 0;
}

static int parse_assignment(Parser *parser, json_t *variables) {
        size_t length = strcspn(parser->p, "=" NEWLINES), trimmed = length;
        _cleanup_free_ char *name = NULL;
        int r;

        if (parser->p[length] != '=')
                return parser_fail(parser, "is no assignment, comment or empty line");
        while (trimmed > 0 && strchr(BLANKS, parser->p[trimmed - 1]))
                trimmed--;
        if (!env_name_is_valid(parser->p, trimmed))
                return parser_fail(parser, "the name of a variable is letters, digits and underscores, "
                                           "and does not begin with a digit");

        name = strndup(parser->p, trimmed);
        if (!name)
                return -ENOMEM;

        parser->p += length + 1;
        parser->n = 0;
        r = parse_value(parser);
        if (r < 0)
                return r;
        if (json_object_set_new(variables, name, json_stringn(parser->value, parser->n)) < 0)
                return -ENOMEM;

        return json_object_size(variables) > ENV_VARIABLES_MAX
                               ? parser_fail(parser, "there are too many variables")
                               : 0;
}

static int parse_file(Parser *parser, json_t *variables) {
        int r;

        for (;;) {
                while (at_any(parser, BLANKS NEWLINES))
                        (void) parser_take(parser);
                if (*parser->p == '\0')
                        return 0;

                if (at_any(parser, "#;")) {
                        parser->p += strcspn(parser->p, NEWLINES);
                        continue;
                }

                r = parse_assignment(parser, variables);
                if (r < 0)
                        return r;
        }
}

/* The first line with a byte that has no business in text; 0: there is none. */
static unsigned find_bad_line(const char *text, size_t length) {
        const char *bad = utf8_find_bad(text);
        unsigned line = 1;

        if (!bad && strlen(text) == length)
                return 0;

        for (const char *p = text; p < (bad ? bad : text + strlen(text)); p++)
                line += *p == '\n';
        return line;
}

int env_file_parse(const char *bytes, size_t length, json_t **ret, unsigned *ret_line,
                   const char **ret_problem) {
        _cleanup_(json_freep) json_t *variables = json_object();
        _cleanup_free_ char *text = NULL, *value = NULL;
        Parser parser;
        int r;

        assert(bytes || length == 0);
        assert(ret && ret_line && ret_problem);

        text = calloc(length + 1, 1);
        value = malloc(length + 1);
        if (!variables || !text || !value)
                return -ENOMEM;

        if (length > 0)
                memcpy(text, bytes, length);
        *ret_line = utf8_mark_length(text, length) > 0;
        *ret_problem = "begins with a byte order mark, which it has to do without";
        if (*ret_line > 0)
                return -EBADMSG;

        *ret_line = find_bad_line(text, length);
        *ret_problem = "is not in UTF-8, or has a NUL";
        if (*ret_line > 0)
                return -EBADMSG;

        parser = (Parser){ .p = text, .line = 1, .value = value };
        r = parse_file(&parser, variables);
        if (r < 0) {
                *ret_line = parser.line;
                *ret_problem = parser.problem;
                return r;
        }

        *ret = TAKE_PTR(variables);
        return 0;
}
