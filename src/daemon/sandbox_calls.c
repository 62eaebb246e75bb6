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

#define CALL(name)                                                                                 \
    {                                                                                              \
        SCMP_SYS(name), #name                                                                      \
    }

struct call {
    int number;
    const char *name;
};

/* Let through. clone, mmap, mprotect, socket and tgkill: see limit_arguments. */
static const struct call calls[] = {
    /* files and descriptors */
    CALL(read), CALL(readv), CALL(pread64), CALL(write), CALL(writev), CALL(close), CALL(openat),
    CALL(open), CALL(fstat), CALL(newfstatat), CALL(stat), CALL(lstat), CALL(statx), CALL(lseek),
    CALL(fcntl), CALL(dup), CALL(dup2), CALL(dup3), CALL(unlink), CALL(unlinkat), CALL(readlink),
    CALL(readlinkat), CALL(getcwd), CALL(access), CALL(faccessat),
    /* waiting */
    CALL(epoll_create1), CALL(epoll_create), CALL(epoll_ctl), CALL(epoll_wait), CALL(epoll_pwait),
    CALL(epoll_pwait2), CALL(poll), CALL(ppoll), CALL(eventfd2), CALL(pipe2), CALL(timerfd_create),
    CALL(timerfd_settime),
    /* sockets */
    CALL(recvfrom), CALL(recvmsg), CALL(recvmmsg), CALL(sendto), CALL(sendmsg), CALL(sendmmsg),
    CALL(accept4), CALL(accept), CALL(connect), CALL(shutdown), CALL(getsockopt), CALL(setsockopt),
    CALL(getsockname), CALL(getpeername),
    /* memory and threads */
    CALL(munmap), CALL(mremap), CALL(madvise), CALL(brk), CALL(membarrier), CALL(futex),
    CALL(set_robust_list), CALL(get_robust_list), CALL(rseq), CALL(restart_syscall),
    CALL(sched_yield), CALL(sched_getaffinity), CALL(getrandom), CALL(sysinfo), CALL(prctl),
    CALL(arch_prctl), CALL(set_tid_address),
    /* signals, time, who we are, the end */
    CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn), CALL(rt_sigtimedwait),
    CALL(sigaltstack), CALL(clock_gettime), CALL(clock_getres), CALL(clock_nanosleep),
    CALL(nanosleep), CALL(gettimeofday), CALL(time), CALL(getpid), CALL(gettid), CALL(getppid),
    CALL(getuid), CALL(geteuid), CALL(getgid), CALL(getegid), CALL(getrlimit), CALL(prlimit64),
    CALL(getrusage), CALL(uname), CALL(exit), CALL(exit_group)};

/* What ends us. bind, listen: all our sockets are there by then. */
static const struct call intruder[] = {
    /* programs, processes, debugging */
    CALL(execve), CALL(execveat), CALL(fork), CALL(vfork), CALL(ptrace), CALL(process_vm_readv),
    CALL(process_vm_writev), CALL(kill), CALL(memfd_create), CALL(pkey_mprotect), CALL(personality),
    /* other parts of the kernel */
    CALL(bpf), CALL(perf_event_open), CALL(userfaultfd), CALL(io_uring_setup), CALL(keyctl),
    CALL(add_key), CALL(request_key), CALL(init_module), CALL(finit_module), CALL(kexec_load),
    /* sockets, places, rights */
    CALL(bind), CALL(listen), CALL(socketpair), CALL(mount), CALL(umount2), CALL(pivot_root),
    CALL(chroot), CALL(setns), CALL(unshare), CALL(open_by_handle_at), CALL(setuid), CALL(setgid),
    CALL(setresuid), CALL(setresgid), CALL(capset),
    /* files */
    CALL(chmod), CALL(fchmod), CALL(fchmodat), CALL(chown), CALL(fchown), CALL(lchown),
    CALL(fchownat), CALL(rename), CALL(renameat), CALL(renameat2), CALL(link), CALL(linkat),
    CALL(symlink), CALL(symlinkat), CALL(mknod), CALL(mknodat), CALL(mkdir), CALL(mkdirat)};

/* And these, with arguments that limit_arguments does not let through. */
static const struct call limited[] = {
    {SCMP_SYS(clone), "clone, of a process"},         {SCMP_SYS(mmap), "mmap, of code"},
    {SCMP_SYS(mprotect), "mprotect, of code"},        {SCMP_SYS(socket), "socket, other than Unix"},
    {SCMP_SYS(tgkill), "tgkill, of another process"},
};

enum {
    COUNT_CALLS = sizeof(calls) / sizeof(calls[0]),
    COUNT_INTRUDER = sizeof(intruder) / sizeof(intruder[0]),
    COUNT_LIMITED = sizeof(limited) / sizeof(limited[0])
};

static const char *find_name(const struct call *list, size_t count, int number)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].number == number)
            return list[i].name;
    }
    return NULL;
}

const char *sandbox_call_name(int number)
{
    const char *name = find_name(intruder, COUNT_INTRUDER, number);

    return name != NULL ? name : find_name(limited, COUNT_LIMITED, number);
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
    return limit(filter, call, SCMP_CMP(arg, SCMP_CMP_EQ, value, 0),
                 SCMP_CMP(arg, SCMP_CMP_NE, value, 0));
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
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i].number, 0);
    for (size_t i = 0; r == 0 && i < COUNT_INTRUDER; i++)
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
