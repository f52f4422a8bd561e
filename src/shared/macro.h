/* SPDX-License-Identifier: MIT */
/*
 * The dialect of the house: cleanup attributes, ownership transfer, and the few helpers that every file
 * needs. A destructor `x_free` takes NULL and returns NULL of its type; DEFINE_CLEANUP(X, x_free) makes
 * `x_freep` for `_cleanup_(x_freep) X *x = NULL;`.
 *
 * The room shared/ holds what more than one program needs. Every file of every program may include its headers. Nothing here
 * knows a program, and nothing logs but the life of a daemon (bus/service.h, bus/daemon.h).
 */
#pragma once

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define _cleanup_(f)        __attribute__((cleanup(f)))
#define _printf_(fmt, args) __attribute__((format(printf, fmt, args)))
#define _warn_unused_       __attribute__((warn_unused_result))
#define _unused_            __attribute__((unused))

#define ELEMENTSOF(a) (sizeof(a) / sizeof((a)[0]))

/* What a macro stands for, as a string. */
#define STRINGIFY(x)          STRINGIFY_EXPANDED(x)
#define STRINGIFY_EXPANDED(x) #x

#define DEFINE_CLEANUP(type, func)             \
        static inline void func##p(type **p) { \
                if (*p)                        \
                        (void) func(*p);       \
        }

static inline void freep(void *p) {
        free(*(void **) p);
}

static inline void closep(const int *fd) {
        if (*fd >= 0)
                (void) close(*fd);
}

#define _cleanup_free_  _cleanup_(freep)
#define _cleanup_close_ _cleanup_(closep)

#define TAKE_PTR(ptr)                                    \
        ({                                               \
                __typeof__(ptr) *_taken_from_ = &(ptr);  \
                __typeof__(ptr) _taken_ = *_taken_from_; \
                *_taken_from_ = NULL;                    \
                _taken_;                                 \
        })

static inline int take_fd(int *fd) {
        int taken = *fd;

        *fd = -1;
        return taken;
}

#define TAKE_FD(fd) take_fd(&(fd))

static inline bool streq(const char *a, const char *b) {
        return strcmp(a, b) == 0;
}

/* For optional strings: an absent one reads as empty. */
static inline const char *strempty(const char *s) {
        return s ? s : "";
}

static inline bool isempty(const char *s) {
        return !s || s[0] == '\0';
}

#define USEC_PER_SEC  UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)
#define NSEC_PER_USEC UINT64_C(1000)
