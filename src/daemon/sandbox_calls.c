/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seccomp(2), by libseccomp. Three kinds of system calls: those that we and the C library make are
 * let through; those that only an intruder would make end the daemon, with a word in the log
 * (crash.c); all others fail as if the kernel did not know them, which a newer C library is prepared
 * for. Cost: the kernel keeps a bit for each call that is let through whatever its arguments are, so a
 * request's read, send and epoll_wait pay for a look at that bit.
 */
#include "sandbox.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* clang-format off: lists */

/* Let through. clone, mmap, mprotect, socket and tgkill: see limit_arguments. */
#define CALLS_TABLE(X)                                                                             \
    X(read)                                                                                        \
    X(readv) X(pread64) X(write) X(writev) X(close) X(openat) X(open) X(fstat) X(newfstatat) X(    \
        stat) X(lstat) X(statx) X(lseek) X(fcntl) X(dup) X(dup2) X(dup3) X(unlink) X(unlinkat)     \
        X(readlink) X(readlinkat) X(getcwd) X(access) X(faccessat) X(epoll_create1)                \
            X(epoll_create) X(epoll_ctl) X(epoll_wait) X(epoll_pwait) X(epoll_pwait2) X(poll) X(   \
                ppoll) X(eventfd2) X(pipe2) X(timerfd_create) X(timerfd_settime) X(recvfrom)       \
                X(recvmsg) X(recvmmsg) X(sendto) X(sendmsg) X(sendmmsg) X(accept4) X(accept) X(    \
                    connect) X(shutdown) X(getsockopt) X(setsockopt) X(getsockname) X(getpeername) \
                    X(munmap) X(mremap) X(madvise) X(brk) X(membarrier) X(futex)                   \
                        X(set_robust_list) X(get_robust_list) X(rseq) X(restart_syscall)           \
                            X(sched_yield) X(sched_getaffinity) X(getrandom) X(sysinfo) X(prctl)   \
                                X(arch_prctl) X(set_tid_address) X(rt_sigaction) X(rt_sigprocmask) \
                                    X(rt_sigreturn) X(rt_sigtimedwait) X(sigaltstack)              \
                                        X(clock_gettime) X(clock_getres) X(clock_nanosleep)        \
                                            X(nanosleep) X(gettimeofday) X(time) X(getpid)         \
                                                X(gettid) X(getppid) X(getuid) X(geteuid)          \
                                                    X(getgid) X(getegid) X(getrlimit) X(prlimit64) \
                                                        X(getrusage) X(uname) X(exit)              \
                                                            X(exit_group)

/* What ends us. bind, listen: all our sockets are there by then. */
#define INTRUDER_TABLE(X)                                                                          \
    X(execve)                                                                                      \
    X(execveat) X(fork) X(vfork) X(ptrace) X(process_vm_readv) X(process_vm_writev) X(bind)        \
        X(listen) X(socketpair) X(kill) X(mount) X(umount2) X(pivot_root) X(chroot) X(setns)       \
            X(unshare) X(bpf) X(perf_event_open) X(userfaultfd) X(io_uring_setup) X(keyctl)        \
                X(add_key) X(request_key) X(init_module) X(finit_module) X(kexec_load)             \
                    X(open_by_handle_at) X(memfd_create) X(pkey_mprotect) X(personality) X(setuid) \
                        X(setgid) X(setresuid) X(setresgid) X(capset) X(chmod) X(fchmod)           \
                            X(fchmodat) X(chown) X(fchown) X(lchown) X(fchownat) X(rename)         \
                                X(renameat) X(renameat2) X(link) X(linkat) X(symlink) X(symlinkat) \
                                    X(mknod) X(mknodat) X(mkdir) X(mkdirat)

/* clang-format on */

static const int calls[] = {
#define X(name) SCMP_SYS(name),
    CALLS_TABLE(X)
#undef X
};

static const struct {
    int number;
    const char *name;
} intruder[] = {
#define X(name) {SCMP_SYS(name), #name},
    INTRUDER_TABLE(X)
#undef X
    /* These with arguments that limit_arguments does not let through. */
    {SCMP_SYS(clone), "clone, of a process"},
    {SCMP_SYS(mmap), "mmap, of code"},
    {SCMP_SYS(mprotect), "mprotect, of code"},
    {SCMP_SYS(socket), "socket, other than Unix"},
    {SCMP_SYS(tgkill), "tgkill, of another process"},
};

enum { COUNT_CALLS = sizeof(calls) / sizeof(calls[0]) };
/* COUNT_LIMITED: those at the end of the table, with arguments. */
enum { COUNT_INTRUDER = sizeof(intruder) / sizeof(intruder[0]), COUNT_LIMITED = 5 };

const char *sandbox_call_name(int number)
{
    for (size_t i = 0; i < COUNT_INTRUDER; i++) {
        if (intruder[i].number == number)
            return intruder[i].name;
    }
    return NULL;
}

/* A call that is let through if one of its arguments compares so, and else ends us. */
static int limit(scmp_filter_ctx filter, int call, struct scmp_arg_cmp fits,
                 struct scmp_arg_cmp unfit)
{
    int r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1, fits);

    return r != 0 ? r : seccomp_rule_add(filter, SCMP_ACT_TRAP, call, 1, unfit);
}

static int limit_bit(scmp_filter_ctx filter, int call, unsigned arg, scmp_datum_t bit, bool set)
{
    return limit(filter, call, SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, bit, set ? bit : 0),
                 SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, bit, set ? 0 : bit));
}

static int limit_value(scmp_filter_ctx filter, int call, unsigned arg, scmp_datum_t value)
{
    return limit(filter, call, SCMP_CMP(arg, SCMP_CMP_EQ, value),
                 SCMP_CMP(arg, SCMP_CMP_NE, value));
}

static int limit_arguments(scmp_filter_ctx filter)
{
    int r = limit_bit(filter, SCMP_SYS(clone), 0, CLONE_THREAD, true);

    if (r == 0)
        r = limit_bit(filter, SCMP_SYS(mmap), 2, PROT_EXEC, false);
    if (r == 0)
        r = limit_bit(filter, SCMP_SYS(mprotect), 2, PROT_EXEC, false);
    if (r == 0)
        r = limit_value(filter, SCMP_SYS(socket), 0, AF_UNIX);
    if (r == 0)
        r = limit_value(filter, SCMP_SYS(tgkill), 0, (scmp_datum_t)getpid());
    return r;
}

/* Calls that this machine's kernel never had have pseudo numbers, which libseccomp skips. */
static int add_rules(scmp_filter_ctx filter)
{
    int r = limit_arguments(filter);

    for (size_t i = 0; r == 0 && i < COUNT_CALLS; i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    for (size_t i = 0; r == 0 && i < COUNT_INTRUDER - COUNT_LIMITED; i++)
        r = seccomp_rule_add(filter, SCMP_ACT_TRAP, intruder[i].number, 0);
    return r;
}

enum sandbox_result sandbox_calls(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int r = filter == NULL ? -ENOMEM : add_rules(filter);

    /* A thread that is there already is confined too. */
    if (r == 0)
        r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    /* Older kernels would slow down each jump of a program that runs foreign code, which we do not. */
    if (r == 0)
        r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
    if (r == 0)
        r = seccomp_attr_set(filter, SCMP_FLTATR_API_SYSRAWRC, 1);
    if (r == 0)
        r = seccomp_load(filter);
    seccomp_release(filter);
    errno = -r;
    if (r == 0)
        return SANDBOX_DONE;
    return r == -ENOSYS || r == -EINVAL || r == -EOPNOTSUPP ? SANDBOX_ABSENT : SANDBOX_FAILED;
}
