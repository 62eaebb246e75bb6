/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel says of a host that the test has made: a network namespace of its own with bridges,
 * addresses and every way to write a default route. Exits with 77 where that is not possible.
 */
#include "unit.h"

#include "postlatch/buf.h"
#include "postlatch/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

enum { SKIPPED = 77 };

static void write_map(const char *path, unsigned id)
{
    char text[40];
    int n = snprintf(text, sizeof(text), "0 %u 1", id);
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd >= 0 && write(fd, text, (size_t)n) != n)
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    if (fd >= 0)
        close(fd);
}

/* A namespace of our own, in which we are root; false where it cannot be had. */
static bool enter_namespace(void)
{
    unsigned uid = getuid();

    if (unshare(CLONE_NEWNET) == 0)
        return true;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return false;
    write_map("/proc/self/uid_map", uid);
    return true;
}

static void run(const char *command)
{
    if (system(command) != 0)
        fail_msg("failed: %s", command);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* All facts, a line each, sorted; what a bridge chose as its own fe80:: address is left out. */
static void check_facts(const char *row, const char *want)
{
    static const char *const words[] = {"interface", "bridge", "gateway"};
    struct pl_host_facts h = {0};
    char lines[64][128], addr[PL_ADDR_TEXT], why[PL_NETLINK_WHY] = "";
    struct pl_buf out = {0};
    size_t n = 0;

    if (!pl_host_facts_read(&h, why))
        fail_msg("%s: %s", row, why);
    for (size_t i = 0; i < h.count && n < ROWS(lines); i++) {
        const struct pl_host_fact *f = &h.facts[i];

        if (f->kind != PL_HOST_GATEWAY && f->addr.bytes[0] == 0xfe)
            continue;
        snprintf(lines[n++], sizeof(lines[0]), "%s %s %s/%u\n", words[f->kind], f->name,
                 pl_addr_format(addr, &f->addr), f->len);
    }
    qsort(lines, n, sizeof(lines[0]), by_text);
    for (size_t i = 0; i < n; i++)
        pl_buf_addf(&out, "%s", lines[i]);
    check_str(row, n == 0 ? "" : out.p, want);
    pl_buf_fini(&out);
    pl_host_facts_fini(&h);
}

static void nothing(void **state)
{
    (void)state;
    check_facts("a namespace as it begins", "");
}

#define ADDRESSES                                                                                  \
    "bridge br0 172.17.0.1/16\n"                                                                   \
    "bridge br0 fd00::1/64\n"                                                                      \
    "bridge lan 10.0.0.5/24\n"                                                                     \
    "bridge lan 192.0.2.5/32\n"                                                                    \
    "bridge lan 2001:db8::5/64\n"

#define LOOPBACK                                                                                   \
    "interface lo 127.0.0.1/8\n"                                                                   \
    "interface lo 203.0.113.1/32\n"                                                                \
    "interface lo ::1/128\n"

static void addresses(void **state)
{
    (void)state;
    run("ip link set lo up && ip addr add 203.0.113.1/32 dev lo");
    run("ip link add br0 type bridge && ip addr add 172.17.0.1/16 dev br0 && "
        "ip addr add fd00::1/64 dev br0 nodad && ip link set br0 up");
    run("ip link add lan type bridge && ip addr add 10.0.0.5/24 dev lan && "
        "ip addr add 192.0.2.5 peer 192.0.2.6/32 dev lan && "
        "ip addr add 2001:db8::5/64 dev lan nodad && ip link set lan up");
    check_facts("no routes", ADDRESSES LOOPBACK);
}

static void routes(void **state)
{
    static const struct {
        const char *command, *want;
    } cases[] = {
        {"ip route add default via 10.0.0.1", "gateway  10.0.0.1/32\n"},
        {"ip route add default via 10.0.0.2 table 77", "gateway  10.0.0.2/32\n"},
        {"ip route add default metric 9 nexthop via 10.0.0.3 nexthop via 10.0.0.4",
         "gateway  10.0.0.3/32\ngateway  10.0.0.4/32\n"},
        {"ip route add 0.0.0.0/1 via 10.0.0.6; ip route add 128.0.0.0/1 via 10.0.0.6",
         "gateway  10.0.0.6/32\n"},
        {"ip route add default via inet6 2001:db8::9", "gateway  2001:db8::9/128\n"},
        {"ip -6 route add default via 2001:db8::1", "gateway  2001:db8::1/128\n"},
        {"ip -6 route add default via fe80::1 dev lan", "gateway  fe80::1/128\n"},
        {"ip -6 route add default nexthop via 2001:db8::2 nexthop via 2001:db8::3",
         "gateway  2001:db8::2/128\ngateway  2001:db8::3/128\n"},
        {"ip -6 route add 2000::/3 via 2001:db8::4", "gateway  2001:db8::4/128\n"},
        {"ip route add default dev lan", ""},
        {"ip route add 198.51.100.0/24 via 10.0.0.7", ""},
        {"ip route add blackhole default", ""},
    };
    char command[256], want[1024];

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++) {
        snprintf(command, sizeof(command),
                 "ip route flush table all type unicast proto boot; "
                 "ip -6 route flush table all proto boot; %s",
                 cases[i].command);
        snprintf(want, sizeof(want), "%s%s%s", ADDRESSES, cases[i].want, LOOPBACK);
        run(command);
        check_facts(cases[i].command, want);
    }
}

/* More than one answer can hold. */
static void many(void **state)
{
    char command[] =
        "for i in $(seq 1 200); do echo \"addr add 10.9.0.$i/32 dev lan\"; "
        "echo \"route add default via 10.0.0.$i metric $((1000 + i))\"; done | ip -b -";
    struct pl_host_facts h = {0};
    char why[PL_NETLINK_WHY] = "";
    size_t interfaces = 0, gateways = 0;

    (void)state;
    run("ip route flush table all type unicast proto boot; true");
    run(command);
    if (!pl_host_facts_read(&h, why))
        fail_msg("%s", why);
    for (size_t i = 0; i < h.count; i++) {
        interfaces += h.facts[i].addr.family == 4 && h.facts[i].addr.bytes[1] == 9;
        gateways += h.facts[i].kind == PL_HOST_GATEWAY && h.facts[i].addr.family == 4;
    }
    assert_int_equal(interfaces, 200);
    assert_int_equal(gateways, 200);
    pl_host_facts_fini(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing),
        cmocka_unit_test(addresses),
        cmocka_unit_test(routes),
        cmocka_unit_test(many),
    };
    const char *all = getenv("PL_REQUIRE_ALL");

    if (!enter_namespace() || system("ip link add probe type bridge && ip link del probe") != 0) {
        fprintf(stderr, "skipped: no network namespace with a bridge in it can be made here (needs "
                        "user namespaces or root, the kernel's bridges, and ip of iproute2)\n");
        return all != NULL && strcmp(all, "1") == 0 ? 1 : SKIPPED;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
