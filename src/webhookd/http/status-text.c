/* SPDX-License-Identifier: MIT */
/* The table of all answers: see status-text.h. */
#include "webhookd/http/status-text.h"

static const StatusText status_texts[] = {
        { 200, "OK", "{}", NULL, NULL },
        { 202, "Accepted", "{}", NULL, NULL },
        { 400, "Bad Request", "{\"error\":\"malformed\"}", NULL, NULL },
        { 401, "Unauthorized", "{\"error\":\"unauthorized\"}", "www-authenticate", "Signature" },
        { 404, "Not Found", "{\"error\":\"not-found\"}", NULL, NULL },
        { 405, "Method Not Allowed", "{\"error\":\"method-not-allowed\"}", "allow", "POST" },
        { 413, "Content Too Large", "{\"error\":\"too-large\",\"detail\":\"the body has more than 1 MiB\"}",
          NULL, NULL },
        { 415, "Unsupported Media Type", "{\"error\":\"unsupported-media-type\"}", NULL, NULL },
        { 417, "Expectation Failed", "{\"error\":\"expectation-failed\"}", NULL, NULL },
        { 424, "Failed Dependency", "{\"error\":\"deploy-failed\"}", NULL, NULL },
        { 503, "Service Unavailable", "{\"error\":\"unavailable\"}", "retry-after", "30" },
};

const StatusText *status_text(int status) {
        for (size_t i = 0; i < ELEMENTSOF(status_texts); i++)
                if (status_texts[i].status == status)
                        return &status_texts[i];

        return &status_texts[ELEMENTSOF(status_texts) - 1];
}
