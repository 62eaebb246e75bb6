/* SPDX-License-Identifier: BSD-2-Clause */
/* postlatch top: what the daemon is doing just now, over and over. */
#include "top.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { INTERVAL_S = 2, INTERVAL_MAX_S = 10, REPORTS_MAX = 1000000 };

/* The terminal's own screen is left as it was: another one is drawn on. */
#define SCREEN_ENTER "\033[?1049h\033[?25l"
#define SCREEN_LEAVE "\033[?25h\033[?1049l"
#define SCREEN_HOME "\033[H"
#define SCREEN_CLEAR_LINE "\033[K"
#define SCREEN_CLEAR_REST "\033[J"

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
    (void)number;
    ended = 1;
}

struct screen {
    bool drawn, keys; /* on standard output; keys are read from standard input */
    struct termios before;
};

static void screen_enter(struct screen *s, bool wanted)
{
    struct sigaction act = {.sa_handler = on_signal};
    struct termios raw;

    *s = (struct screen){.drawn = wanted};
    if (!wanted)
        return;
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    s->keys = tcgetattr(STDIN_FILENO, &s->before) == 0;
    if (s->keys) {
        raw = s->before;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    fputs(SCREEN_ENTER, stdout);
}

static void screen_leave(const struct screen *s)
{
    if (!s->drawn)
        return;
    fputs(SCREEN_LEAVE, stdout);
    fflush(stdout);
    if (s->keys)
        tcsetattr(STDIN_FILENO, TCSANOW, &s->before);
}

static void screen_show(struct pl_str text)
{
    fputs(SCREEN_HOME, stdout);
    while (text.n > 0) {
        size_t n = pl_str_find(text, '\n');

        printf("%.*s" SCREEN_CLEAR_LINE "\n", (int)n, text.p);
        text = pl_str_from(text, n < text.n ? n + 1 : n);
    }
    fputs("q: end" SCREEN_CLEAR_REST, stdout);
    fflush(stdout);
}

/* Waits, or ends when the user wants it: q, or a signal. */
static void wait_for(const struct screen *s, int seconds)
{
    struct pollfd p = {STDIN_FILENO, POLLIN, 0};
    struct timespec start, now;
    long left_ms = 1000L * seconds;
    char key;

    clock_gettime(CLOCK_MONOTONIC, &start);
    while (!ended && left_ms > 0) {
        if (poll(&p, s->keys ? 1 : 0, (int)left_ms) > 0 &&
            (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q'))
            ended = 1;
        clock_gettime(CLOCK_MONOTONIC, &now);
        left_ms = 1000L * seconds - (now.tv_sec - start.tv_sec) * 1000 -
                  (now.tv_nsec - start.tv_nsec) / 1000000;
    }
}

static bool show(const struct screen *s, const struct arguments *a, const struct top_report *r,
                 const struct top_sample *now)
{
    struct winsize size = {.ws_row = 0};
    struct pl_buf text = {0};
    struct pl_json *json;
    bool ok;

    if (a->json) {
        json = top_json(r);
        pl_json_print(json, stdout);
        pl_json_free(json);
        return fflush(stdout) == 0;
    }
    if (s->drawn && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
        size = (struct winsize){.ws_row = 24, .ws_col = 80};
    top_draw(&text, r, now, size.ws_row > 1 ? size.ws_row - 1U : 0, size.ws_col);
    ok = !text.failed;
    if (ok && s->drawn)
        screen_show(pl_buf_str(&text));
    else if (ok)
        fwrite(text.p, 1, text.n, stdout);
    pl_buf_fini(&text);
    return ok && fflush(stdout) == 0;
}

/* The value of an option that is a number; false after printing what is wrong. */
static bool number(const char *name, const char *text, unsigned long max, unsigned long *n)
{
    if (text == NULL || pl_str_to_number(pl_str_of(text), 1, max, n))
        return true;
    trouble("top: %s \"%s\": expected a number from 1 to %lu", name, text, max);
    return false;
}

/* Reports until the user has enough, or so many. */
static int report(const struct arguments *a, struct screen *s, unsigned long interval,
                  unsigned long reports)
{
    struct top_sample before, now;
    struct top_report r;
    int status = EXIT_TROUBLE;
    bool ok;

    if (!top_take(&before, a)) {
        top_free(&before);
        return status;
    }
    screen_enter(s, reports == 0 && isatty(STDOUT_FILENO) && !a->json);
    for (unsigned long i = 0; !ended; i++) {
        if (reports != 0 ? i == reports : !s->drawn && i == 1)
            break;
        /* The first one soon, so that there is something to look at. */
        wait_for(s, i == 0 && s->drawn ? 1 : (int)interval);
        if (ended)
            break;
        ok = top_take(&now, a);
        if (ok) {
            if (i > 0 && !s->drawn && !a->json)
                putchar('\n');
            ok = top_compare(&r, &before, &now) && show(s, a, &r, &now);
            top_report_free(&r);
        }
        top_free(&before);
        before = now;
        if (!ok)
            goto out;
    }
    status = EXIT_FINE;
out:
    top_free(&before);
    return status;
}

int cmd_top(const struct arguments *a)
{
    unsigned long interval = INTERVAL_S, reports = 0;
    struct screen s = {.drawn = false};
    int status;

    if (!number("--interval", a->interval, INTERVAL_MAX_S, &interval) ||
        !number("--reports", a->reports, REPORTS_MAX, &reports))
        return EXIT_TROUBLE;
    status = report(a, &s, interval, reports);
    screen_leave(&s);
    return status;
}
