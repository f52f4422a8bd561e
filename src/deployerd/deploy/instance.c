/* SPDX-License-Identifier: MIT */
/* Containers of ours: see instance.h. */
#include "deployerd/deploy/instance.h"

#include <inttypes.h>
#include <stdio.h>

#include "deployerd/deploy/volumes.h"
#include "shared/conf/conf.h"
#include "shared/conf/parse.h"
#include "shared/name.h"
#include "shared/protocol.h"

void instance_name(const char *project, const char *stage, uint64_t deploy, bool pending,
                   char ret[static INSTANCE_NAME_SIZE]) {
        (void) snprintf(ret, INSTANCE_NAME_SIZE, "%s-%s-%" PRIu64 "%s", project, stage, deploy,
                        pending ? INSTANCE_PENDING_SUFFIX : "");
}

void instance_spare_name(const char *project, const char *stage, uint64_t deploy, const char *store,
                         char ret[static INSTANCE_NAME_SIZE]) {
        (void) snprintf(ret, INSTANCE_NAME_SIZE, "%s-%s-%" PRIu64 ".%.8s" INSTANCE_PENDING_SUFFIX, project,
                        stage, deploy, store);
}

int instance_read(Container *container, Instance *ret) {
        Instance instance = {
                .project = container_label(container, LABEL_PROJECT),
                .stage = container_label(container, LABEL_STAGE),
                .store = container_label(container, LABEL_STORE),
                .digest = container_label(container, LABEL_DIGEST),
                .config = container_label(container, LABEL_CONFIG),
                .pending = instance_name_is_pending(container->name),
        };
        const char *deploy = container_label(container, LABEL_DEPLOY);

        if (container_label(container, LABEL_COMMAND))
                return -EBADMSG;
        if (!instance.project || !instance.stage || !instance.store || !instance.digest ||
            !instance.config || !deploy || !name_is_valid(instance.project) ||
            !name_is_valid(instance.stage) || parse_uint(deploy, UINT64_MAX, &instance.deploy) < 0)
                return -EBADMSG;

        instance.container = *container;
        *container = (Container){ .json = NULL };
        *ret = instance;
        return 0;
}

void instance_list_done(InstanceList *list) {
        assert(list);

        for (size_t i = 0; i < list->n; i++)
                container_done(&list->items[i].container);
        free(list->items);
        *list = (InstanceList){ .n = 0 };
}

static int compare_deploys(const void *a, const void *b) {
        const Instance *first = a, *second = b;

        return first->deploy < second->deploy ? 1 : first->deploy > second->deploy ? -1 : 0;
}

static int instance_list_inspect(Engine *engine, InstanceList *list, const char *id) {
        _cleanup_(container_done) Container container = { .json = NULL };
        int r;

        r = engine_container_inspect(engine, id, &container);
        if (r <= 0)
                return r;

        if (instance_read(&container, &list->items[list->n]) >= 0)
                list->n++;

        return 0;
}

int instance_list_rows(Engine *engine, const char *project, const char *stage, ContainerList *ret) {
        char project_filter[sizeof(LABEL_PROJECT) + NAME_MAX_LENGTH + 1];
        char stage_filter[sizeof(LABEL_STAGE) + NAME_MAX_LENGTH + 1];
        const char *filters[] = { LABEL_PROJECT, NULL, NULL };
        size_t n = 1;

        assert(engine);
        assert(ret);

        if (!isempty(project)) {
                (void) snprintf(project_filter, sizeof(project_filter), LABEL_PROJECT "=%s", project);
                filters[0] = project_filter;
        }
        if (!isempty(stage)) {
                (void) snprintf(stage_filter, sizeof(stage_filter), LABEL_STAGE "=%s", stage);
                filters[n] = stage_filter;
        }

        return engine_container_list(engine, filters, ret);
}

static bool row_is_of(const ContainerRow *row, const char *stage) {
        return isempty(stage) || streq(strempty(container_row_label(row, LABEL_STAGE)), stage);
}

int instance_list_look(Engine *engine, const ContainerList *rows, const char *stage, InstanceList *ret) {
        _cleanup_(instance_list_done) InstanceList list = { .n = 0 };
        int r;

        assert(engine);
        assert(rows);
        assert(ret);

        list.items = calloc(rows->n + 1, sizeof(*list.items));
        if (!list.items)
                return -ENOMEM;

        for (size_t i = 0; i < rows->n; i++) {
                if (!row_is_of(&rows->rows[i], stage))
                        continue;

                r = instance_list_inspect(engine, &list, rows->rows[i].id);
                if (r < 0)
                        return r;
        }

        qsort(list.items, list.n, sizeof(*list.items), compare_deploys);
        *ret = list;
        list = (InstanceList){ .n = 0 };
        return 0;
}

int instance_list(Engine *engine, const char *project, const char *stage, InstanceList *ret) {
        _cleanup_(container_list_done) ContainerList rows = { .n = 0 };
        int r;

        r = instance_list_rows(engine, project, stage, &rows);
        return r < 0 ? r : instance_list_look(engine, &rows, /* stage= */ NULL, ret);
}

bool instance_rows_are_settled(const ContainerList *rows, const char *stage, uint64_t deploy) {
        assert(rows);
        assert(stage);

        for (size_t i = 0; i < rows->n; i++) {
                const ContainerRow *row = &rows->rows[i];
                const char *label = container_row_label(row, LABEL_DEPLOY);
                uint64_t number;

                if (!row_is_of(row, stage))
                        continue;
                if (isempty(row->name) || instance_name_is_pending(row->name) ||
                    container_row_label(row, LABEL_COMMAND) || !streq(row->state, "running") ||
                    parse_uint(strempty(label), UINT64_MAX, &number) < 0 || number == deploy)
                        return false;
        }

        return true;
}

int instance_list_add(InstanceList *list, Container *container) {
        Instance *grown;
        int r;

        assert(list);
        assert(container);

        grown = reallocarray(list->items, list->n + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;

        list->items = grown;
        r = instance_read(container, &grown[list->n]);
        if (r < 0)
                return r;

        list->n++;
        qsort(list->items, list->n, sizeof(*list->items), compare_deploys);
        return 0;
}

int instance_note_volumes(Engine *engine, const Instance *instance) {
        assert(instance);

        /* One that never was switched to has nothing that the stage did not have before. */
        return instance->pending ? 0
                                 : volumes_remember(engine, instance->project, instance->stage,
                                                    &instance->container);
}

int instance_remove_noted(Engine *engine, const Instance *instance) {
        int r;

        assert(instance);

        r = engine_container_remove(engine, instance->container.id);
        if (r < 0)
                return r;

        volumes_discard(engine, &instance->container);
        return 0;
}

int instance_remove(Engine *engine, const Instance *instance) {
        if (instance_note_volumes(engine, instance) < 0)
                worker_log(engine_worker(engine), LOG_WARNING, "%s is removed all the same: %s",
                           instance->container.name, worker_error(engine_worker(engine)));

        return instance_remove_noted(engine, instance);
}

uint16_t instance_port(const Container *container) {
        const char *label = container_label(container, LABEL_PORT);
        uint64_t port = 0;

        return label && parse_uint(label, UINT16_MAX, &port) >= 0 ? (uint16_t) port : 0;
}

void instance_endpoint(const Container *container, char ret[static ENDPOINT_SIZE]) {
        container_endpoint(container, instance_port(container), ret);
}

bool instance_is_owned(const Instance *instance, const char *store, bool take_over) {
        assert(instance);
        assert(store);

        return take_over || streq(instance->store, store);
}

bool instance_is_well(const Instance *instance, bool check_counts) {
        assert(instance);

        return instance->container.running && streq(instance->container.status, "running") &&
               (!check_counts || streq(instance->container.health, "healthy") ||
                streq(instance->container.health, "none"));
}

typedef struct DigestSet {
        const char *items[MAX_INSTANCES_LIMIT];
        unsigned n;
} DigestSet;

static bool digest_set_add(DigestSet *set, const char *digest, unsigned max) {
        for (unsigned i = 0; i < set->n; i++)
                if (streq(set->items[i], digest))
                        return false;

        if (set->n >= max)
                return false;

        set->items[set->n++] = digest;
        return true;
}

void instance_list_plan(InstanceList *list, const char *store, uint64_t current, unsigned max_instances) {
        unsigned max = max_instances < MAX_INSTANCES_LIMIT ? max_instances : MAX_INSTANCES_LIMIT;
        DigestSet kept = { .n = 0 };

        assert(list);
        assert(store);
        assert(max > 0);

        for (size_t i = 0; i < list->n; i++) {
                Instance *instance = &list->items[i];

                instance->retire = false;
                if (instance->deploy == current && !instance->pending && streq(instance->store, store))
                        (void) digest_set_add(&kept, instance->digest, max);
        }

        for (size_t i = 0; i < list->n; i++) {
                Instance *instance = &list->items[i];

                if (!streq(instance->store, store) || (instance->deploy == current && !instance->pending))
                        continue;

                instance->retire = instance->pending || !digest_set_add(&kept, instance->digest, max);
        }
}
