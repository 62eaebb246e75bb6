/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log from its producers to a syslog socket that reads, does not read, goes and comes back: no
 * producer ever waits, lines keep their order, and each is either delivered or counted.
 */
#include "unit.h"

#include "daemon/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

enum { WORKERS = 3, PATIENCE_S = 60, LINE = 200 };

static char folder[] = "/tmp/postlatch-test-log.XXXXXX";
static char path[64];

/* ---- a syslog ---- */

static int open_syslog(void)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    struct timeval patience = {PATIENCE_S, 0};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
    unlink(path);
    assert_int_equal(bind(fd, (const struct sockaddr *)&addr, sizeof(addr)), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return fd;
}

static void close_syslog(int fd)
{
    close(fd);
    unlink(path);
}

/* What has been read so far. */
struct seen {
    unsigned long lines, drops_said, messages;
    unsigned next[WORKERS]; /* the least number that each may say next */
};

/* Reads a line; false for the one that is "end". */
static bool read_line(int fd, struct seen *seen)
{
    char line[1024];
    ssize_t n = recv(fd, line, sizeof(line) - 1, 0);
    unsigned worker, number;
    unsigned long lost;
    const char *text;

    if (n < 0)
        fail_msg("nothing more comes: %s", strerror(errno));
    line[n] = '\0';
    text = strstr(line, "tag[");
    assert_non_null(text);
    text = strstr(text, "]: ");
    assert_non_null(text);
    text += 3;
    if (sscanf(text, "worker %u line %u ", &worker, &number) == 2) {
        assert_int_equal(strncmp(line, "<22>", 4), 0);
        assert_int_equal(strlen(text), LINE);
        assert_true(worker < WORKERS && number >= seen->next[worker]);
        seen->next[worker] = number + 1;
        seen->lines++;
    } else if (sscanf(text, "log: %lu line", &lost) == 1) {
        assert_int_equal(strncmp(line, "<20>", 4), 0);
        seen->drops_said += lost;
    } else if (strcmp(text, "a message") == 0) {
        assert_int_equal(strncmp(line, "<19>", 4), 0);
        seen->messages++;
    } else {
        check_str("text", text, "end");
        return false;
    }
    return true;
}

/* ---- the daemon's side ---- */

struct worker {
    unsigned index, from, lines;
};

static void *work(void *arg)
{
    const struct worker *w = arg;

    log_use_queue(w->index);
    for (unsigned i = w->from; i < w->from + w->lines; i++) {
        char *room = log_reserve();
        int n;

        if (room == NULL)
            continue;
        n = snprintf(room, LINE + 1, "worker %u line %u ", w->index, i);
        memset(room + n, '.', (size_t)(LINE - n));
        log_commit(LOG_INFO, LINE);
    }
    return NULL;
}

/* So many lines of each worker, from threads of their own. */
static void produce(unsigned from, unsigned lines)
{
    struct worker workers[WORKERS];
    pthread_t threads[WORKERS];

    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){i, from, lines};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
}

static void start(void)
{
    struct pl_settings s = {.log_socket = path, .log_tag = "tag", .log_facility = LOG_MAIL};

    log_open();
    log_configure(&s);
    assert_true(log_start(WORKERS));
}

/* ---- */

/* A reader of its own thread, until send_end. */
struct reader {
    int fd;
    pthread_t thread;
    struct seen seen;
};

static void *read_thread(void *arg)
{
    struct reader *r = arg;

    while (read_line(r->fd, &r->seen))
        ;
    return NULL;
}

/* A line behind all that is in the socket by now; waits for room. */
static void send_end(void)
{
    static const char line[] = "tag[1]: end";
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
    assert_true(sendto(fd, line, strlen(line), 0, (const struct sockaddr *)&addr, sizeof(addr)) >
                0);
    close(fd);
}

/* With a logger that reads. What is queued when the log is closed arrives, too. */
static void reading(void **state)
{
    unsigned long before = log_dropped();
    struct reader r = {.fd = open_syslog()};

    (void)state;
    start();
    assert_int_equal(pthread_create(&r.thread, NULL, read_thread, &r), 0);
    produce(0, 3000);
    for (int i = 0; i < 100; i++)
        log_error("a message");
    produce(3000, 10);
    log_close();
    send_end();
    pthread_join(r.thread, NULL);
    assert_int_equal(r.seen.messages, 100);
    assert_int_equal(r.seen.lines + (log_dropped() - before), WORKERS * 3010UL);
    close_syslog(r.fd);
}

/* With one that reads nothing: nobody waits, no message is lost, the rest is counted. */
static void full(void **state)
{
    unsigned long before = log_dropped(), dropped;
    int fd = open_syslog();
    struct seen seen = {0};

    (void)state;
    start();
    produce(0, 20000);
    for (int i = 0; i < 100; i++)
        log_error("a message");
    produce(20000, 20000);
    log_flush();
    assert_true(log_dropped() > before);
    /* It reads again: the count is told without another line. */
    do {
        read_line(fd, &seen);
        dropped = log_dropped() - before;
    } while (seen.lines + dropped < WORKERS * 40000UL || seen.drops_said < dropped ||
             seen.messages < 100);
    assert_int_equal(seen.lines + dropped, WORKERS * 40000UL);
    assert_int_equal(seen.drops_said, dropped);
    assert_int_equal(seen.messages, 100);
    log_close();
    close_syslog(fd);
}

/* With none, then one, which goes, then another: what fits into the queues is not lost. */
static void absent_and_back(void **state)
{
    unsigned long before = log_dropped();
    struct seen seen = {0};
    int fd;

    (void)state;
    start();
    produce(0, 50);
    log_error("a message");
    log_flush();
    fd = open_syslog();
    while (seen.lines < WORKERS * 50 || seen.messages < 1)
        read_line(fd, &seen);
    close_syslog(fd);
    log_flush();
    produce(50, 50);
    log_error("a message");
    log_flush();
    fd = open_syslog();
    while (seen.lines < WORKERS * 100 || seen.messages < 2)
        read_line(fd, &seen);
    /* Restarted at once: the old socket is gone, the new one is found. */
    close(fd);
    fd = open_syslog();
    produce(100, 50);
    while (seen.lines < WORKERS * 150)
        read_line(fd, &seen);
    assert_int_equal(log_dropped(), before);
    assert_int_equal(seen.messages, 2);
    log_close();
    close_syslog(fd);
}

/* The end does not wait for ever for a logger that takes nothing; what it leaves is counted. */
static void stuck_at_the_end(void **state)
{
    unsigned long before = log_dropped();
    struct seen seen = {0};
    int fd = open_syslog();

    (void)state;
    start();
    produce(0, 1000);
    log_close();
    assert_true(log_dropped() > before);
    while (seen.lines + (log_dropped() - before) < WORKERS * 1000UL)
        read_line(fd, &seen);
    assert_int_equal(seen.lines + (log_dropped() - before), WORKERS * 1000UL);
    close_syslog(fd);
}

/* A line that must be the last, while nothing else is taken, and after all that is queued. */
static void last_words(void **state)
{
    struct seen seen = {0};
    int fd = open_syslog();

    (void)state;
    start();
    log_error("a message");
    log_fatal("%s", "end");
    while (read_line(fd, &seen))
        ;
    assert_int_equal(seen.messages, 1);
    log_close();
    log_fatal("%s", "end");
    while (read_line(fd, &seen))
        ;
    close_syslog(fd);
}

/* A thread that is no worker may use the same calls, with and without the log's thread. */
static void without_a_queue(void **state)
{
    struct seen seen = {0};
    int fd = open_syslog();

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct pl_settings s = {.log_socket = path, .log_tag = "tag", .log_facility = LOG_MAIL};
        char *room;

        if (i == 0) {
            start();
        } else {
            log_open();
            log_configure(&s);
        }
        room = log_reserve();
        assert_non_null(room);
        memcpy(room, "a message", 9);
        log_commit(LOG_ERR, 9);
        while (seen.messages < (unsigned)i + 1)
            read_line(fd, &seen);
        log_close();
    }
    close_syslog(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading),         cmocka_unit_test(full),
        cmocka_unit_test(absent_and_back), cmocka_unit_test(stuck_at_the_end),
        cmocka_unit_test(last_words),      cmocka_unit_test(without_a_queue),
    };
    int failed;

    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(path, sizeof(path), "%s/log", folder);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    rmdir(folder);
    return failed;
}
