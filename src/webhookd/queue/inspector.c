/* SPDX-License-Identifier: MIT */
/* What projects learn from their images: see inspector.h. */
#include "webhookd/queue/inspector.h"

#include <stdio.h>

#include "shared/image-ref.h"
#include "shared/log.h"

typedef struct Inspection {
        Inspector *inspector;
        int64_t project_id;
        DeployerCall *call; /* NULL: this place is free */
} Inspection;

struct Inspector {
        Store *store;
        Deployer *deployer;
        Inspection inspections[INSPECTIONS_MAX];
};

int inspector_new(Store *store, Deployer *deployer, Inspector **ret) {
        Inspector *inspector;

        assert(store);
        assert(deployer);
        assert(ret);

        inspector = calloc(1, sizeof(*inspector));
        if (!inspector)
                return -ENOMEM;

        inspector->store = store;
        inspector->deployer = deployer;
        *ret = inspector;
        return 0;
}

Inspector *inspector_free(Inspector *inspector) {
        if (!inspector)
                return NULL;

        for (size_t i = 0; i < INSPECTIONS_MAX; i++)
                deployer_call_free(inspector->inspections[i].call);
        free(inspector);
        return NULL;
}

static void on_image(const ImageProperties *properties, void *userdata) {
        Inspection *inspection = userdata;
        int r;

        inspection->call = deployer_call_free(inspection->call);
        if (!properties)
                return;

        r = store_learn_project(inspection->inspector->store, inspection->project_id, properties->port,
                                properties->healthcheck);
        if (r < 0)
                (void) log_seldom_errno(LOG_WARNING, r,
                                        "Cannot keep what the image says of its port and health check: %m");
}

/* "domain/path@digest", or for a NULL digest the image as it is. */
static int reference_by_digest(const char *image, const char *digest, char **ret) {
        _cleanup_(image_ref_freep) ImageRef *ref = NULL;
        _cleanup_free_ char *repository = NULL;
        int r;

        if (!digest) {
                *ret = strdup(image);
                return *ret ? 0 : -ENOMEM;
        }

        r = image_ref_parse(image, &ref, NULL);
        if (r >= 0)
                r = image_ref_repository(ref, &repository);
        if (r < 0)
                return r;

        return asprintf(ret, "%s@%s", repository, digest) < 0 ? -ENOMEM : 0;
}

/* The project's own place, since its newer deploy counts, or else one that is free; NULL: there is none. */
static Inspection *inspector_take(Inspector *inspector, int64_t project_id) {
        Inspection *found = NULL;

        for (size_t i = 0; i < INSPECTIONS_MAX; i++) {
                Inspection *inspection = &inspector->inspections[i];

                if (!inspection->call)
                        found = inspection;
                else if (inspection->project_id == project_id) {
                        found = inspection;
                        break;
                }
        }
        if (!found)
                return NULL;

        found->call = deployer_call_free(found->call);
        found->inspector = inspector;
        found->project_id = project_id;
        return found;
}

void inspector_look(Inspector *inspector, const char *project_name, const char *image, const char *digest) {
        _cleanup_(project_freep) Project *project = NULL;
        _cleanup_free_ char *reference = NULL;
        Inspection *inspection;
        int r;

        assert(inspector);
        assert(project_name);
        assert(image);

        r = store_find_project_by_name(inspector->store, project_name, &project);
        if (r <= 0 || (project->port != 0 && !isempty(project->healthcheck)))
                return;

        inspection = inspector_take(inspector, project->id);
        if (!inspection)
                return;

        r = reference_by_digest(image, digest, &reference);
        if (r >= 0)
                r = deployer_inspect(inspector->deployer, reference, on_image, inspection,
                                     &inspection->call);
        if (r < 0)
                (void) log_debug_errno(r, "Cannot ask the deployer about '%s': %m", image);
}

bool inspector_is_idle(const Inspector *inspector) {
        assert(inspector);

        for (size_t i = 0; i < INSPECTIONS_MAX; i++)
                if (inspector->inspections[i].call)
                        return false;

        return true;
}
