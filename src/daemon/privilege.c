/* SPDX-License-Identifier: BSD-2-Clause */
/* Who we are and what we may. Order matters: groups first, since only root can change them. */
#include "privilege.h"

#include "log.h"
#include "postlatch/quote.h"
#include "postlatch/str.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Files that are open beside connections: log, control, configuration while it is reloaded, … */
enum { FILES_BESIDE = 32, FILES_A_WORKER = 4 };

static bool is_number(const char *text, unsigned *number)
{
    unsigned long value;

    if (!pl_str_to_number(pl_str_of(text), 0, 0xfffffffe, &value))
        return false;
    *number = (unsigned)value;
    return true;
}

bool privilege_find_user(const char *name, const char *option, uid_t *uid, gid_t *gid)
{
    struct pl_quote q;
    const struct passwd *pw;
    unsigned number;

    if (name[0] == '\0')
        return true;
    pw = is_number(name, &number) ? getpwuid(number) : getpwnam(name);
    if (pw == NULL && is_number(name, &number)) {
        *uid = number;
        if (gid != NULL)
            *gid = number;
        return true;
    }
    if (pw == NULL) {
        log_error("%s: there is no user %s", option, pl_quote(&q, pl_str_of(name)));
        return false;
    }
    *uid = pw->pw_uid;
    if (gid != NULL)
        *gid = pw->pw_gid;
    return true;
}

bool privilege_find_group(const char *name, const char *option, gid_t *gid)
{
    struct pl_quote q;
    const struct group *gr;
    unsigned number;

    if (name[0] == '\0')
        return true;
    if (is_number(name, &number)) {
        *gid = number;
        return true;
    }
    gr = getgrnam(name);
    if (gr == NULL) {
        log_error("%s: there is no group %s", option, pl_quote(&q, pl_str_of(name)));
        return false;
    }
    *gid = gr->gr_gid;
    return true;
}

/* All three of each id, no group but the one, and no way back. */
static bool is_dropped(uid_t uid, gid_t gid)
{
    uid_t ruid, euid, suid;
    gid_t rgid, egid, sgid, groups[2] = {0};
    int n = getgroups(2, groups);

    if (getresuid(&ruid, &euid, &suid) != 0 || getresgid(&rgid, &egid, &sgid) != 0)
        return false;
    if (ruid != uid || euid != uid || suid != uid || rgid != gid || egid != gid || sgid != gid)
        return false;
    if (n != 1 || groups[0] != gid)
        return false;
    return uid == 0 || (setuid(0) != 0 && seteuid(0) != 0);
}

static bool read_capabilities(struct __user_cap_data_struct have[_LINUX_CAPABILITY_U32S_3])
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};

    return syscall(SYS_capget, &head, have) == 0;
}

/*
 * Capabilities that whoever started us gave to a user who is not root, for a port below 1024 perhaps:
 * the sockets are there by now. Two calls, for which libcap would be much. Nothing is set where
 * nothing is left: our unit for systemd forbids that call too.
 */
static bool drop_capabilities(void)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {0};
    struct __user_cap_data_struct left[_LINUX_CAPABILITY_U32S_3] = {0};

    if (geteuid() == 0)
        return true; /* it was said that we run as root */
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (read_capabilities(left) && memcmp(left, none, sizeof(none)) == 0)
        return true;
    if (syscall(SYS_capset, &head, none) != 0 || !read_capabilities(left) ||
        memcmp(left, none, sizeof(none)) != 0) {
        log_error("capabilities were not given up as they should have been: %s", strerror(errno));
        return false;
    }
    return true;
}

static bool become(const struct pl_settings *settings)
{
    struct pl_quote qu, qg;
    uid_t uid = geteuid();
    gid_t gid = getegid();

    /* We run no other program; if somebody made us, it would gain no rights. */
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (!privilege_find_user(settings->user, "user", &uid, &gid) ||
        !privilege_find_group(settings->group, "group", &gid))
        return false;
    if (settings->user[0] == '\0' && settings->group[0] == '\0') {
        if (uid == 0)
            log_warn("running as root; the option user names a user to become");
        return true;
    }
    if (geteuid() != 0 && uid == geteuid() && gid == getegid())
        return true; /* whoever started us has done it */
    if (setgroups(1, &gid) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0) {
        log_error("cannot become user %s, group %s: %s%s", pl_quote(&qu, pl_str_of(settings->user)),
                  pl_quote(&qg, pl_str_of(settings->group)), strerror(errno),
                  errno == EPERM ? "; only root can" : "");
        return false;
    }
    if (!is_dropped(uid, gid)) {
        log_error("user %s, group %s: rights were not given up as they should have been",
                  pl_quote(&qu, pl_str_of(settings->user)),
                  pl_quote(&qg, pl_str_of(settings->group)));
        return false;
    }
    if (uid == 0)
        log_warn("running as root; the option user names a user to become");
    return true;
}

bool privilege_drop(const struct pl_settings *settings)
{
    return become(settings) && drop_capabilities();
}

unsigned privilege_raise_files(unsigned max_connections, unsigned workers, unsigned others)
{
    unsigned long beside = FILES_BESIDE + FILES_A_WORKER * (unsigned long)workers + others;
    struct rlimit limit;
    unsigned fit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return max_connections;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && getrlimit(RLIMIT_NOFILE, &limit) != 0)
            return max_connections;
    }
    if (limit.rlim_cur >= max_connections + beside)
        return max_connections;
    fit = limit.rlim_cur > beside ? (unsigned)(limit.rlim_cur - beside) : 1;
    log_warn("max_connections = %u does not fit into the limit of %llu open files; at most %u "
             "connections are accepted",
             max_connections, (unsigned long long)limit.rlim_cur, fit);
    return fit;
}
