/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_SANDBOX_H
#define DAEMON_SANDBOX_H

#include "listener.h"
#include "postlatch/buf.h"
#include "postlatch/config.h"

#include <stdbool.h>

/*
 * What the daemon gives up before it answers anybody, so that an intruder gains little: files but for
 * those of the policy, TCP beyond the listeners, and the system calls that it has no use for. State is
 * the process's.
 */

/* sandbox_watch - from here on the files that are read are those that a reload may read again */
void sandbox_watch(void);

/*
 * sandbox_enter - gives up the rest, for good; with settings->sandbox off it only says so
 *
 * What the kernel does not offer is left out, with a warning.
 *
 * in       listeners, control: where a Unix socket's file is to be removed at the end
 * returns  false after logging: memory is short, or the kernel refused what it offers
 * threads  before any other is started: they inherit it
 */
bool sandbox_enter(const struct pl_settings *settings, const struct listeners *listeners,
                   const struct pl_endpoint *control);

/*
 * sandbox_hint - why a file that is there cannot be opened by a reload, if we are confined; else NULL
 */
const char *sandbox_hint(void);

/* What is given up, each in a file of its own; the results are for sandbox.c. */
enum sandbox_result {
    SANDBOX_DONE,
    SANDBOX_ABSENT, /* the kernel has nothing of the kind, or it is switched off */
    SANDBOX_FAILED  /* errno says why */
};

/* struct sandbox_path - what stays allowed beneath a path, or for it if it is a file */
struct sandbox_path {
    char *path;
    bool read, write, remove;
};

/*
 * sandbox_files - landlock: no file but for these, no binding, no TCP connection, no signal to others
 *
 * in       paths: those that do not exist are left out; keep_abstract: abstract Unix sockets of others
 *          may be reached
 * out      *abi: the kernel's version of landlock
 */
enum sandbox_result sandbox_files(const struct sandbox_path *paths, size_t count,
                                  bool keep_abstract, int *abi);

/* sandbox_calls - seccomp: no system call but for those that we make */
enum sandbox_result sandbox_calls(void);

/* sandbox_call_name - of a call that ends us; NULL for others. Callable from a signal handler */
const char *sandbox_call_name(int number);

#endif
