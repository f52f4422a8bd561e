/* SPDX-License-Identifier: MIT */
/* What the store has counted, for whoever shows it. Errors as in store.h. */
#pragma once

#include "webhookd/store/store.h"

typedef struct MetricLabel {
        const char *name;
        const char *value;
} MetricLabel;

/* A sample as OpenMetrics has it: its name with its suffix, its labels, its value. */
typedef struct Metric {
        const char *name;
        double value;
        const MetricLabel *labels;
        size_t n_labels;
} Metric;

/* Strings are borrowed for the call. What is negative ends the visit. */
typedef int (*MetricFunction)(const Metric *metric, void *userdata);

/*
 * Shows all counters and gauges of the store: deliveries, ends of deploys and how long they took, last successes, the queue,
 * projects and stages. What `function` returned is returned where that is negative. `function` must not use the store.
 */
int store_visit_metrics(Store *store, MetricFunction function, void *userdata);
