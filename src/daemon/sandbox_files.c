/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * landlock(7): three system calls without wrappers in the C library. What a kernel knows is told by a
 * version; Debian 12's headers know the rights of version 2, so the later ones are named here.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* struct landlock_ruleset_attr of version 6. */
struct ruleset {
    uint64_t files, net, scoped;
};

enum {
    BIND_TCP = 1 << 0,
    CONNECT_TCP = 1 << 1,
    SCOPE_ABSTRACT = 1 << 0, /* abstract Unix sockets made by others */
    SCOPE_SIGNAL = 1 << 1    /* signals to others */
};

/* How many rights over files a version knows, the lowest bits; and the size of its attributes. */
static void describe(int abi, bool keep_abstract, struct ruleset *r, size_t *size)
{
    static const int known[] = {0, 13, 14, 15, 15, 16};
    int n = known[abi < 5 ? abi : 5];

    *r = (struct ruleset){.files = (UINT64_C(1) << n) - 1};
    *size = sizeof(r->files);
    if (abi >= 4) {
        r->net = BIND_TCP | CONNECT_TCP;
        *size += sizeof(r->net);
    }
    if (abi >= 6) {
        r->scoped = SCOPE_SIGNAL | (keep_abstract ? 0 : SCOPE_ABSTRACT);
        *size += sizeof(r->scoped);
    }
}

static uint64_t rights(const struct sandbox_path *one, bool is_folder)
{
    uint64_t r = 0;

    if (one->read)
        r |= LANDLOCK_ACCESS_FS_READ_FILE;
    if (one->read && is_folder) /* so that a reload can say that a folder is in a file's place */
        r |= LANDLOCK_ACCESS_FS_READ_DIR;
    if (one->write)
        r |= LANDLOCK_ACCESS_FS_WRITE_FILE;
    if (one->remove)
        r |= LANDLOCK_ACCESS_FS_REMOVE_FILE;
    return r;
}

static bool allow(int ruleset, const struct sandbox_path *one)
{
    struct landlock_path_beneath_attr rule = {.parent_fd = open(one->path, O_PATH | O_CLOEXEC)};
    struct stat st;
    bool ok;

    if (rule.parent_fd < 0) /* what we may not even look at needs no leave */
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
    rule.allowed_access = rights(one, fstat(rule.parent_fd, &st) == 0 && S_ISDIR(st.st_mode));
    ok = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    close(rule.parent_fd);
    return ok;
}

enum sandbox_result sandbox_files(const struct sandbox_path *paths, size_t count,
                                  bool keep_abstract, int *abi)
{
    enum sandbox_result result = SANDBOX_FAILED;
    struct ruleset r;
    size_t size;
    int fd, error;

    *abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    if (*abi < 1)
        return SANDBOX_ABSENT;
    describe(*abi, keep_abstract, &r, &size);
    fd = (int)syscall(SYS_landlock_create_ruleset, &r, size, 0);
    if (fd < 0)
        return SANDBOX_FAILED;
    for (size_t i = 0; i < count; i++) {
        if (!allow(fd, &paths[i]))
            goto out;
    }
    if (syscall(SYS_landlock_restrict_self, fd, 0) == 0)
        result = SANDBOX_DONE;
out:
    error = errno;
    close(fd);
    errno = error;
    return result;
}
