/* SPDX-License-Identifier: BSD-2-Clause */
/* Which files stay, and what is said about it. */
#include "sandbox.h"

#include "log.h"
#include "notify.h"
#include "postlatch/compiler.h"
#include "postlatch/file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* These look into /proc and call what we never would. */
#if defined(PL_UNCONFINED) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { UNCONFINED = 1 };
#else
enum { UNCONFINED = 0 };
#endif

static struct {
    struct sandbox_path *paths;
    size_t count, cap;
    bool failed; /* memory was short */
    bool confined;
} box;

static struct sandbox_path *add(const char *path, size_t n)
{
    struct sandbox_path *paths = pl_grow(box.paths, &box.cap, box.count, sizeof(*paths));
    struct sandbox_path *one;

    for (size_t i = 0; i < box.count; i++) {
        if (strlen(box.paths[i].path) == n && memcmp(box.paths[i].path, path, n) == 0)
            return &box.paths[i];
    }
    if (paths != NULL)
        box.paths = paths;
    one = paths == NULL ? NULL : &paths[box.count];
    if (one != NULL)
        *one = (struct sandbox_path){.path = strndup(path, n)};
    if (one == NULL || one->path == NULL) {
        box.failed = true;
        return NULL;
    }
    box.count++;
    return one;
}

static struct sandbox_path *add_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (slash == NULL)
        return add(".", 1);
    return add(path, slash == path ? 1 : (size_t)(slash - path));
}

/* A name may be a link: the new file will be where the old one is, or where its name is. */
static void on_file(void *arg, const char *path)
{
    struct sandbox_path *one = add_folder_of(path);
    char *real = realpath(path, NULL);

    (void)arg;
    if (one != NULL)
        one->read = true;
    one = real == NULL ? NULL : add_folder_of(real);
    if (one != NULL)
        one->read = true;
    free(real);
}

void sandbox_watch(void)
{
    pl_file_watch(on_file, NULL);
}

static void add_socket(const struct pl_endpoint *e)
{
    struct sandbox_path *one = pl_endpoint_is_unix(e) ? add_folder_of(pl_endpoint_path(e)) : NULL;

    if (one != NULL)
        one->remove = true;
}

static void add_all(const struct listeners *listeners, const struct pl_endpoint *control)
{
    struct sandbox_path *null = add("/dev/null", strlen("/dev/null"));

    if (null != NULL)
        null->read = null->write = true; /* going to the background */
    add_socket(control);
    for (size_t i = 0; i < listeners->count; i++) {
        if (!listeners->each[i].handed_over)
            add_socket(&listeners->each[i].endpoint);
    }
}

/* false if the daemon must not go on. */
static bool tell(const char *what, const char *how, enum sandbox_result result)
{
    if (result == SANDBOX_FAILED)
        log_error("sandbox: cannot confine %s with %s: %s; \"sandbox = off\" does without", what,
                  how, strerror(errno));
    else if (result == SANDBOX_ABSENT)
        log_warn("sandbox: %s are not confined: the kernel offers no %s", what, how);
    return result != SANDBOX_FAILED;
}

static bool enter(void)
{
    enum sandbox_result files, calls;
    int abi = 0;

    files = sandbox_files(box.paths, box.count, notify_is_abstract(), &abi);
    if (!tell("files", "landlock", files))
        return false;
    calls = sandbox_calls();
    if (!tell("system calls", "seccomp", calls))
        return false;
    box.confined = files == SANDBOX_DONE;
    if (files == SANDBOX_DONE && calls == SANDBOX_DONE)
        log_info("confined to the files of the policy (landlock %d) and to the system calls of a "
                 "policy server (seccomp)",
                 abi);
    return true;
}

bool sandbox_enter(const struct pl_settings *settings, const struct listeners *listeners,
                   const struct pl_endpoint *control)
{
    bool ok = true;

    pl_file_watch(NULL, NULL);
    if (!settings->sandbox) {
        log_warn("not confined: sandbox = off");
    } else if (UNCONFINED) {
        log_info("not confined: a build for tests");
    } else {
        add_all(listeners, control);
        if (box.failed)
            log_error("out of memory");
        ok = !box.failed && enter();
    }
    for (size_t i = 0; i < box.count; i++)
        free(box.paths[i].path);
    free(box.paths);
    box.paths = NULL;
    box.count = box.cap = 0;
    return ok;
}

const char *sandbox_hint(void)
{
    return box.confined ? "the daemon reads only what is in the folders of the files that it was "
                          "started with; for a file in another folder, restart it"
                        : NULL;
}
