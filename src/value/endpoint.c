/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of sockets, written as Postfix writes them. */
#include "postlatch/endpoint.h"

#include "postlatch/addr.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static bool parse_unix(struct pl_endpoint *e, struct pl_str path, const char **why)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&e->addr;

    if (path.n == 0 || path.p[0] != '/') {
        *why = "expected an absolute path, as in \"unix:/run/postlatch/policy\"";
        return false;
    }
    if (path.n >= sizeof(un->sun_path)) {
        *why = "the path is too long for a socket; expected at most 107 bytes";
        return false;
    }
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path.p, path.n);
    e->len = sizeof(*un);
    snprintf(e->text, sizeof(e->text), "unix:%s", un->sun_path);
    return true;
}

static bool parse_inet(struct pl_endpoint *e, struct pl_str text, const char **why)
{
    size_t colon = pl_str_rfind(text, ':');
    struct pl_str host = {text.p, colon};
    struct sockaddr_in *in4 = (struct sockaddr_in *)&e->addr;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&e->addr;
    bool bracket = host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
    char addr_text[PL_ADDR_TEXT];
    struct pl_addr addr;
    unsigned long port;

    if (colon == text.n || !pl_str_to_number(pl_str_from(text, colon + 1), 1, 65535, &port)) {
        *why = "expected a port from 1 to 65535 at the end, as in \"inet:127.0.0.1:10071\"";
        return false;
    }
    if (bracket)
        host = (struct pl_str){host.p + 1, host.n - 2};
    if (!pl_addr_parse(&addr, host)) {
        *why = "expected an IP address (no name is looked up), as in \"inet:127.0.0.1:10071\" or "
               "\"inet:[::1]:10071\"";
        return false;
    }
    if (bracket != (pl_str_find(host, ':') < host.n)) {
        *why = "expected an IPv6 address in brackets, an IPv4 address without, as in "
               "\"inet:[::1]:10071\"";
        return false;
    }
    pl_addr_format(addr_text, &addr);
    if (addr.family == 4) {
        in4->sin_family = AF_INET;
        in4->sin_port = htons((in_port_t)port);
        memcpy(&in4->sin_addr, addr.bytes, 4);
        e->len = sizeof(*in4);
        snprintf(e->text, sizeof(e->text), "inet:%s:%lu", addr_text, port);
    } else {
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((in_port_t)port);
        memcpy(&in6->sin6_addr, addr.bytes, 16);
        e->len = sizeof(*in6);
        snprintf(e->text, sizeof(e->text), "inet:[%s]:%lu", addr_text, port);
    }
    return true;
}

bool pl_endpoint_parse(struct pl_endpoint *e, struct pl_str text, const char **why)
{
    memset(e, 0, sizeof(*e));
    for (size_t i = 0; i < text.n; i++) {
        if (!pl_ascii_is_print(text.p[i])) {
            *why = "holds a byte that is not printable ASCII";
            return false;
        }
    }
    if (pl_str_has_prefix(text, pl_str_lit("unix:")))
        return parse_unix(e, pl_str_from(text, 5), why);
    if (pl_str_has_prefix(text, pl_str_lit("inet:")))
        return parse_inet(e, pl_str_from(text, 5), why);
    *why = "expected \"unix:/path\" or \"inet:address:port\"";
    return false;
}

bool pl_endpoint_is_unix(const struct pl_endpoint *e)
{
    return e->addr.ss_family == AF_UNIX;
}

const char *pl_endpoint_path(const struct pl_endpoint *e)
{
    return pl_endpoint_is_unix(e) ? ((const struct sockaddr_un *)&e->addr)->sun_path : "";
}

bool pl_endpoint_is_loopback(const struct pl_endpoint *e)
{
    if (e->addr.ss_family == AF_INET)
        return (ntohl(((const struct sockaddr_in *)&e->addr)->sin_addr.s_addr) >> 24) == 127;
    if (e->addr.ss_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)&e->addr)->sin6_addr) != 0;
    return true;
}
