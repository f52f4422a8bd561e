/* SPDX-License-Identifier: MIT */
/*
 * Upstreams: for a reverse proxy, one file of nginx configuration a stage, "<project>.<stage>.conf", with an upstream
 * "<project>.<stage>" that names where the newest instance of the stage listens. A file is replaced as a whole or not at
 * all, is left alone when it says the same already, so that whoever watches the folder wakes up for changes only, and
 * stays when nothing runs any more: a proxy that names the upstream then answers 502 at once, and never sends a request to
 * a port that meanwhile belongs to somebody else.
 *
 * The files lie where the unit's RuntimeDirectory= is, since ports are the engine's choice and do not survive a reboot.
 */
#pragma once

#include "deployerd/deploy/instance.h"

/* Where the files belong, "$RUNTIME_DIRECTORY/upstreams", freshly allocated; NULL where the variable is not set. */
int upstreams_dir(char **ret);

/*
 * Writes the file of one stage, of whose instances `list` has all, newest first; others in it do not count. Makes `dir`
 * (0755) if its parent is there. `dir` NULL: does nothing. -EINVAL: no names of a project and a stage.
 */
int upstreams_write(const char *dir, const char *project, const char *stage, const InstanceList *list);

/*
 * Keeps all other writers waiting until the descriptor is closed. To be taken before the engine is asked for what
 * upstreams_write_all() gets: a deploy that switches meanwhile then writes what it knows afterwards. `dir` NULL: -1.
 */
int upstreams_lock(const char *dir, int *ret_folder);

/*
 * Writes the files of all stages that `all` has instances of, and of those whose files are there already. Removes what killed
 * processes have left half written. Goes on after a failure and returns the first one. `folder` -1: does nothing.
 */
int upstreams_write_all(int folder, const InstanceList *all);
