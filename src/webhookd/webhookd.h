/* SPDX-License-Identifier: MIT */
/*
 * Webhookd: the parts of the receiving daemon, wired to each other. The only place that knows them all. main.c alone includes
 * this header. Webhookd hands on what one part has for another, and never decides what that means.
 */
#pragma once

#include "shared/macro.h"

typedef struct Webhookd Webhookd;

/* The FileDescriptorName= of sockets on which TLS is spoken. */
#define WEBHOOK_TLS_SOCKET "webhook-tls"

/*
 * Reads the configuration and the credentials, opens the store in `state_directory` (NULL: /var/lib/tinyforge) and connects to
 * the bus. Logs what goes wrong.
 */
int webhookd_new(const char *config_path, const char *state_directory, Webhookd **ret);
Webhookd *webhookd_free(Webhookd *webhookd);
DEFINE_CLEANUP(Webhookd, webhookd_free)

/*
 * Serves the listening stream socket `fd`, which stays the caller's; `name` is its FileDescriptorName=. One that is for TLS
 * where no certificate is known is an error that is logged, and no reason to serve nothing at all.
 */
int webhookd_listen(Webhookd *webhookd, int fd, const char *name);

/* Takes the bus name, resumes the queue, and runs until idle or told to end. */
int webhookd_run(Webhookd *webhookd);
