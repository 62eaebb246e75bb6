/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What loading costs, once, in a fresh process: the CPU time of read() of a file into one buffer of
 * 1 MiB, used over and over, and of loading a configuration as the daemon does, all threads, user and
 * system. The file is read once before, so that it comes from the page cache.
 *
 *     bench_load CONFIGURATION FILE
 *
 * Prints "read_us load_us wall_us maxrss_kib".
 */
#include "postlatch/check.h"
#include "postlatch/config.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static long long cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* as getrusage(RUSAGE_SELF), but in ns */
    return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static long long wall_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool read_all(const char *path)
{
    static char buffer[1024 * 1024];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got;

    if (fd < 0)
        return false;
    while ((got = read(fd, buffer, sizeof(buffer))) > 0)
        continue;
    close(fd);
    return got == 0;
}

int main(int argc, char **argv)
{
    struct pl_config config;
    struct pl_diag *d = pl_diag_new();
    struct rusage usage;
    long long read_us, load_us, started;

    if (argc != 3 || d == NULL) {
        fputs("usage: bench_load CONFIGURATION FILE\n", stderr);
        return 2;
    }
    if (!read_all(argv[2])) {
        perror(argv[2]);
        return 2;
    }
    read_us = cpu_us();
    read_all(argv[2]);
    read_us = cpu_us() - read_us;
    started = wall_us();
    load_us = cpu_us();
    if (!pl_config_load_lean(&config, argv[1], d)) {
        pl_check_print_errors(d, stderr);
        return 2;
    }
    load_us = cpu_us() - load_us;
    started = wall_us() - started;
    getrusage(RUSAGE_SELF, &usage);
    printf("%lld %lld %lld %ld\n", read_us, load_us, started, usage.ru_maxrss);
    pl_config_fini(&config);
    pl_diag_free(d);
    return 0;
}
