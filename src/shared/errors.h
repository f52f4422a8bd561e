/* SPDX-License-Identifier: MIT */
/*
 * The named D-Bus errors, each with the errno that stands for it inside a process and with what a failed
 * deploy's row does next. One table for all three programs.
 */
#pragma once

#include "shared/macro.h"

typedef enum ErrorVerdict {
        ERROR_FINAL,           /* trying again cannot help: the row ends as failed */
        ERROR_RETRY,           /* the row goes back to the queue, and the attempt counts */
        ERROR_RETRY_UNCOUNTED, /* the row goes back to the queue, the attempt does not count */
} ErrorVerdict;

#define ERROR_PREFIX "org.tinyforge."

/* clang-format off */
/* Name without the prefix, errno, verdict. One errno stands for one name. */
#define ERROR_TABLE(X) \
        X(INVALID_NAME,         "InvalidName",         EBADR,           ERROR_FINAL)           \
        X(INVALID_IMAGE,        "InvalidImage",        EBADF,           ERROR_FINAL)           \
        X(INVALID_PATTERN,      "InvalidPattern",      EDOM,            ERROR_FINAL)           \
        X(INVALID_OPTION,       "InvalidOption",       EINVAL,          ERROR_FINAL)           \
        X(NO_SUCH_PROJECT,      "NoSuchProject",       ENODEV,          ERROR_FINAL)           \
        X(NO_SUCH_STAGE,        "NoSuchStage",         ENXIO,           ERROR_FINAL)           \
        X(NO_SUCH_IMAGE,        "NoSuchImage",         ENOENT,          ERROR_FINAL)           \
        X(NO_SUCH_DEPLOY,       "NoSuchDeploy",        ESRCH,           ERROR_FINAL)           \
        X(NO_SUCH_HOOK,         "NoSuchHook",          ENOMEDIUM,       ERROR_FINAL)           \
        X(HOOK_EXISTS,          "HookExists",          EADDRINUSE,      ERROR_FINAL)           \
        X(ALREADY_FINISHED,     "AlreadyFinished",     EALREADY,        ERROR_FINAL)           \
        X(CANCELLED,            "Cancelled",           ECANCELED,       ERROR_FINAL)           \
        X(NO_ROLLBACK_TARGET,   "NoRollbackTarget",    ENOLINK,         ERROR_FINAL)           \
        X(IMAGE_IN_USE,         "ImageInUse",          EEXIST,          ERROR_FINAL)           \
        X(PROJECT_EXISTS,       "ProjectExists",       ENOTUNIQ,        ERROR_FINAL)           \
        X(TOO_MANY,             "TooMany",             EUSERS,          ERROR_FINAL)           \
        X(INSTANCES_RUNNING,    "InstancesRunning",    ENOTEMPTY,       ERROR_FINAL)           \
        X(NOTHING_RUNS,         "NothingRuns",         ENOTCONN,        ERROR_FINAL)           \
        X(NOTHING_AVAILABLE,    "NothingAvailable",    ENODATA,         ERROR_FINAL)           \
        X(NOT_PERMITTED,        "NotPermitted",        EPERM,           ERROR_FINAL)           \
        X(QUEUE_FULL,           "QueueFull",           ENOBUFS,         ERROR_FINAL)           \
        X(STORE_UNAVAILABLE,    "StoreUnavailable",    EROFS,           ERROR_FINAL)           \
        X(CONFIGURATION,        "Configuration",       EBADMSG,         ERROR_FINAL)           \
        X(PULL_FAILED,          "PullFailed",          ENOPKG,          ERROR_FINAL)           \
        X(UNHEALTHY,            "Unhealthy",           EREMOTEIO,       ERROR_FINAL)           \
        X(ENGINE_UNSUPPORTED,   "EngineUnsupported",   EPROTONOSUPPORT, ERROR_FINAL)           \
        X(ENGINE_REFUSED,       "EngineRefused",       EBADE,           ERROR_FINAL)           \
        X(ENGINE_FAILED,        "EngineFailed",        EIO,             ERROR_RETRY)           \
        X(REGISTRY_UNAVAILABLE, "RegistryUnavailable", EHOSTUNREACH,    ERROR_RETRY)           \
        X(DEADLINE_EXCEEDED,    "DeadlineExceeded",    ETIME,           ERROR_RETRY)           \
        X(ENGINE_UNREACHABLE,   "EngineUnreachable",   ECONNREFUSED,    ERROR_RETRY_UNCOUNTED) \
        X(BUSY,                 "Busy",                EBUSY,           ERROR_RETRY_UNCOUNTED) \
        X(INTERRUPTED,          "Interrupted",         EINTR,           ERROR_RETRY_UNCOUNTED)
/* clang-format on */

#define X(id, name, number, verdict) static const char ERROR_##id[] _unused_ = ERROR_PREFIX name;
ERROR_TABLE(X)
#undef X

/* The D-Bus name of negative errno `error`; "org.freedesktop.DBus.Error.Failed" where the table has none. */
const char *error_name_from_errno(int error);

/* The negative errno of a D-Bus error name; -EIO where the table has none. */
int error_name_to_errno(const char *name);

/*
 * What becomes of a deploy whose call ended with this D-Bus error. Errors of the bus itself (NoReply,
 * Disconnected, a peer that could not be started) are ERROR_RETRY; AccessDenied and whatever is unknown are
 * ERROR_FINAL.
 */
ErrorVerdict error_name_verdict(const char *name);
