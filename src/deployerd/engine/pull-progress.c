/* SPDX-License-Identifier: MIT */
/* The words and numbers of layers into one percentage: see pull-progress.h. */
#include "deployerd/engine/pull-progress.h"

/* What a layer counts, and how much of that is its fetching where unpacking comes after it: the network is the slower. */
#define LAYER_WHOLE   1000
#define LAYER_FETCHED 700

typedef enum Step {
        STEP_KNOWN,
        STEP_FETCHING,
        STEP_FETCHED,
        STEP_UNPACKING,
        STEP_COMPLETE,
        STEP_HERE,
} Step;

static const struct {
        const char *status;
        Step step;
} steps[] = {
        { "Pulling fs layer", STEP_KNOWN },    { "Waiting", STEP_KNOWN },
        { "Downloading", STEP_FETCHING },      { "Verifying Checksum", STEP_FETCHED },
        { "Download complete", STEP_FETCHED }, { "Extracting", STEP_UNPACKING },
        { "Pull complete", STEP_COMPLETE },    { "Already exists", STEP_HERE },
};

typedef struct Layer {
        char id[PULL_LAYER_ID_MAX + 1];
        int done; /* of LAYER_WHOLE */
} Layer;

struct PullProgress {
        bool unpacks;
        bool uncounted; /* there are more layers than there is room for */
        int told;
        size_t n_layers;
        Layer layers[PULL_LAYERS_MAX];
};

int pull_progress_new(bool unpacks, PullProgress **ret) {
        PullProgress *progress;

        assert(ret);

        progress = calloc(1, sizeof(*progress));
        if (!progress)
                return -ENOMEM;

        progress->unpacks = unpacks;
        *ret = progress;
        return 0;
}

PullProgress *pull_progress_free(PullProgress *progress) {
        free(progress);
        return NULL;
}

static bool step_find(const char *status, Step *ret) {
        for (size_t i = 0; i < ELEMENTSOF(steps); i++)
                if (streq(steps[i].status, status)) {
                        *ret = steps[i].step;
                        return true;
                }

        return false;
}

static Layer *layer_find(PullProgress *progress, const char *id) {
        for (size_t i = 0; i < progress->n_layers; i++)
                if (streq(progress->layers[i].id, id))
                        return progress->layers + i;

        return NULL;
}

static Layer *layer_add(PullProgress *progress, const char *id) {
        Layer *layer;

        if (progress->n_layers >= PULL_LAYERS_MAX) {
                progress->uncounted = true;
                return NULL;
        }

        layer = progress->layers + progress->n_layers++;
        memcpy(layer->id, id, strlen(id) + 1);
        return layer;
}

/* `whole` times `current` of `total`, whatever these are. */
static int part_of(int whole, int64_t current, int64_t total) {
        if (current <= 0 || total <= 0)
                return 0;
        if (current >= total)
                return whole;

        /* Of numbers that are too large to be multiplied, the low bits say nothing. */
        while (total > INT64_MAX / LAYER_WHOLE) {
                total /= 2;
                current /= 2;
        }
        return (int) (whole * current / total);
}

static int step_done(const PullProgress *progress, Step step, const PullStatus *status) {
        int fetched = progress->unpacks ? LAYER_FETCHED : LAYER_WHOLE;
        int unpacking = progress->unpacks ? LAYER_WHOLE - LAYER_FETCHED - 1 : 0;

        switch (step) {
        case STEP_FETCHING:
                /* All of its bytes are there, but they are not checked: that is not yet the end where nothing follows. */
                return part_of(fetched - 1, status->current, status->total);
        case STEP_FETCHED:
                return fetched;
        case STEP_UNPACKING:
                return fetched + part_of(unpacking, status->current, status->total);
        case STEP_COMPLETE:
        case STEP_HERE:
                return LAYER_WHOLE;
        case STEP_KNOWN:
        default:
                return 0;
        }
}

bool pull_progress_take(PullProgress *progress, const PullStatus *status) {
        bool added = false;
        Layer *layer;
        Step step;
        int done;

        assert(progress);
        assert(status);

        if (isempty(status->id) || strlen(status->id) > PULL_LAYER_ID_MAX ||
            !step_find(status->status, &step))
                return false;

        layer = layer_find(progress, status->id);
        if (!layer) {
                if (step == STEP_HERE)
                        return false;
                layer = layer_add(progress, status->id);
                if (!layer)
                        return false;
                added = true;
        }

        /* A download that is tried again begins anew, but is not told to. */
        done = step_done(progress, step, status);
        if (done > layer->done)
                layer->done = done;
        return added;
}

int pull_progress_percent(PullProgress *progress) {
        size_t done = 0;
        int percent;

        assert(progress);

        if (progress->n_layers == 0)
                return -1;

        for (size_t i = 0; i < progress->n_layers; i++)
                done += (size_t) progress->layers[i].done;

        percent = (int) (done * 100 / (progress->n_layers * LAYER_WHOLE));
        if (percent == 100 && progress->uncounted)
                percent = 99;
        if (percent > progress->told)
                progress->told = percent;
        return progress->told;
}
