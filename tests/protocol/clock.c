/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Another time: preloaded, the clocks of the program are ahead. The wall clock is PL_CLOCK_OFFSET
 * seconds ahead, for good. With PL_CLOCK_FILE, a file of two int64_t that the test may change at any
 * moment, the wall clock is as many seconds ahead as the first says, the monotonic one as the second.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t fixed[2];
static const volatile int64_t *ahead = fixed;
static int (*real)(clockid_t, struct timespec *);

static void __attribute__((constructor)) prepare(void)
{
    const char *text = getenv("PL_CLOCK_OFFSET"), *path = getenv("PL_CLOCK_FILE");
    int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(fixed), PROT_READ, MAP_SHARED, fd, 0);

    if (fd >= 0)
        close(fd);
    fixed[0] = text == NULL ? 0 : atoll(text);
    if (p != MAP_FAILED)
        ahead = p;
    *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
}

int clock_gettime(clockid_t id, struct timespec *t)
{
    int result;

    if (real == NULL)
        prepare();
    result = real(id, t);
    if (id == CLOCK_REALTIME)
        t->tv_sec += ahead[0];
    else if (id == CLOCK_MONOTONIC)
        t->tv_sec += ahead[1];
    return result;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *t = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *t)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    if (t != NULL)
        *t = now.tv_sec;
    return now.tv_sec;
}
