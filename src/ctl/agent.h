/* SPDX-License-Identifier: MIT */
/*
 * Agent: polkit's own agent on this terminal, which asks for the password of whoever polkit wants to authenticate. It belongs to
 * this process, and ends with it. The client starts it, and run.c ends it. It never sees the password, nor what it is for.
 */
#pragma once

#include "shared/macro.h"

typedef struct Agent Agent;

/* Whether there is a terminal to ask on. */
bool agent_has_terminal(void);

/* Starts the agent, and waits until it is ready or has given up: then nobody is asked here. -errno: it was not started. */
int agent_new(Agent **ret);
/* Ends it, and leaves the terminal as it was. */
Agent *agent_free(Agent *agent);
DEFINE_CLEANUP(Agent, agent_free)
