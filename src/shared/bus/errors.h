/* SPDX-License-Identifier: MIT */
/*
 * The named D-Bus errors, each with the errno that stands for it inside a process and with what a failed
 * deploy's row does next. One table for all three programs.
 */
#pragma once

#include "shared/macro.h"

typedef enum ErrorVerdict {
        ERROR_FINAL, /* trying again cannot help: the row ends as failed */
        ERROR_RETRY, /* it may be the image's: the row goes back to the queue, and the attempt counts */
        ERROR_RETRY_TIMED, /* a peer's trouble: the row goes back to the queue, for RetryForSec= in all */
        ERROR_RETRY_UNCOUNTED, /* this host's own state: the row goes back to the queue, however often */
} ErrorVerdict;

#define ERROR_PREFIX "org.tinyforge."

/* clang-format off */
/*
 * Name without the prefix, errno, verdict, and what it means in one sentence, for who gets no better one and for the manual.
 * One errno stands for one name.
 */
#define ERROR_TABLE(X) \
        X(INVALID_NAME, "InvalidName", EBADR, ERROR_FINAL, \
          "The name of a project, a stage or a hook is none, or does not fit there.") \
        X(INVALID_IMAGE, "InvalidImage", EBADF, ERROR_FINAL, \
          "That is no image reference.") \
        X(INVALID_PATTERN, "InvalidPattern", EDOM, ERROR_FINAL, \
          "That is no pattern of its policy; the message tells what is wrong, and where.") \
        X(INVALID_OPTION, "InvalidOption", EINVAL, ERROR_FINAL, \
          "An option is unknown, of another type, or out of range; the message names it.") \
        X(NO_SUCH_PROJECT, "NoSuchProject", ENODEV, ERROR_FINAL, \
          "There is no project of that name, or none of that image.") \
        X(NO_SUCH_STAGE, "NoSuchStage", ENXIO, ERROR_FINAL, \
          "There is no stage of that name, or none that takes that tag.") \
        X(NO_SUCH_IMAGE, "NoSuchImage", ENOENT, ERROR_FINAL, \
          "The image is not on this machine.") \
        X(NO_SUCH_DEPLOY, "NoSuchDeploy", ESRCH, ERROR_FINAL, \
          "There is no deploy with that number, or it does not run.") \
        X(NO_SUCH_HOOK, "NoSuchHook", ENOMEDIUM, ERROR_FINAL, \
          "There is no hook of that name.") \
        X(HOOK_EXISTS, "HookExists", EADDRINUSE, ERROR_FINAL, \
          "There is a hook of that name already.") \
        X(ALREADY_FINISHED, "AlreadyFinished", EALREADY, ERROR_FINAL, \
          "It is too late: the deploy is over, or the new container has taken over.") \
        X(CANCELLED, "Cancelled", ECANCELED, ERROR_FINAL, \
          "The deploy was called off, and everything that it did is undone.") \
        X(NO_ROLLBACK_TARGET, "NoRollbackTarget", ENOLINK, ERROR_FINAL, \
          "The stage has no earlier deploy to go back to.") \
        X(DEPENDENCY_FAILED, "DependencyFailed", ENOTRECOVERABLE, ERROR_FINAL, \
          "A deploy that this one waited for came to nothing, so this one was not begun.") \
        X(PROJECT_EXISTS, "ProjectExists", ENOTUNIQ, ERROR_FINAL, \
          "There is a project of that name already.") \
        X(TOO_MANY, "TooMany", EUSERS, ERROR_FINAL, \
          "There are as many stages, hooks, or projects of one image, as there can be.") \
        X(ANSWER_TOO_LARGE, "AnswerTooLarge", EMSGSIZE, ERROR_FINAL, \
          "There is more of what was asked for than one answer has room for; the message tells how much.") \
        X(INSTANCES_RUNNING, "InstancesRunning", ENOTEMPTY, ERROR_FINAL, \
          "Containers of it run, and would be forgotten.") \
        X(NOTHING_RUNS, "NothingRuns", ENOTCONN, ERROR_FINAL, \
          "No deploy of that stage has come up, so there is nothing to promote or to restart.") \
        X(NOTHING_TO_TAKE_OVER, "NothingToTakeOver", ECHILD, ERROR_FINAL, \
          "No other store has a container in that stage.") \
        X(NOTHING_AVAILABLE, "NothingAvailable", ENODATA, ERROR_FINAL, \
          "Nothing was pushed for the stage while its auto_deploy was off.") \
        X(NOT_PERMITTED, "NotPermitted", EPERM, ERROR_FINAL, \
          "Root's policy does not allow that image, or a file of root's can be written by others.") \
        X(QUEUE_FULL, "QueueFull", ENOBUFS, ERROR_FINAL, \
          "As many deploys wait as MaxQueued= allows.") \
        X(STORE_UNAVAILABLE, "StoreUnavailable", EROFS, ERROR_FINAL, \
          "The database cannot be read or written.") \
        X(STORE_DAMAGED, "StoreDamaged", EUCLEAN, ERROR_FINAL, \
          "The database cannot be used until somebody has mended it; the message tells what is wrong.") \
        X(BACKUP_FAILED, "BackupFailed", EXFULL, ERROR_FINAL, \
          "The store could not be copied, or the file that it was to be written to takes no more.") \
        X(CONFIGURATION, "Configuration", EBADMSG, ERROR_FINAL, \
          "A file or a credential has a mistake; the message tells which, and where.") \
        X(PULL_FAILED, "PullFailed", ENOPKG, ERROR_FINAL, \
          "The registry refused the image, or the engine could not unpack it.") \
        X(FAILED_WATCH, "FailedWatch", EKEYREJECTED, ERROR_FINAL, \
          "The tag names an image that the stage has had, and that failed while it was watched; a person can deploy it.") \
        X(UNHEALTHY, "Unhealthy", EREMOTEIO, ERROR_FINAL, \
          "The new container ended or did not get healthy in time, and there was no old one to keep.") \
        X(PREDEPLOY_FAILED, "PredeployFailed", ENOEXEC, ERROR_FINAL, \
          "The command that root's file has run before the switch failed; what ran before was not touched.") \
        X(JOB_FAILED, "JobFailed", EOWNERDEAD, ERROR_FINAL, \
          "The job did not end with status 0, or not in its time.") \
        X(ENGINE_UNSUPPORTED, "EngineUnsupported", EPROTONOSUPPORT, ERROR_FINAL, \
          "The engine is too old, or of a kind that is not known.") \
        X(ENGINE_TOO_NEW, "EngineTooNew", EPFNOSUPPORT, ERROR_FINAL, \
          "The engine speaks no version of its API that this tinyforge knows; the message tells the versions.") \
        X(ENGINE_REFUSED, "EngineRefused", EBADE, ERROR_FINAL, \
          "The engine took a request for wrong, such as what a project's file asks for.") \
        X(ENGINE_DISK_FULL, "EngineDiskFull", ENOSPC, ERROR_FINAL, \
          "The engine's disk has no room for the image or the container.") \
        X(ENGINE_FAILED, "EngineFailed", EIO, ERROR_RETRY, \
          "The engine met an error of its own.") \
        X(REGISTRY_UNAVAILABLE, "RegistryUnavailable", EHOSTUNREACH, ERROR_RETRY_TIMED, \
          "The registry cannot be reached, or asks to be called later.") \
        X(DEADLINE_EXCEEDED, "DeadlineExceeded", ETIME, ERROR_RETRY, \
          "The deploy took longer than DeployDeadlineSec= or root's file allows, and was undone.") \
        X(ENGINE_UNREACHABLE, "EngineUnreachable", ECONNREFUSED, ERROR_RETRY_UNCOUNTED, \
          "No engine answers at its socket.") \
        X(DEPLOYER_UNREACHABLE, "DeployerUnreachable", ETIMEDOUT, ERROR_RETRY_UNCOUNTED, \
          "The bus could not start the deployer, or not in time.") \
        X(BUSY, "Busy", EBUSY, ERROR_RETRY_UNCOUNTED, \
          "Something else is being done there; ask again.") \
        X(INTERRUPTED, "Interrupted", EINTR, ERROR_RETRY_UNCOUNTED, \
          "The daemon stops, and the deploy goes on with the next one.")
/* clang-format on */

#define X(id, name, number, verdict, meaning) static const char ERROR_##id[] _unused_ = ERROR_PREFIX name;
ERROR_TABLE(X)
#undef X

/* The D-Bus name of negative errno `error`; "org.freedesktop.DBus.Error.Failed" where the table has none. */
const char *error_name_from_errno(int error);

/* The negative errno of a D-Bus error name; -EIO where the table has none. */
int error_name_to_errno(const char *name);

/* What the error means, one sentence of static text; NULL where the table has none. */
const char *error_name_meaning(const char *name);

/*
 * What becomes of a deploy whose call ended with this D-Bus error. Errors of the bus itself (NoReply,
 * Disconnected, a peer that could not be started) are ERROR_RETRY; AccessDenied and whatever is unknown are
 * ERROR_FINAL.
 */
ErrorVerdict error_name_verdict(const char *name);
