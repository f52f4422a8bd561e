/* SPDX-License-Identifier: MIT */
/*
 * sqlite's own check of the whole database, which reads all of it: at the start where that is soon done, else when there is
 * nothing else to do. It takes some 10 ms for each MiB of rows, and twice that on a machine that is busy.
 */
#include "webhookd/store/check.h"

#include <stdio.h>

#include "webhookd/store/statement.h"
#include "webhookd/store/upkeep.h"

/* Less than 50 ms. */
#define CHECK_AT_START_BYTES_MAX (INT64_C(2) * 1024 * 1024)
/* Less than a second. */
#define CHECK_LATE_BYTES_MAX (INT64_C(32) * 1024 * 1024)

int store_get_size(Store *store, int64_t *ret) {
        static const char sql[] =
                        "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";

        return store_read_number(store, sql, NO_VALUES, ret);
}

/* The report begins with a line that names the database, of which we have one. */
static int store_fail_check(Store *store, const char *report) {
        const char *line = strchr(report, '\n');
        char text[160];

        line = line ? line + 1 : report;
        (void) snprintf(text, sizeof(text), "the database is damaged (%.*s)", (int) strcspn(line, "\n"),
                        line);
        return store_fail_damage(store, text);
}

static int store_check(Store *store, int64_t bytes_max) {
        static const char sql[] = "PRAGMA quick_check(1)";
        _cleanup_free_ char *text = NULL;
        int64_t size = 0;
        int r;

        r = store_get_size(store, &size);
        if (r < 0 || size > bytes_max)
                return r < 0 ? r : 0;

        r = store_read_text(store, sql, NO_VALUES, &text);
        if (r < 0)
                return r;
        if (!text || !streq(text, "ok"))
                return store_fail_check(store, strempty(text));

        store->checked = true;
        return 0;
}

int store_check_at_start(Store *store) {
        assert(store);

        return store_check(store, CHECK_AT_START_BYTES_MAX);
}

int store_check_late(Store *store) {
        assert(store);

        return store->checked ? 0 : store_check(store, CHECK_LATE_BYTES_MAX);
}
