/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char folder[] = "/dev/shm/postlatch-fuzz-XXXXXX";

/*
 * The reader of files gives one that was written just now 20 ms to settle. Here every file was
 * written just now and nobody changes it: no waiting.
 */
int nanosleep(const struct timespec *time, struct timespec *left)
{
    (void)time;
    (void)left;
    return 0;
}

void fuzz_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

unsigned input_byte(struct input *in)
{
    if (in->n == 0)
        return 0;
    in->n--;
    return *in->p++;
}

struct pl_str input_until(struct input *in, char end)
{
    struct pl_str rest = {(const char *)in->p, in->n};
    size_t n = in->n == 0 ? 0 : pl_str_find(rest, end);
    size_t taken = n < in->n ? n + 1 : n;

    in->p += taken;
    in->n -= taken;
    return (struct pl_str){rest.p, n};
}

struct pl_str input_rest(struct input *in)
{
    struct pl_str rest = {(const char *)in->p, in->n};

    in->p += in->n;
    in->n = 0;
    return rest;
}

static void remove_folder(void)
{
    DIR *dir = opendir(folder);
    char path[600];
    struct dirent *e;

    while (dir != NULL && (e = readdir(dir)) != NULL) {
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        unlink(path);
    }
    if (dir != NULL)
        closedir(dir);
    rmdir(folder);
}

const char *fuzz_folder(void)
{
    static bool made;

    if (!made) {
        fuzz_check(mkdtemp(folder) != NULL);
        atexit(remove_folder);
        made = true;
    }
    return folder;
}

const char *fuzz_write(const char *name, struct pl_str content)
{
    static char path[600];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", fuzz_folder(), name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    fuzz_check(fd >= 0);
    fuzz_check(content.n == 0 || write(fd, content.p, content.n) == (ssize_t)content.n);
    close(fd);
    return path;
}

void fuzz_config(struct pl_config *config, const char *text)
{
    struct pl_diag *d = pl_diag_new();
    const char *path = fuzz_write("fixed.conf", pl_str_of(text));

    fuzz_check(d != NULL);
    if (!pl_config_load(config, path, d)) {
        fprintf(stderr, "%s\n", pl_diag_get(d, 0));
        abort();
    }
    pl_diag_free(d);
}

bool fuzz_is_action(struct pl_str action)
{
    bool digits = true;

    for (size_t i = 0; i < action.n; i++) {
        if (!pl_ascii_is_print(action.p[i]))
            return false;
        digits = digits && pl_ascii_is_digit(action.p[i]);
    }
    return action.n > 0 && !digits;
}

bool fuzz_is_reply(struct pl_str bytes)
{
    while (bytes.n > 0) {
        size_t line = pl_str_find(bytes, '\n');
        struct pl_str action;

        if (!pl_str_has_prefix(bytes, pl_str_lit("action=")) || line + 1 >= bytes.n ||
            bytes.p[line + 1] != '\n')
            return false;
        action = (struct pl_str){bytes.p + 7, line - 7};
        if (!fuzz_is_action(action))
            return false;
        bytes = pl_str_from(bytes, line + 2);
    }
    return true;
}

char *fuzz_heap(struct pl_str s)
{
    char *copy = malloc(s.n > 0 ? s.n : 1);

    fuzz_check(copy != NULL);
    if (s.n > 0)
        memcpy(copy, s.p, s.n);
    return copy;
}
