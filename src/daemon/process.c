/* SPDX-License-Identifier: BSD-2-Clause */
#include "process.h"

#include "loop.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void process_open(struct process *p)
{
    struct timespec t;

    p->statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    p->fds = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    p->started_ms = clock_ms();
    clock_gettime(CLOCK_REALTIME, &t);
    p->started_at = (double)t.tv_sec + (double)(t.tv_nsec / 1000000) / 1e3;
}

void process_close(struct process *p)
{
    if (p->statm >= 0)
        close(p->statm);
    if (p->fds >= 0)
        close(p->fds);
    p->statm = p->fds = -1;
}

static void read_memory(int statm, struct process_figures *f)
{
    unsigned long size, resident;
    char text[128];
    ssize_t n = statm < 0 ? -1 : pread(statm, text, sizeof(text) - 1, 0);
    double page = (double)sysconf(_SC_PAGESIZE);

    if (n <= 0)
        return;
    text[n] = '\0';
    if (sscanf(text, "%lu %lu", &size, &resident) != 2)
        return;
    f->virtual_bytes = (double)size * page;
    f->resident_bytes = (double)resident * page;
}

void process_read(const struct process *p, struct process_figures *f)
{
    struct rusage used;
    struct rlimit files;
    struct stat st;

    *f = (struct process_figures){-1, -1, -1, -1, -1};
    if (getrusage(RUSAGE_SELF, &used) == 0)
        f->cpu_s = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                   (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    read_memory(p->statm, f);
    /* An older kernel says 0, and listing the folder is not for a daemon that is confined. */
    if (p->fds >= 0 && fstat(p->fds, &st) == 0 && st.st_size > 0)
        f->open_fds = (double)st.st_size;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        f->max_fds = (double)files.rlim_cur;
}
