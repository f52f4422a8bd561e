/* SPDX-License-Identifier: MIT */
/* GetMetrics(): counters and gauges for everybody. They name projects and stages, as the lists do, and nothing else. */
#include "webhookd/bus/metrics.h"
#include "config.h"
#include "shared/bus/errors.h"
#include "webhookd/bus/reply.h"
#include "webhookd/store/show.h"

/* In one answer: 110 MiB, where each is as long as it can be. A message of the bus has 128 MiB at most. */
#define METRICS_MAX 250000U

/* The answer, and how many it has. */
typedef struct MetricsReply {
        sd_bus_message *message;
        unsigned n;
} MetricsReply;

static int append_label(sd_bus_message *reply, const MetricLabel *label) {
        return sd_bus_message_append(reply, "{ss}", label->name, strempty(label->value));
}

static int append_metric(const Metric *metric, void *userdata) {
        MetricsReply *answer = userdata;
        sd_bus_message *reply = answer->message;
        int r;

        if (answer->n++ >= METRICS_MAX)
                return -EMSGSIZE;

        r = sd_bus_message_open_container(reply, SD_BUS_TYPE_STRUCT, "sa{ss}d");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", metric->name);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "{ss}");
        for (size_t i = 0; r >= 0 && i < metric->n_labels; i++)
                r = append_label(reply, &metric->labels[i]);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "d", metric->value);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_build(MetricsReply *answer) {
        static const MetricLabel version = { "version", TINYFORGE_VERSION };

        return append_metric(&(Metric){ .name = "tinyforge_build_info",
                                        .value = 1,
                                        .labels = &version,
                                        .n_labels = 1 },
                             answer);
}

static int append_waiting(const Manager *manager, MetricsReply *answer) {
        return append_metric(&(Metric){ .name = "tinyforge_waiting_requests",
                                        .value = (double) waiters_count(manager->waiters) },
                             answer);
}

int method_get_metrics(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Manager *manager = userdata;
        MetricsReply answer = { 0 };
        int r;

        manager->hooks.activity(manager->userdata);
        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(sa{ss}d)");
        answer.message = reply;
        if (r >= 0)
                r = append_build(&answer);
        if (r >= 0)
                r = append_waiting(manager, &answer);
        if (r < 0)
                return r;

        r = store_visit_metrics(manager->store, append_metric, &answer);
        if (r == -EMSGSIZE)
                return sd_bus_error_setf(error, ERROR_ANSWER_TOO_LARGE,
                                         "There are more than the %u metrics that one answer has at most",
                                         METRICS_MAX);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);

        r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
