/* SPDX-License-Identifier: BSD-2-Clause */
#include "progress.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    const char *what;
    bool running, over;
} progress = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *tell(void *unused)
{
    struct timespec until;
    int width = 0;

    (void)unused;
    clock_gettime(CLOCK_MONOTONIC, &until);
    pthread_mutex_lock(&progress.lock);
    for (unsigned seconds = 1; !progress.over; seconds++) {
        until.tv_sec++;
        while (!progress.over &&
               pthread_cond_timedwait(&progress.wake, &progress.lock, &until) == 0)
            continue;
        if (!progress.over)
            width = fprintf(stderr, "\rpostlatch: %s: %u s", progress.what, seconds) - 1;
    }
    pthread_mutex_unlock(&progress.lock);
    if (width > 0)
        fprintf(stderr, "\r%*s\r", width, "");
    return NULL;
}

void progress_begin(const char *what)
{
    pthread_condattr_t attr;

    if (progress.running || !isatty(STDERR_FILENO))
        return;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&progress.wake, &attr);
    pthread_condattr_destroy(&attr);
    progress.what = what;
    progress.over = false;
    progress.running = pthread_create(&progress.thread, NULL, tell, NULL) == 0;
}

void progress_end(void)
{
    if (!progress.running)
        return;
    pthread_mutex_lock(&progress.lock);
    progress.over = true;
    pthread_cond_signal(&progress.wake);
    pthread_mutex_unlock(&progress.lock);
    pthread_join(progress.thread, NULL);
    pthread_cond_destroy(&progress.wake);
    progress.running = false;
}
