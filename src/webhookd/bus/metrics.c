/* SPDX-License-Identifier: MIT */
/* GetMetrics(): counters and gauges for everybody. They name projects and stages, as the lists do, and nothing else. */
#include "webhookd/bus/metrics.h"
#include "config.h"
#include "webhookd/bus/reply.h"

static int append_label(sd_bus_message *reply, const MetricLabel *label) {
        return sd_bus_message_append(reply, "{ss}", label->name, strempty(label->value));
}

static int append_metric(const Metric *metric, void *userdata) {
        sd_bus_message *reply = userdata;
        int r;

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

static int append_build(sd_bus_message *reply) {
        static const MetricLabel version = { "version", TINYFORGE_VERSION };

        return append_metric(&(Metric){ .name = "tinyforge_build_info",
                                        .value = 1,
                                        .labels = &version,
                                        .n_labels = 1 },
                             reply);
}

int method_get_metrics(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        Manager *manager = userdata;
        int r;

        manager->hooks.activity(manager->userdata);
        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, SD_BUS_TYPE_ARRAY, "(sa{ss}d)");
        if (r >= 0)
                r = append_build(reply);
        if (r < 0)
                return r;

        r = store_visit_metrics(manager->store, append_metric, reply);
        if (r < 0)
                return manager_reply_store_error(manager, error, r);

        r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
