/* SPDX-License-Identifier: MIT */
/*
 * Turn: the group commit. All requests that one turn of the loop reads share one transaction; their answers wait until
 * it is on disk, and are sent together. When the commit fails, whatever claimed to be accepted becomes 503.
 * http/ adds its answers, and webhookd.c flushes. The turn never looks at a request, and writes nothing but the commit.
 */
#pragma once

#include "webhookd/queue/outbox.h"
#include "webhookd/request.h"
#include "webhookd/store/store.h"

/* An answer that waits for the end of the turn. Lives in its request; the handler embeds it. */
typedef struct TurnAnswer TurnAnswer;

struct TurnAnswer {
        Answer answer;
        void (*send)(TurnAnswer *answer); /* sends and lets go; called once at most */
        TurnAnswer *next, **slot;         /* the turn's list; slot NULL: in no list */
};

typedef struct Turn {
        Store *store;
        Outbox *outbox;
        TurnAnswer *first, **last;
        void (*before)(void *userdata); /* called before a commit of what was accepted, which may fail */
        void (*after)(void *userdata);  /* called after a commit of which somebody was told */
        void *userdata;
} Turn;

void turn_init(Turn *turn, Store *store, Outbox *outbox, void (*before)(void *userdata),
               void (*after)(void *userdata), void *userdata);

void turn_add(Turn *turn, TurnAnswer *answer);
/* The request is gone before its answer was sent. Takes an answer that is in no list, too. */
void turn_remove(Turn *turn, TurnAnswer *answer);
bool turn_is_empty(const Turn *turn);

/* Commits, tells, sends. */
void turn_flush(Turn *turn);
