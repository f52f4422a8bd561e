/* SPDX-License-Identifier: MIT */
/* Strict decoding of foreign JSON: see json.h. */
#include "shared/json.h"

#include <stdarg.h>
#include <stdio.h>

#include "shared/json-guard.h"
#include "shared/utf8.h"

/*
 * jansson's own depth limit is fixed at 2048 when it is built; this scan keeps to ours, before any recursion. Strings
 * are skipped; the bytes need not be valid JSON.
 */
static bool depth_is_bounded(const char *bytes, size_t length) {
        bool in_string = false;
        size_t depth = 0;

        for (size_t i = 0; i < length; i++) {
                char c = bytes[i];

                if (in_string) {
                        if (c == '\\')
                                i++;
                        else if (c == '"')
                                in_string = false;
                } else if (c == '"')
                        in_string = true;
                else if (c == '[' || c == '{') {
                        if (++depth > JSON_DEPTH_MAX)
                                return false;
                } else if ((c == ']' || c == '}') && depth > 0)
                        depth--;
        }

        return true;
}

static bool is_blank(const char *bytes, size_t length) {
        for (size_t i = 0; i < length; i++)
                if (bytes[i] == '\0' || !strchr(" \t\r\n", bytes[i]))
                        return false;

        return true;
}

static bool begins_with(const char *bytes, size_t length, const char *mark) {
        return length >= strlen(mark) && memcmp(bytes, mark, strlen(mark)) == 0;
}

/* What happens to texts on their way, and the parser has no words for. False where it is nothing of that. */
static bool explain(const char *bytes, size_t length, JsonError *ret_error) {
        const char *nul = memchr(bytes, '\0', length);

        if (is_blank(bytes, length))
                (void) snprintf(ret_error->text, sizeof(ret_error->text), "it is empty");
        else if (utf8_mark_length(bytes, length) > 0)
                (void) snprintf(ret_error->text, sizeof(ret_error->text),
                                "it begins with a byte order mark: JSON is UTF-8 without one");
        else if (begins_with(bytes, length, "\xff\xfe") || begins_with(bytes, length, "\xfe\xff"))
                (void) snprintf(ret_error->text, sizeof(ret_error->text), "it is UTF-16: JSON is UTF-8");
        else if (nul)
                (void) snprintf(ret_error->text, sizeof(ret_error->text),
                                "byte %zu is a NUL, which is in no JSON; UTF-16 is full of them",
                                (size_t) (nul - bytes) + 1);
        else
                return false;

        return true;
}

/* Without what stands there, which the parser quotes: a file or a body holds secrets, and what is wrong with it is told to more. */
static int length_unquoted(const char *text) {
        const char *quote = strstr(text, " near '");

        return (int) (quote ? (size_t) (quote - text) : strlen(text));
}

/* What the parser found; some of it in our words, since its own are about its options, or nothing but a quotation. */
static int report(const json_error_t *error, JsonError *ret_error) {
        const char *text = error->text;

        if (strncmp(text, "invalid Unicode", strlen("invalid Unicode")) == 0)
                text = "a string has a \\u that gives no character";

        switch (json_error_code(error)) {
        case json_error_out_of_memory:
                return -ENOMEM;
        case json_error_invalid_utf8:
                text = "it is not in UTF-8";
                break;
        case json_error_null_character:
                text = "a string contains \\u0000, which no name or address has";
                break;
        case json_error_null_byte_in_key:
                text = "a key contains \\u0000, which no key has";
                break;
        default:
                break;
        }

        (void) snprintf(ret_error->text, sizeof(ret_error->text), "%.*s", length_unquoted(text), text);
        ret_error->line = error->line;
        ret_error->column = error->column;
        return -EBADMSG;
}

static int load(const char *bytes, size_t length, json_t **ret, json_error_t *ret_error) {
        JsonGuard guard;

        if (!json_guard_enter(&guard))
                return -ENOMEM;

        *ret = json_loadb(bytes, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, ret_error);
        json_guard_end(&guard);
        return 0;
}

static int dump(const json_t *j, char **ret) {
        JsonGuard guard;

        if (!json_guard_enter(&guard))
                return -ENOMEM;

        *ret = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY | JSON_PRESERVE_ORDER);
        json_guard_end(&guard);
        return 0;
}

int json_decode(const char *bytes, size_t length, json_t **ret, JsonError *ret_error) {
        json_error_t error = { 0 };
        json_t *j;

        assert(bytes || length == 0);
        assert(ret);
        assert(ret_error);

        *ret_error = (JsonError){ .line = 0 };
        if (explain(bytes ? bytes : "", length, ret_error))
                return -EBADMSG;

        if (!depth_is_bounded(bytes, length)) {
                (void) snprintf(ret_error->text, sizeof(ret_error->text), "nested deeper than %u levels",
                                JSON_DEPTH_MAX);
                return -EBADMSG;
        }

        if (load(bytes ? bytes : "", length, &j, &error) < 0)
                return -ENOMEM;
        if (!j)
                return report(&error, ret_error);

        *ret = j;
        return 0;
}

json_t *json_path(const json_t *object, ...) {
        const json_t *j = object;
        const char *key;
        va_list keys;

        va_start(keys, object);
        while (j && (key = va_arg(keys, const char *)))
                j = json_object_get(j, key);
        va_end(keys);

        /* jansson's own accessors borrow from a const container too. */
        return (json_t *) (uintptr_t) j;
}

const char *json_get_string(const json_t *object, const char *key) {
        return json_string_value(json_object_get(object, key));
}

int64_t json_get_int(const json_t *object, const char *key, int64_t fallback) {
        const json_t *j = json_object_get(object, key);

        if (json_is_integer(j))
                return json_integer_value(j);

        if (json_is_real(j)) {
                double real = json_real_value(j);

                /* Up to 2^53 a double is exact. */
                if (real > -9007199254740992.0 && real < 9007199254740992.0 &&
                    (double) (int64_t) real == real)
                        return (int64_t) real;
        }

        return fallback;
}

int json_encode(const json_t *j, char **ret) {
        char *text;

        assert(ret);

        if (dump(j, &text) < 0 || !text)
                return -ENOMEM;

        *ret = text;
        return 0;
}
