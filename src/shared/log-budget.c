/* SPDX-License-Identifier: MIT */
/* Lines that are logged once in a while: see log-budget.h. */
#include "shared/log-budget.h"

typedef struct LogBudget {
        const char *format; /* NULL: unused */
        uint64_t logged_at;
        uint64_t n_left_out;
} LogBudget;

/* Of the log target, like what it keeps of itself. */
static LogBudget log_budgets[LOG_BUDGETS_MAX];

static LogBudget *log_budget_find(const char *format) {
        LogBudget *oldest = &log_budgets[0];

        for (size_t i = 0; i < LOG_BUDGETS_MAX; i++) {
                LogBudget *budget = &log_budgets[i];

                if (budget->format == format)
                        return budget;
                if (budget->logged_at < oldest->logged_at)
                        oldest = budget;
        }

        *oldest = (LogBudget){ .format = NULL };
        return oldest;
}

bool log_budget_take(const char *format, uint64_t now, uint64_t *ret_left_out) {
        LogBudget *budget;

        assert(format);
        assert(ret_left_out);

        budget = log_budget_find(format);
        if (budget->format && now < budget->logged_at + LOG_BUDGET_INTERVAL_USEC) {
                budget->n_left_out++;
                return false;
        }

        *ret_left_out = budget->n_left_out;
        *budget = (LogBudget){ .format = format, .logged_at = now };
        return true;
}
