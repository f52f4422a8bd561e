/* SPDX-License-Identifier: MIT */
/*
 * metrics: what the daemons count, as OpenMetrics text. webhookd has the samples ready; here are the words about each family,
 * and the instances, which the deployer shows to root only. Only types that the older Prometheus text format has as well:
 * the textfile collector of node_exporter reads no other.
 */
#include <stdio.h>

#include "ctl/client.h"
#include "ctl/print/rows.h"
#include "ctl/report.h"
#include "ctl/verbs/instances.h"
#include "ctl/verbs/verbs.h"
#include "ctl/whole-file.h"
#include "shared/protocol.h"

#define INSTANCES "tinyforge_instances"

typedef struct Family {
        const char *name;
        const char *type;
        const char *unit; /* the end of the name; NULL: none */
        const char *help;
} Family;

static const Family families[] = {
        { "tinyforge_build_info", "gauge", NULL, "Always 1; the version is a label." },
        { "tinyforge_deliveries", "counter", NULL,
          "Deliveries with the right secret: accepted, known, ignored, or refused (malformed, or the queue was full)." },
        { "tinyforge_deploys", "counter", NULL, "Deploys that are over." },
        { "tinyforge_deploy_duration_seconds", "histogram", "seconds",
          "Time from a deploy's start to its end, of those that were started." },
        { "tinyforge_deploy_step_seconds", "summary", "seconds",
          "Time that the steps of deploys took: pull, predeploy, start, healthy, stable, drain, stop, postdeploy, run." },
        { "tinyforge_watches", "counter", NULL,
          "Deploys that are watched no more: held, failed, gone (somebody stopped or removed it), or replaced." },
        { "tinyforge_deploy_last_success_timestamp_seconds", "gauge", "seconds",
          "When a deploy of the stage last succeeded or changed nothing." },
        { "tinyforge_queue_deploys", "gauge", NULL, "Deploys that wait or run." },
        { "tinyforge_waiting_requests", "gauge", NULL, "Requests that wait for their deploys." },
        { "tinyforge_projects", "gauge", NULL, "Projects." },
        { "tinyforge_stages", "gauge", NULL, "Stages of all projects." },
        { INSTANCES, "gauge", NULL, "Containers of the stages." },
};

/* What a sample may have behind the name of its family. */
static const char *const suffixes[] = { "", "_total", "_bucket", "_count", "_sum" };

static bool family_has(const Family *family, const char *sample) {
        size_t length = strlen(family->name);

        if (strncmp(family->name, sample, length) != 0)
                return false;

        for (size_t i = 0; i < ELEMENTSOF(suffixes); i++)
                if (streq(sample + length, suffixes[i]))
                        return true;

        return false;
}

/* One sample of the answer, as JSON: 1; 0 at the end. */
static int read_sample(sd_bus_message *reply, json_t **ret) {
        json_t *labels = json_object();
        const char *name, *key, *value;
        double number = 0;
        int r;

        r = labels ? sd_bus_message_enter_container(reply, SD_BUS_TYPE_STRUCT, "sa{ss}d") : -ENOMEM;
        if (r > 0)
                r = sd_bus_message_read(reply, "s", &name);
        if (r > 0)
                r = sd_bus_message_enter_container(reply, SD_BUS_TYPE_ARRAY, "{ss}");
        if (r <= 0) {
                json_decref(labels);
                return r;
        }

        while ((r = sd_bus_message_read(reply, "{ss}", &key, &value)) > 0)
                if (json_object_set_new(labels, key, json_string(value)) < 0)
                        break;
        if (r == 0)
                r = sd_bus_message_exit_container(reply);
        else if (r > 0)
                r = -ENOMEM;
        if (r >= 0)
                r = sd_bus_message_read(reply, "d", &number);
        if (r >= 0)
                r = sd_bus_message_exit_container(reply);
        if (r < 0) {
                json_decref(labels);
                return r;
        }

        *ret = json_pack("{s:s, s:o, s:f}", "name", name, "labels", labels, "value", number);
        return *ret ? 1 : -ENOMEM;
}

static int add_webhook(Ctl *ctl, json_t *samples) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        json_t *sample = NULL;
        int r;

        r = client_call(ctl, &peer_webhook, "GetMetrics", &reply, "");
        if (r < 0)
                return r;

        r = rows_enter(reply);
        while (r >= 0 && (r = read_sample(reply, &sample)) > 0)
                if (json_array_append_new(samples, sample) < 0)
                        r = -ENOMEM;
        return r < 0 ? report_answer(ctl, &peer_webhook, r) : 0;
}

/* One more instance with these labels. */
static int count_instance(json_t *samples, const InstanceRow *row) {
        json_t *labels = json_pack("{s:s, s:s, s:s, s:s}", "project", row->project, "stage", row->stage,
                                   "state", row->state, "health", row->health);
        json_t *sample, *value;
        size_t i;

        if (!labels)
                return -ENOMEM;

        json_array_foreach(samples, i, sample)
                if (streq(json_string_value(json_object_get(sample, "name")), INSTANCES) &&
                    json_equal(json_object_get(sample, "labels"), labels)) {
                        json_decref(labels);
                        value = json_object_get(sample, "value");
                        return json_real_set(value, json_real_value(value) + 1) < 0 ? -ENOMEM : 0;
                }

        sample = json_pack("{s:s, s:o, s:f}", "name", INSTANCES, "labels", labels, "value", 1.0);
        return json_array_append_new(samples, sample) < 0 ? -ENOMEM : 0;
}

/* Nothing, and no fault, where the deployer does not show them to this user. */
static int add_instances(Ctl *ctl, json_t *samples) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        InstanceRow row;
        int r;

        r = instances_list(ctl, "ListInstances", &reply);
        if (r <= 0)
                return r;

        r = rows_enter(reply);
        while (r >= 0 && (r = instance_read(reply, &row)) > 0)
                if (!instance_name_is_pending(row.name))
                        r = count_instance(samples, &row);
        return r < 0 ? report_answer(ctl, &peer_deployer, r) : 0;
}

/* As the format wants it between quotes. */
static void print_value(FILE *file, const char *text) {
        for (; *text; text++)
                if (*text == '\n')
                        (void) fputs("\\n", file);
                else if (*text == '"' || *text == '\\')
                        (void) fprintf(file, "\\%c", *text);
                else
                        (void) fputc(*text, file);
}

static void print_sample(FILE *file, const char *name, json_t *sample) {
        const char *separator = "{", *key;
        json_t *value;

        (void) fputs(name, file);
        json_object_foreach(json_object_get(sample, "labels"), key, value) {
                (void) fprintf(file, "%s%s=\"", separator, key);
                print_value(file, json_string_value(value));
                (void) fputc('"', file);
                separator = ",";
        }
        (void) fprintf(file, "%s %.15g\n", streq(separator, ",") ? "}" : "",
                       json_real_value(json_object_get(sample, "value")));
}

static void print_family(FILE *file, const Family *family, const json_t *samples) {
        bool begun = false;
        json_t *sample;
        size_t i;

        json_array_foreach(samples, i, sample) {
                const char *name = json_string_value(json_object_get(sample, "name"));

                if (!family_has(family, name))
                        continue;

                if (!begun) {
                        (void) fprintf(file, "# TYPE %s %s\n", family->name, family->type);
                        if (family->unit)
                                (void) fprintf(file, "# UNIT %s %s\n", family->name, family->unit);
                        (void) fprintf(file, "# HELP %s %s\n", family->name, family->help);
                        begun = true;
                }
                print_sample(file, name, sample);
        }
}

static int print_text(FILE *file, const void *userdata) {
        for (size_t i = 0; i < ELEMENTSOF(families); i++)
                print_family(file, &families[i], userdata);
        (void) fputs("# EOF\n", file);
        return 0;
}

static int show(const Ctl *ctl, json_t *samples) {
        int r;

        if (ctl->json)
                return ctl_print_json(ctl, json_incref(samples));
        if (!ctl->output)
                return print_text(ctl->out, samples);

        r = whole_file_write(ctl->output, print_text, samples);
        return r < 0 ? ctl_fail(ctl, r, "Cannot write '%s': %m", ctl->output) : 0;
}

int verb_metrics(Ctl *ctl, char *args[]) {
        json_t *samples;
        int r, complete;

        (void) args;

        if (ctl->json && ctl->output) {
                (void) ctl_fail(ctl, -EINVAL, "--output= is for the text, not for JSON");
                return CTL_EXIT_USAGE;
        }

        samples = json_array();
        r = samples ? client_open(ctl) : ctl_fail(ctl, -ENOMEM, "Out of memory");
        if (r >= 0)
                r = add_webhook(ctl, samples);
        if (r < 0) {
                json_decref(samples);
                return r;
        }

        /* Without the deployer the rest is still worth something. */
        complete = add_instances(ctl, samples);
        r = show(ctl, samples);
        json_decref(samples);
        return r < 0 ? r : complete < 0 ? complete : 0;
}
