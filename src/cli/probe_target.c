/* SPDX-License-Identifier: BSD-2-Clause */
/* The addresses of the server that is to be tested, and whether they are this host's own. */
#include "probe.h"

#include "postlatch/netlink.h"
#include "postlatch/quote.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

struct pl_addr probe_addr(const struct sockaddr_storage *addr)
{
    const struct sockaddr_in *v4 = (const void *)addr;
    const struct sockaddr_in6 *v6 = (const void *)addr;
    struct pl_addr a = {.family = 4};

    if (addr->ss_family == AF_INET) {
        memcpy(a.bytes, &v4->sin_addr, 4);
    } else if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
        memcpy(a.bytes, (const char *)&v6->sin6_addr + 12, 4);
    } else {
        a.family = 6;
        memcpy(a.bytes, &v6->sin6_addr, 16);
    }
    return a;
}

/* HOST, HOST:PORT, [ADDRESS]:PORT, or an address of IPv6 alone. */
static bool split(const char *text, char host[PL_DOMAIN_MAX + 1], char port[6])
{
    struct pl_str s = pl_str_of(text), name = s, number = pl_str_lit("25");
    size_t colon = pl_str_rfind(s, ':');
    struct pl_addr addr;
    unsigned long n;

    if (!pl_addr_parse(&addr, s) && colon < s.n && s.p[s.n - 1] != ']') {
        name.n = colon;
        number = pl_str_from(s, colon + 1);
    }
    if (name.n > 2 && name.p[0] == '[' && name.p[name.n - 1] == ']') {
        name = (struct pl_str){name.p + 1, name.n - 2};
        if (!pl_addr_parse(&addr, name))
            return false;
    } else if (!pl_addr_parse(&addr, name) && pl_str_find(name, ':') < name.n) {
        return false;
    }
    if (name.n == 0 || name.n > PL_DOMAIN_MAX || !pl_str_to_number(number, 1, 65535, &n))
        return false;
    memcpy(host, name.p, name.n);
    host[name.n] = '\0';
    snprintf(port, 6, "%lu", n);
    return true;
}

bool probe_is_loopback(const struct pl_addr *a)
{
    static const struct pl_addr one = {.family = 6, .bytes = {[15] = 1}};

    return (a->family == 4 && a->bytes[0] == 127) || pl_addr_eq(a, &one);
}

static bool is_of_this_host(const struct pl_addr *a, const struct pl_host_facts *host)
{
    for (size_t i = 0; i < host->count; i++) {
        if (host->facts[i].kind != PL_HOST_GATEWAY && pl_addr_eq(&host->facts[i].addr, a))
            return true;
    }
    return probe_is_loopback(a);
}

size_t probe_find_targets(struct probe_target out[PROBE_TARGETS], const char *text, bool all,
                          char why[PROBE_WHY])
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
    char host[PL_DOMAIN_MAX + 1], port[6], reason[PL_NETLINK_WHY], addr[PL_ADDR_TEXT];
    struct pl_host_facts facts = {0};
    struct pl_quote q;
    size_t n = 0;
    int error;

    if (!split(text, host, port)) {
        snprintf(why, PROBE_WHY,
                 "%s: expected HOST:PORT, as in mx.example.org:25, 192.0.2.25:25 or "
                 "[2001:db8::25]:25",
                 pl_quote(&q, pl_str_of(text)));
        return 0;
    }
    error = getaddrinfo(host, port, &hints, &found);
    if (error != 0) {
        snprintf(why, PROBE_WHY, "%s: %s", pl_quote(&q, pl_str_of(host)), gai_strerror(error));
        return 0;
    }
    if (!all && !pl_host_facts_read(&facts, reason)) {
        snprintf(why, PROBE_WHY, "%s", reason);
        freeaddrinfo(found);
        return 0;
    }
    for (const struct addrinfo *i = found; i != NULL && n < PROBE_TARGETS; i = i->ai_next) {
        struct probe_target *t = &out[n++];

        *t = (struct probe_target){.len = i->ai_addrlen};
        memcpy(&t->addr, i->ai_addr, i->ai_addrlen);
        t->ip = probe_addr(&t->addr);
        pl_addr_format(addr, &t->ip);
        snprintf(t->text, sizeof(t->text), t->ip.family == 6 ? "[%s]:%s" : "%s:%s", addr, port);
        t->allowed = all || is_of_this_host(&t->ip, &facts);
    }
    freeaddrinfo(found);
    pl_host_facts_fini(&facts);
    return n;
}
