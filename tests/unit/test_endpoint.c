/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of sockets: one text for each place, and the bytes that the system is given. */
#include "exact.h"

#include "postlatch/endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#define FORM "expected \"unix:/path\" or \"inet:address:port\""
#define UNPRINTABLE "holds a byte that is not printable ASCII"
#define ABSOLUTE "expected an absolute path, as in \"unix:/run/postlatch/policy\""
#define LONG_PATH "the path is too long for a socket; expected at most 107 bytes"
#define PORT "expected a port from 1 to 65535 at the end, as in \"inet:127.0.0.1:10071\""
#define ADDRESS                                                                                    \
    "expected an IP address (no name is looked up), as in \"inet:127.0.0.1:10071\" or "            \
    "\"inet:[::1]:10071\""
#define BRACKETS                                                                                   \
    "expected an IPv6 address in brackets, an IPv4 address without, as in \"inet:[::1]:10071\""

/* 107 bytes of path, the most that fits with a NUL behind it; and one more. */
#define TEN "/23456789/"
#define PATH_107 TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN "/234567"
#define PATH_108 PATH_107 "8"

static const struct {
    const char *in, *text, *path;
    bool loopback;
} good[] = {
    {"unix:/run/postlatch/policy", "unix:/run/postlatch/policy", "/run/postlatch/policy", true},
    {"unix:/", "unix:/", "/", true},
    {"unix:/a b:c", "unix:/a b:c", "/a b:c", true},
    {"unix:" PATH_107, "unix:" PATH_107, PATH_107, true},
    {"inet:127.0.0.1:10071", "inet:127.0.0.1:10071", "", true},
    {"inet:127.255.255.254:1", "inet:127.255.255.254:1", "", true},
    {"inet:126.255.255.255:65535", "inet:126.255.255.255:65535", "", false},
    {"inet:128.0.0.1:10071", "inet:128.0.0.1:10071", "", false},
    {"inet:0.0.0.0:10071", "inet:0.0.0.0:10071", "", false},
    {"inet:[::1]:10071", "inet:[::1]:10071", "", true},
    {"inet:[0:0::0:1]:10071", "inet:[::1]:10071", "", true},
    {"inet:[::]:10071", "inet:[::]:10071", "", false},
    {"inet:[::2]:10071", "inet:[::2]:10071", "", false},
    {"inet:[2001:DB8::1]:10071", "inet:[2001:db8::1]:10071", "", false},
    {"inet:[0:0:1::1]:10071", "inet:[0:0:1::1]:10071", "", false},
    {"inet:[::1:0:0:1]:10071", "inet:[::1:0:0:1]:10071", "", false},
    {"inet:[::ffff:127.0.0.1]:10071", "inet:127.0.0.1:10071", "", true}, /* always IPv4 */
    {"inet:[::ffff:192.0.2.1]:25", "inet:192.0.2.1:25", "", false},
};

static const struct {
    const char *in, *why;
} bad[] = {
    {"", FORM},
    {"unix", FORM},
    {"inet", FORM},
    {"/run/postlatch/policy", FORM},
    {"127.0.0.1:10071", FORM},
    {"UNIX:/run/x", FORM},
    {"Inet:127.0.0.1:10071", FORM},
    {" unix:/run/x", FORM},
    {"unix:/run/\xc3\xbc", UNPRINTABLE},
    {"unix:/run/x\n", UNPRINTABLE},
    {"inet:127.0.0.1:10071\t", UNPRINTABLE},
    {"\x7f", UNPRINTABLE},
    {"unix:", ABSOLUTE},
    {"unix:run/x", ABSOLUTE},
    {"unix: /run/x", ABSOLUTE},
    {"unix:@abstract", ABSOLUTE},
    {"unix:" PATH_108, LONG_PATH},
    {"inet:", PORT},
    {"inet:127.0.0.1", PORT},
    {"inet:127.0.0.1:", PORT},
    {"inet:127.0.0.1:0", PORT},
    {"inet:127.0.0.1:65536", PORT},
    {"inet:127.0.0.1:010071", PORT},
    {"inet:127.0.0.1:+1", PORT},
    {"inet:127.0.0.1:smtp", PORT},
    {"inet:127.0.0.1:25 ", PORT},
    {"inet:[::1]", PORT},
    {"inet:[::1]10071", PORT},
    {"inet::10071", ADDRESS},
    {"inet:localhost:10071", ADDRESS},
    {"inet:*:10071", ADDRESS},
    {"inet:127.1:10071", ADDRESS},
    {"inet:127.0.0.01:10071", ADDRESS},
    {"inet:127.0.0.1 :10071", ADDRESS},
    {"inet:127.0.0.0/8:10071", ADDRESS},
    {"inet:[:10071", ADDRESS},
    {"inet:[]:10071", ADDRESS},
    {"inet:[::1:10071", ADDRESS},
    {"inet:::1]:10071", ADDRESS},
    {"inet:[fe80::1%eth0]:10071", ADDRESS},
    {"inet:[127.0.0.1]:10071", BRACKETS},
    {"inet:::1:10071", BRACKETS},
    {"inet:::ffff:127.0.0.1:10071", BRACKETS},
};

static void good_endpoints(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(good); i++) {
        struct pl_endpoint e;
        const char *why = NULL;
        struct pl_str in = exact(good[i].in);

        if (!pl_endpoint_parse(&e, in, &why))
            fail_msg("%s: %s", good[i].in, why);
        exact_free(in); /* nothing of it is kept */
        check_str(good[i].in, e.text, good[i].text);
        check_str(good[i].in, pl_endpoint_path(&e), good[i].path);
        check_true(good[i].in, pl_endpoint_is_unix(&e) == (good[i].path[0] != '\0'));
        check_true(good[i].in, pl_endpoint_is_loopback(&e) == good[i].loopback);
    }
}

static void bad_endpoints(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(bad); i++) {
        struct pl_endpoint e;
        const char *why = NULL;
        struct pl_str in = exact(bad[i].in);

        if (pl_endpoint_parse(&e, in, &why))
            fail_msg("\"%s\" was taken", bad[i].in);
        check_str(bad[i].in, why == NULL ? "no reason given" : why, bad[i].why);
        exact_free(in);
    }
    {
        struct pl_endpoint e;
        const char *why = NULL;

        assert_false(pl_endpoint_parse(&e, pl_str_lit("unix:/run/x\0y"), &why));
        check_str("NUL", why, UNPRINTABLE);
    }
}

/* What bind and connect get. */
static void socket_addresses(void **state)
{
    struct pl_endpoint e;
    const struct sockaddr_un *un = (const struct sockaddr_un *)&e.addr;
    const struct sockaddr_in *in4 = (const struct sockaddr_in *)&e.addr;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&e.addr;
    struct in6_addr want6;
    const char *why;

    (void)state;
    assert_true(pl_endpoint_parse(&e, pl_str_lit("unix:/run/x"), &why));
    assert_int_equal(un->sun_family, AF_UNIX);
    assert_int_equal(e.len, sizeof(*un));
    check_str("path", un->sun_path, "/run/x");
    assert_true(pl_endpoint_parse(&e, pl_str_lit("inet:192.0.2.1:10071"), &why));
    assert_int_equal(in4->sin_family, AF_INET);
    assert_int_equal(e.len, sizeof(*in4));
    assert_int_equal(in4->sin_port, htons(10071));
    assert_int_equal(in4->sin_addr.s_addr, inet_addr("192.0.2.1"));
    assert_true(pl_endpoint_parse(&e, pl_str_lit("inet:[2001:db8::25]:10071"), &why));
    assert_int_equal(inet_pton(AF_INET6, "2001:db8::25", &want6), 1);
    assert_int_equal(in6->sin6_family, AF_INET6);
    assert_int_equal(e.len, sizeof(*in6));
    assert_int_equal(in6->sin6_port, htons(10071));
    assert_memory_equal(&in6->sin6_addr, &want6, sizeof(want6));
    assert_int_equal(in6->sin6_scope_id, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_endpoints),
        cmocka_unit_test(bad_endpoints),
        cmocka_unit_test(socket_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
