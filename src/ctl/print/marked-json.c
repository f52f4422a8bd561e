/* SPDX-License-Identifier: MIT */
/* An object, line by line: see marked-json.h. */
#include "ctl/print/marked-json.h"

#include "shared/json-pointer.h"
#include "shared/json.h"

#define MARK    "* "
#define NO_MARK "  "

/* One object that is being printed. */
typedef struct Marked {
        const Ctl *ctl;
        const json_t *places;
        bool *seen; /* one for each place */
} Marked;

static bool take_place(Marked *marked, const char *pointer) {
        for (size_t i = 0; i < json_array_size(marked->places); i++)
                if (streq(strempty(json_string_value(json_array_get(marked->places, i))), pointer))
                        return marked->seen[i] = true;

        return false;
}

static void begin_line(const Marked *marked, unsigned depth, bool mark) {
        (void) fprintf(marked->ctl->out, "\n%s%*s", mark ? MARK : NO_MARK, (int) depth * 2, "");
}

/* A value without members of interest, each of its lines marked or not. */
static int print_whole(const Marked *marked, const json_t *value, unsigned depth, bool mark) {
        _cleanup_free_ char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_ENCODE_ANY |
                                                                      JSON_PRESERVE_ORDER);

        if (!text)
                return -ENOMEM;

        /* jansson leaves one control character as it is. */
        for (const char *p = text; *p; p++)
                if (*p == '\n')
                        begin_line(marked, depth, mark);
                else if (*p == 0x7f)
                        (void) fputs("\\u007f", marked->ctl->out);
                else
                        (void) fputc(*p, marked->ctl->out);
        return 0;
}

static int print_key(const Marked *marked, const char *key, unsigned depth, bool mark) {
        _cleanup_(json_freep) json_t *text = json_string(key);
        int r;

        begin_line(marked, depth, mark);
        r = text ? print_whole(marked, text, depth, mark) : -ENOMEM;
        (void) fputs(": ", marked->ctl->out);
        return r;
}

/* As deep as what json_decode() lets through. */
static int print_object(Marked *marked, const json_t *object, const char *pointer, unsigned depth) {
        size_t left = json_object_size(object);
        const char *key;
        json_t *value;

        (void) fputc('{', marked->ctl->out);
        json_object_foreach((json_t *) (uintptr_t) object, key, value) {
                _cleanup_free_ char *place = json_pointer_new(pointer, key);
                bool mark = place && take_place(marked, place);
                int r;

                r = place ? print_key(marked, key, depth + 1, mark) : -ENOMEM;
                if (r >= 0 && json_object_size(value) > 0 && !mark)
                        r = print_object(marked, value, place, depth + 1);
                else if (r >= 0)
                        r = print_whole(marked, value, depth + 1, mark);
                if (r < 0)
                        return r;
                if (--left > 0)
                        (void) fputc(',', marked->ctl->out);
        }

        begin_line(marked, depth, /* mark= */ false);
        (void) fputc('}', marked->ctl->out);
        return 0;
}

int marked_json_print(const Ctl *ctl, const json_t *value, const json_t *places) {
        _cleanup_free_ bool *seen = calloc(json_array_size(places) + 1, sizeof(*seen));
        Marked marked = { .ctl = ctl, .places = places, .seen = seen };

        assert(ctl);
        assert(json_is_object(value));

        (void) fputs(NO_MARK, ctl->out);
        if (!seen || print_object(&marked, value, "", 0) < 0)
                return ctl_fail(ctl, -ENOMEM, "Out of memory");

        (void) fputc('\n', ctl->out);
        for (size_t i = 0; i < json_array_size(places); i++)
                if (!seen[i])
                        ctl_print(ctl, MARK "removed: %s",
                                  strempty(json_string_value(json_array_get(places, i))));
        return 0;
}
