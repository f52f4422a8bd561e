/* SPDX-License-Identifier: MIT */
/*
 * EngineNote: the engine that deploys of this machine are in, so that another one which happens to answer is not taken for it.
 * One line, "docker /run/docker.sock", in the file "engine" of the unit's StateDirectory=, which outlives the daemon and a
 * reboot. For engine/ alone. It never asks an engine.
 */
#pragma once

#include "shared/macro.h"

typedef struct EngineNote {
        char name[16];    /* "docker", "podman" */
        char socket[108]; /* as long as an address of a socket can be */
} EngineNote;

/* 1; 0: nothing was noted, or the unit has no StateDirectory=; -EBADMSG: the file says something else; and errors of files. */
int engine_note_read(EngineNote *ret);

/* Notes it in place of what was noted, at once or not at all. Without a StateDirectory= it does nothing. */
int engine_note_write(const EngineNote *note);
