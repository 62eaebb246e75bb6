/* SPDX-License-Identifier: BSD-2-Clause */
/* What is told when the kernel does not answer as it should: never "no facts". */
#include "unit.h"

#include "postlatch/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <time.h>

/* What goes wrong, at the receiving of answer number at_answer and of those behind it, times times. */
static enum fault {
    NOTHING,
    NO_SOCKET,
    NO_ANSWER,
    BROKEN,
    CLOSED,
    REFUSED,
    CUT,
    INTERRUPTED
} fault;
static int at_answer, times, answers, sockets;
static time_t jump; /* seconds that the clock is ahead */

struct mnl_socket *__real_mnl_socket_open2(int bus, int flags);
struct mnl_socket *__wrap_mnl_socket_open2(int bus, int flags);
ssize_t __real_mnl_socket_recvfrom(const struct mnl_socket *s, void *buf, size_t size);
ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *s, void *buf, size_t size);
int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

struct mnl_socket *__wrap_mnl_socket_open2(int bus, int flags)
{
    sockets++;
    if (fault != NO_SOCKET)
        return __real_mnl_socket_open2(bus, flags);
    errno = EAFNOSUPPORT;
    return NULL;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = __real_clock_gettime(clock, now);

    now->tv_sec += jump;
    return result;
}

/* The end of a dump, as a message of the kernel. */
static ssize_t end_of_dump(const struct mnl_socket *s, void *buf, unsigned seq, int error,
                           int flags)
{
    struct nlmsghdr *head = mnl_nlmsg_put_header(buf);
    int *code = mnl_nlmsg_put_extra_header(head, sizeof(*code));

    head->nlmsg_type = NLMSG_DONE;
    head->nlmsg_flags = (uint16_t)(NLM_F_MULTI | flags);
    head->nlmsg_seq = seq;
    head->nlmsg_pid = mnl_socket_get_portid(s);
    *code = error;
    return (ssize_t)head->nlmsg_len;
}

ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *s, void *buf, size_t size)
{
    ssize_t n = __real_mnl_socket_recvfrom(s, buf, size);
    struct nlmsghdr *head = buf;

    if (answers++ < at_answer || times == 0 || n <= 0)
        return n;
    times--;
    switch (fault) {
    case NO_ANSWER: /* as a socket whose time is up */
        jump++;
        errno = EAGAIN;
        return -1;
    case BROKEN:
        errno = ENOBUFS;
        return -1;
    case CLOSED:
        return 0;
    case REFUSED:
        return end_of_dump(s, buf, head->nlmsg_seq, -EMSGSIZE, 0);
    case CUT: /* a message too short for what it must begin with */
        head->nlmsg_len = sizeof(*head) + 4;
        return (ssize_t)sizeof(*head) + 4;
    case INTERRUPTED:
        head->nlmsg_flags |= NLM_F_DUMP_INTR;
        return n;
    default:
        return n;
    }
}

static bool read_with(enum fault what, int first, int n, struct pl_host_facts *h,
                      char why[PL_NETLINK_WHY])
{
    fault = what;
    at_answer = first;
    times = n;
    answers = sockets = 0;
    jump = 0;
    why[0] = '\0';
    return pl_host_facts_read(h, why);
}

static void failures(void **state)
{
    static const struct {
        const char *name;
        enum fault fault;
        const char *want;
    } cases[] = {
        {"no socket", NO_SOCKET,
         "host facts could not be read: a netlink socket: Address family not supported by "
         "protocol"},
        {"no answer", NO_ANSWER,
         "host facts could not be read: the kernel did not answer within 5 seconds"},
        {"an error", BROKEN, "host facts could not be read: interfaces: No buffer space available"},
        {"a connection that ends", CLOSED,
         "host facts could not be read: interfaces: the kernel closed the connection"},
        {"a dump that ends with an error", REFUSED,
         "host facts could not be read: interfaces: Message too long"},
        {"a message too short", CUT,
         "host facts could not be read: the kernel sent a message that cannot be read"},
        {"interrupted each time", INTERRUPTED,
         "host facts could not be read: interfaces: they changed all the time"},
    };
    struct pl_host_fact fact = {.kind = PL_HOST_GATEWAY, .addr = {4, {10}}, .len = 32};

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++) {
        struct pl_host_facts h = {0};
        char why[PL_NETLINK_WHY];

        assert_true(pl_host_facts_add(&h, &fact));
        check_true(cases[i].name, !read_with(cases[i].fault, 0, 1000, &h, why));
        check_str(cases[i].name, why, cases[i].want);
        /* What was known before stays, what came before the failure does not. */
        check_true(cases[i].name, h.count == 1);
        check_true(cases[i].name, sockets == (cases[i].fault == INTERRUPTED ? 5 : 1));
        pl_host_facts_fini(&h);
    }
}

/* A failure behind the first dump says what was being asked. */
static void later_failures(void **state)
{
    static const char *const what[] = {"interfaces", "addresses", "routes of IPv4",
                                       "routes of IPv6"};
    size_t seen = 0;

    (void)state;
    for (int first = 0; seen < ROWS(what); first++) {
        struct pl_host_facts h = {0};
        char why[PL_NETLINK_WHY], want[PL_NETLINK_WHY];

        check_true("each dump is reached", !read_with(BROKEN, first, 1, &h, why));
        snprintf(want, sizeof(want), "host facts could not be read: %s: No buffer space available",
                 what[seen]);
        if (strcmp(why, want) != 0 && seen > 0) { /* still the dump before */
            snprintf(want, sizeof(want),
                     "host facts could not be read: %s: No buffer space available", what[seen - 1]);
            check_str("later", why, want);
        } else {
            check_str("later", why, want);
            seen++;
        }
        assert_int_equal(h.count, 0);
        pl_host_facts_fini(&h);
    }
}

/* Interrupted once or not answered at once, it is asked, or waited for, again. */
static void second_attempts(void **state)
{
    struct pl_host_facts whole = {0}, h = {0};
    char why[PL_NETLINK_WHY];

    (void)state;
    check_true(why, read_with(NOTHING, 0, 0, &whole, why));
    check_true(why, read_with(INTERRUPTED, 1, 1, &h, why));
    assert_int_equal(sockets, 2);
    assert_int_equal(h.count, whole.count);
    for (size_t i = 0; i < h.count; i++)
        assert_memory_equal(&h.facts[i], &whole.facts[i], sizeof(h.facts[i]));
    pl_host_facts_fini(&h);
    pl_host_facts_fini(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures),
        cmocka_unit_test(later_failures),
        cmocka_unit_test(second_attempts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
