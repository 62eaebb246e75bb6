/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a daemon that found one of its invariants broken: say which, then abort. A daemon in
 * the background has no standard error, so this takes the place of the library's pl_assert_failed.
 */
#include "crash.h"

#include "log.h"
#include "loop.h"
#include "sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void pl_assert_failed(const char *expr, const char *file, int line)
{
    static _Thread_local bool entered; /* the log itself may be what is broken */

    if (!entered) {
        entered = true;
        log_fatal("bug: \"%s\" does not hold (%s:%d); the daemon ends here", expr, file, line);
    }
    fprintf(stderr, "postlatchd: bug: \"%s\" does not hold (%s:%d); the daemon ends here\n", expr,
            file, line);
    abort();
}

/* What libev tells before it aborts: epoll_wait failed, or no memory for a watcher. */
static void on_loop_trouble(const char *what) EV_NOEXCEPT
{
    int error = errno;

    log_fatal("event loop: %s: %s; the daemon ends here", what, strerror(error));
    fprintf(stderr, "postlatchd: event loop: %s: %s; the daemon ends here\n", what,
            strerror(error));
    abort();
}

/* Raised by the very call, in the thread that made it: it interrupts nothing that we hold. */
static void on_forbidden_call(int signal, siginfo_t *info, void *context)
{
    const char *name = sandbox_call_name(info->si_syscall);

    (void)signal;
    (void)context;
    log_fatal("sandbox: forbidden system call %d (%s); the daemon ends here", info->si_syscall,
              name == NULL ? "?" : name);
    fprintf(stderr, "postlatchd: sandbox: forbidden system call %d (%s); the daemon ends here\n",
            info->si_syscall, name == NULL ? "?" : name);
    abort();
}

void crash_fill_mask(sigset_t *mask)
{
    sigfillset(mask);
    sigdelset(mask, SIGSYS);
}

void crash_prepare(void)
{
    struct sigaction forbidden = {.sa_sigaction = on_forbidden_call, .sa_flags = SA_SIGINFO};

    sigfillset(&forbidden.sa_mask);
    sigaction(SIGSYS, &forbidden, NULL);
    ev_set_syserr_cb(on_loop_trouble);
}
