/* SPDX-License-Identifier: MIT */
/* The number of a deploy: see deploy-id.h. */
#include "ctl/verbs/deploy-id.h"

#include <inttypes.h>

#include "shared/conf/parse.h"

int deploy_id_parse(const Ctl *ctl, const char *text, uint64_t *ret) {
        /* webhookd counts from 1, in a signed column. */
        if (parse_uint(text, INT64_MAX, ret) >= 0 && *ret > 0)
                return 0;

        (void) ctl_fail(ctl, -EINVAL, "The id of a deploy is a number from 1 to %" PRIi64 ", not '%s'",
                        INT64_MAX, text);
        ctl_hint(ctl, "The deploys are listed by: tinyforgectl deploys");
        return CTL_EXIT_USAGE;
}
