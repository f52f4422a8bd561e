/* SPDX-License-Identifier: MIT */
/* Who may call which method: see authority.h. */
#include "shared/bus/authority.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>

#include "shared/bus/errors.h"
#include "shared/protocol.h"

/* polkit's own answer comes at once, unless it has to be started. */
#define ANSWER_USEC (15 * USEC_PER_SEC)
/* A daemon that ends does not wait for long. */
#define ANSWER_STOPPING_USEC (5 * USEC_PER_SEC)

#define NOBODY ((uid_t) -1)

/* A call that waits for polkit. */
typedef struct Pending Pending;
struct Pending {
        Authority *authority;
        const AuthorityRule *rule;
        sd_bus_message *message;
        sd_bus_message_handler_t method;
        void *userdata;
        uid_t uid;
        char *details;           /* as text, to compare */
        char id[POLKIT_ID_SIZE]; /* empty: no person is asked */
        bool curtailed;          /* one might have been */
        sd_bus_track *caller;
        sd_bus_slot *question;
        PolkitVerdict verdict;
        const char *problem; /* while the method runs again */
        Pending *next;
};

struct Authority {
        sd_bus *bus;
        const AuthorityRule *rules;
        size_t n_rules;
        const char *peer;
        uid_t peer_uid;
        uint64_t last_id;
        bool stopping;
        Pending *pending;
};

static Pending *pending_free(Pending *pending) {
        if (!pending)
                return NULL;

        sd_bus_track_unref(pending->caller);
        sd_bus_slot_unref(pending->question);
        sd_bus_message_unref(pending->message);
        free(pending->details);
        free(pending);
        return NULL;
}

DEFINE_CLEANUP(Pending, pending_free)

static void pending_remove(Pending *pending) {
        for (Pending **slot = &pending->authority->pending; *slot; slot = &(*slot)->next)
                if (*slot == pending) {
                        *slot = pending->next;
                        break;
                }

        pending_free(pending);
}

/* The answer is not needed any more. */
static void pending_abandon(Pending *pending) {
        if (pending->id[0] != '\0')
                polkit_take_back(pending->authority->bus, pending->id);
        pending_remove(pending);
}

int authority_new(sd_bus *bus, const AuthorityRule *rules, size_t n_rules, const char *peer,
                  Authority **ret) {
        const struct passwd *user = NULL;
        Authority *authority;

        assert(bus);
        assert(rules);
        assert(ret);

        authority = calloc(1, sizeof(*authority));
        if (!authority)
                return -ENOMEM;

        if (peer)
                user = getpwnam(peer);

        authority->bus = sd_bus_ref(bus);
        authority->rules = rules;
        authority->n_rules = n_rules;
        authority->peer = peer;
        authority->peer_uid = user ? user->pw_uid : NOBODY;
        *ret = authority;
        return 0;
}

Authority *authority_free(Authority *authority) {
        if (!authority)
                return NULL;

        while (authority->pending)
                pending_remove(authority->pending);
        sd_bus_unref(authority->bus);
        free(authority);
        return NULL;
}

/* The bus says of a connection whose it is, whatever its process has become since. */
static int read_sender_uid(sd_bus_message *message, uid_t *ret) {
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        int r;

        r = sd_bus_query_sender_creds(message, SD_BUS_CREDS_EUID, &creds);
        return r < 0 ? r : sd_bus_creds_get_euid(creds, ret);
}

static const AuthorityRule *find_rule(const Authority *authority, const char *member) {
        for (size_t i = 0; i < authority->n_rules; i++)
                if (streq(authority->rules[i].member, strempty(member)))
                        return &authority->rules[i];

        return NULL;
}

static int refuse_others(const Authority *authority, const AuthorityRule *rule, sd_bus_message *message,
                         sd_bus_error *error) {
        const char *member = sd_bus_message_get_member(message);

        if (rule && rule->peer)
                return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED,
                                         "Only root and the user %s may call %s()",
                                         strempty(authority->peer), member);

        return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED, "Only root may call %s()", member);
}

/* What polkit said: 0, or an error on the bus. */
static int decide(const Pending *pending, sd_bus_error *error) {
        const char *action = pending->rule->action, *member = pending->rule->member;

        switch (pending->verdict) {
        case POLKIT_YES:
                return 0;
        case POLKIT_NO:
                return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED,
                                         "Not authorised to call %s(): polkit refused %s", member, action);
        case POLKIT_CHALLENGE:
                if (pending->curtailed)
                        return sd_bus_error_setf(error, ERROR_INTERRUPTED,
                                                 "The daemon is ending, call %s() again", member);
                return sd_bus_error_setf(error, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                                         "Calling %s() takes authentication (%s)", member, action);
        case POLKIT_ABSENT:
                return sd_bus_error_setf(
                                error, SD_BUS_ERROR_ACCESS_DENIED,
                                "Only root may call %s(): polkit, which may let others, does not run",
                                member);
        case POLKIT_FAILED:
                break;
        }

        return sd_bus_error_setf(error, SD_BUS_ERROR_ACCESS_DENIED,
                                 "Only root may call %s(): polkit, which may let others, failed: %s", member,
                                 pending->problem);
}

static int format_details(const PolkitDetails *details, char **ret) {
        return asprintf(ret, "%s/%s/%s", strempty(details->project), strempty(details->stage),
                        strempty(details->hook)) < 0
                               ? -ENOMEM
                               : 0;
}

static Pending *find_pending(const Authority *authority, const sd_bus_message *message) {
        for (Pending *pending = authority->pending; pending; pending = pending->next)
                if (pending->message == message)
                        return pending;

        return NULL;
}

/* The method runs again. What it is about must be what polkit was asked about. */
static int check_answer(const Pending *pending, const PolkitDetails *details, uid_t *ret_uid,
                        sd_bus_error *error) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = format_details(details, &text);
        if (r < 0)
                return r;
        if (!streq(text, pending->details))
                return sd_bus_error_setf(error, ERROR_BUSY, "What %s() is about has changed: call it again",
                                         pending->rule->member);

        r = decide(pending, error);
        if (r < 0)
                return r;

        *ret_uid = pending->uid;
        return 0;
}

/* As sd-bus does it with the first run of a method. */
static void run_again(Pending *pending) {
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_message_rewind(pending->message, /* complete= */ true);
        if (r >= 0)
                r = pending->method(pending->message, pending->userdata, &error);

        /* Replies that cannot be sent have nobody to go to. */
        if (sd_bus_error_is_set(&error))
                (void) sd_bus_reply_method_error(pending->message, &error);
        else if (r < 0)
                (void) sd_bus_reply_method_errno(pending->message, r, NULL);
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error) {
        Pending *pending = userdata;

        (void) error;

        pending->verdict = polkit_read_answer(reply, &pending->problem);
        run_again(pending);

        /* One that was not waited for any longer may still be asked. */
        if (pending->verdict == POLKIT_FAILED)
                pending_abandon(pending);
        else
                pending_remove(pending);
        return 1;
}

static int on_caller_gone(sd_bus_track *track, void *userdata) {
        (void) track;

        pending_abandon(userdata);
        return 0;
}

static int check_room(const Authority *authority, uid_t uid, sd_bus_error *error) {
        unsigned n = 0, n_user = 0;

        for (const Pending *pending = authority->pending; pending; pending = pending->next) {
                n++;
                n_user += pending->uid == uid;
        }

        if (n < AUTHORITY_PENDING_MAX && n_user < AUTHORITY_PENDING_USER_MAX)
                return 0;

        return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                "Too many calls wait for authentication already");
}

static int pending_new(Authority *authority, const AuthorityRule *rule, sd_bus_message *message, uid_t uid,
                       const PolkitDetails *details, Pending **ret) {
        _cleanup_(pending_freep) Pending *pending = NULL;
        bool wants_person;
        int r;

        pending = calloc(1, sizeof(*pending));
        if (!pending)
                return -ENOMEM;

        r = format_details(details, &pending->details);
        if (r < 0)
                return r;

        wants_person = sd_bus_message_get_allow_interactive_authorization(message) > 0;
        pending->authority = authority;
        pending->rule = rule;
        pending->message = sd_bus_message_ref(message);
        pending->method = sd_bus_get_current_handler(authority->bus);
        pending->userdata = sd_bus_get_current_userdata(authority->bus);
        pending->uid = uid;
        pending->curtailed = wants_person && authority->stopping;
        if (wants_person && !authority->stopping)
                (void) snprintf(pending->id, sizeof(pending->id), "%" PRIu64, ++authority->last_id);

        r = sd_bus_track_new(authority->bus, &pending->caller, on_caller_gone, pending);
        if (r >= 0)
                r = sd_bus_track_add_sender(pending->caller, message);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(pending);
        return 0;
}

static int ask(Authority *authority, const AuthorityRule *rule, sd_bus_message *message, uid_t uid,
               const PolkitDetails *details, sd_bus_error *error) {
        _cleanup_(pending_freep) Pending *pending = NULL;
        PolkitQuestion question;
        bool asks_person;
        int r;

        r = check_room(authority, uid, error);
        if (r >= 0)
                r = pending_new(authority, rule, message, uid, details, &pending);
        if (r < 0)
                return r;

        assert(pending->method);

        asks_person = pending->id[0] != '\0';
        question = (PolkitQuestion){
                .subject = sd_bus_message_get_sender(message),
                .action = rule->action,
                .details = *details,
                .id = asks_person ? pending->id : NULL,
                .timeout_usec = asks_person           ? AUTHORISE_TIMEOUT_USEC
                                : authority->stopping ? ANSWER_STOPPING_USEC
                                                      : ANSWER_USEC,
        };
        r = polkit_ask(authority->bus, &question, on_answer, pending, &pending->question);
        if (r < 0)
                return r;

        pending->next = authority->pending;
        authority->pending = TAKE_PTR(pending);
        return 1;
}

int authority_check(Authority *authority, sd_bus_message *message, const PolkitDetails *details,
                    uid_t *ret_uid, sd_bus_error *error) {
        const AuthorityRule *rule;
        const Pending *pending;
        uid_t uid;

        assert(authority);
        assert(message);
        assert(details);
        assert(ret_uid);

        pending = find_pending(authority, message);
        if (pending)
                return check_answer(pending, details, ret_uid, error);

        rule = find_rule(authority, sd_bus_message_get_member(message));
        if (read_sender_uid(message, &uid) < 0)
                return refuse_others(authority, rule, message, error);

        if (uid == 0 || (rule && rule->anyone) ||
            (rule && rule->peer && uid == authority->peer_uid && uid != NOBODY)) {
                *ret_uid = uid;
                return 0;
        }

        if (!rule || !rule->action)
                return refuse_others(authority, rule, message, error);

        return ask(authority, rule, message, uid, details, error);
}

bool authority_is_idle(const Authority *authority) {
        assert(authority);

        return !authority->pending;
}

void authority_stop(Authority *authority) {
        assert(authority);

        authority->stopping = true;
        while (authority->pending) {
                Pending *pending = authority->pending;

                (void) sd_bus_reply_method_errorf(pending->message, ERROR_INTERRUPTED,
                                                  "The daemon is ending, call %s() again",
                                                  pending->rule->member);
                pending_abandon(pending);
        }
}
