/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The facts of this host, by rtnetlink: four dumps, of links, addresses, and routes of both families.
 * The only file that knows libmnl, which checks every length that it passes over. If something changes
 * while it is dumped, the kernel says so and all of it is asked again.
 */
#include "postlatch/netlink.h"

#include "postlatch/buf.h"
#include "postlatch/compiler.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

/* Linux fills up to 32 KiB at once, and messages of links may need more than the usual 8. */
enum { BUFFER = 32768, ATTEMPTS = 5 };

struct link {
    int index;
    bool bridge;
    char name[PL_HOST_NAME];
};

struct reading {
    struct pl_host_facts *h;
    size_t before; /* facts that were there before */
    struct link *links;
    size_t nlinks, links_cap;
    struct timespec until;
    char *why;
    bool changed; /* while it was being read: to be read again */
};

static bool fail(struct reading *r, const char *fmt, ...) PL_PRINTF(2, 3);
static bool fail(struct reading *r, const char *fmt, ...)
{
    int n = snprintf(r->why, PL_NETLINK_WHY, "host facts could not be read: ");
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(r->why + n, PL_NETLINK_WHY - (size_t)n, fmt, ap);
    va_end(ap);
    return false;
}

/* The attributes of a message that are looked at, by type. */
struct attributes {
    const struct nlattr *of[64];
};

_Static_assert(IFLA_LINKINFO < 64 && IFA_LOCAL < 64 && RTA_NH_ID < 64, "they have room");

static int note_attribute(const struct nlattr *attr, void *arg)
{
    struct attributes *a = arg;
    unsigned type = mnl_attr_get_type(attr);

    if (type < sizeof(a->of) / sizeof(a->of[0]))
        a->of[type] = attr;
    return MNL_CB_OK;
}

/* The address in an attribute that may be missing. */
static bool get_address(const struct nlattr *attr, int family, struct pl_addr *addr)
{
    size_t size = family == AF_INET ? 4 : 16;

    *addr = (struct pl_addr){0};
    if (attr == NULL || (family != AF_INET && family != AF_INET6) ||
        mnl_attr_get_payload_len(attr) < size)
        return false;
    addr->family = family == AF_INET ? 4 : 6;
    memcpy(addr->bytes, mnl_attr_get_payload(attr), size);
    return true;
}

static bool add_fact(struct reading *r, const struct pl_host_fact *fact)
{
    for (size_t i = r->before; i < r->h->count; i++) {
        const struct pl_host_fact *other = &r->h->facts[i];

        if (other->kind == fact->kind && pl_addr_eq(&other->addr, &fact->addr) &&
            other->len == fact->len && strcmp(other->name, fact->name) == 0)
            return true;
    }
    return pl_host_facts_add(r->h, fact) || fail(r, "out of memory");
}

/* The fixed part of a message; NULL after saying so if it is too short for it. */
static const void *fixed_part(struct reading *r, const struct nlmsghdr *message, size_t size)
{
    if (mnl_nlmsg_get_payload_len(message) >= size)
        return mnl_nlmsg_get_payload(message);
    fail(r, "the kernel sent a message that cannot be read");
    return NULL;
}

static int on_link(const struct nlmsghdr *message, void *arg)
{
    struct reading *r = arg;
    const struct ifinfomsg *info = fixed_part(r, message, sizeof(*info));
    struct attributes a = {0}, kind = {0};
    struct link link = {0}, *links;

    if (info == NULL)
        return MNL_CB_ERROR;
    link.index = info->ifi_index;
    mnl_attr_parse(message, sizeof(*info), note_attribute, &a);
    if (a.of[IFLA_IFNAME] != NULL && mnl_attr_validate(a.of[IFLA_IFNAME], MNL_TYPE_NUL_STRING) >= 0)
        snprintf(link.name, sizeof(link.name), "%s", mnl_attr_get_str(a.of[IFLA_IFNAME]));
    if (a.of[IFLA_LINKINFO] != NULL)
        mnl_attr_parse_nested(a.of[IFLA_LINKINFO], note_attribute, &kind);
    /* The kernel's own kinds end without NUL in some versions. */
    if (kind.of[IFLA_INFO_KIND] != NULL) {
        const char *text = mnl_attr_get_payload(kind.of[IFLA_INFO_KIND]);
        size_t room = mnl_attr_get_payload_len(kind.of[IFLA_INFO_KIND]);

        link.bridge = pl_str_eq((struct pl_str){text, strnlen(text, room)}, pl_str_lit("bridge"));
    }
    links = pl_grow(r->links, &r->links_cap, r->nlinks, sizeof(*links));
    if (links == NULL) {
        fail(r, "out of memory");
        return MNL_CB_ERROR;
    }
    r->links = links;
    r->links[r->nlinks++] = link;
    return MNL_CB_OK;
}

static int on_address(const struct nlmsghdr *message, void *arg)
{
    struct reading *r = arg;
    const struct ifaddrmsg *info = fixed_part(r, message, sizeof(*info));
    struct pl_host_fact fact = {.kind = PL_HOST_INTERFACE};
    struct attributes a = {0};

    if (info == NULL)
        return MNL_CB_ERROR;
    fact.len = info->ifa_prefixlen;
    mnl_attr_parse(message, sizeof(*info), note_attribute, &a);
    /* On a line between two hosts IFA_ADDRESS is the other one. */
    if (!get_address(a.of[IFA_LOCAL], info->ifa_family, &fact.addr) &&
        !get_address(a.of[IFA_ADDRESS], info->ifa_family, &fact.addr))
        return MNL_CB_OK; /* neither IPv4 nor IPv6 */
    for (size_t i = 0; i < r->nlinks; i++) {
        if (r->links[i].index != (int)info->ifa_index)
            continue;
        if (r->links[i].bridge)
            fact.kind = PL_HOST_BRIDGE;
        memcpy(fact.name, r->links[i].name, sizeof(fact.name));
        return add_fact(r, &fact) ? MNL_CB_OK : MNL_CB_ERROR;
    }
    r->changed = true; /* an interface that came after the links were listed */
    return MNL_CB_OK;
}

/* RTA_VIA: a gateway of another family than the route's. */
static bool get_via(const struct nlattr *attr, struct pl_addr *addr)
{
    const struct rtvia *via;
    size_t size;

    if (attr == NULL || mnl_attr_get_payload_len(attr) < sizeof(*via))
        return false;
    via = mnl_attr_get_payload(attr);
    size = via->rtvia_family == AF_INET ? 4 : 16;
    if ((via->rtvia_family != AF_INET && via->rtvia_family != AF_INET6) ||
        mnl_attr_get_payload_len(attr) < sizeof(*via) + size)
        return false;
    addr->family = via->rtvia_family == AF_INET ? 4 : 6;
    memcpy(addr->bytes, via->rtvia_addr, size);
    return true;
}

static bool add_gateway(struct reading *r, const struct attributes *a, int family)
{
    struct pl_host_fact fact = {.kind = PL_HOST_GATEWAY};

    if (!get_address(a->of[RTA_GATEWAY], family, &fact.addr) &&
        !get_via(a->of[RTA_VIA], &fact.addr))
        return true; /* out of an interface, without a router */
    fact.len = (uint8_t)pl_addr_bits(&fact.addr);
    return add_fact(r, &fact);
}

/* RTA_MULTIPATH: next hops, each with attributes of its own. */
static bool add_multipath(struct reading *r, const struct nlattr *attr, int family)
{
    const char *p = mnl_attr_get_payload(attr);
    size_t left = mnl_attr_get_payload_len(attr);

    while (left >= sizeof(struct rtnexthop)) {
        const struct rtnexthop *hop = (const void *)p;
        struct attributes a = {0};
        size_t size = ((size_t)hop->rtnh_len + 3) / 4 * 4;

        if (hop->rtnh_len < sizeof(*hop) || hop->rtnh_len > left)
            return fail(r, "the kernel sent a route that cannot be read");
        mnl_attr_parse_payload(p + sizeof(*hop), hop->rtnh_len - sizeof(*hop), note_attribute, &a);
        if (!add_gateway(r, &a, family))
            return false;
        p += size < left ? size : left;
        left -= size < left ? size : left;
    }
    return true;
}

static int on_route(const struct nlmsghdr *message, void *arg)
{
    struct reading *r = arg;
    const struct rtmsg *route = fixed_part(r, message, sizeof(*route));
    struct attributes a = {0};
    bool v4;

    if (route == NULL)
        return MNL_CB_ERROR;
    v4 = route->rtm_family == AF_INET;
    /* Default routes, halves of IPv4 as VPNs set them, and all of IPv6 that is in use. */
    if ((!v4 && route->rtm_family != AF_INET6) || route->rtm_dst_len > (v4 ? 1 : 3) ||
        route->rtm_type != RTN_UNICAST || (route->rtm_flags & RTM_F_CLONED) != 0)
        return MNL_CB_OK;
    mnl_attr_parse(message, sizeof(*route), note_attribute, &a);
    if (a.of[RTA_MULTIPATH] != NULL)
        return add_multipath(r, a.of[RTA_MULTIPATH], route->rtm_family) ? MNL_CB_OK : MNL_CB_ERROR;
    if (a.of[RTA_NH_ID] != NULL && a.of[RTA_GATEWAY] == NULL && a.of[RTA_VIA] == NULL &&
        a.of[RTA_OIF] == NULL) {
        fail(r,
             "a default route is given as next hop object %u only "
             "(net.ipv4.nexthop_compat_mode = 0); put its gateway into a file for --host",
             mnl_attr_get_payload_len(a.of[RTA_NH_ID]) >= 4 ? mnl_attr_get_u32(a.of[RTA_NH_ID])
                                                            : 0);
        return MNL_CB_ERROR;
    }
    return add_gateway(r, &a, route->rtm_family) ? MNL_CB_OK : MNL_CB_ERROR;
}

/* Whether time is left; sets the socket's own limit to it. */
static bool wait_for(struct reading *r, const struct mnl_socket *s)
{
    struct timespec now;
    struct timeval left;
    long long us;

    clock_gettime(CLOCK_MONOTONIC, &now);
    us = (r->until.tv_sec - now.tv_sec) * 1000000LL + (r->until.tv_nsec - now.tv_nsec) / 1000;
    if (us <= 0)
        return fail(r, "the kernel did not answer within %d seconds", PL_NETLINK_SECONDS);
    left = (struct timeval){us / 1000000, us % 1000000};
    return setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVTIMEO, &left, sizeof(left)) == 0 ||
           fail(r, "a netlink socket: %s", strerror(errno));
}

/* The end of a dump says whether it came to its end; libmnl would not look. */
static int on_done(const struct nlmsghdr *message, void *arg)
{
    int error = 0;

    (void)arg;
    if (mnl_nlmsg_get_payload_len(message) >= sizeof(error))
        memcpy(&error, mnl_nlmsg_get_payload(message), sizeof(error));
    if (error >= 0)
        return MNL_CB_STOP;
    errno = -error;
    return MNL_CB_ERROR;
}

/* All that the kernel answers to one request. */
static bool receive(struct reading *r, const struct mnl_socket *s, unsigned seq, mnl_cb_t each,
                    const char *what)
{
    mnl_cb_t control[NLMSG_DONE + 1] = {[NLMSG_DONE] = on_done};
    char *buffer = malloc(BUFFER);
    int more = MNL_CB_OK;

    if (buffer == NULL)
        return fail(r, "out of memory");
    while (more > MNL_CB_STOP) {
        ssize_t n;

        if (!wait_for(r, s))
            break;
        n = mnl_socket_recvfrom(s, buffer, BUFFER);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue; /* wait_for knows whether time is up */
        if (n <= 0) {
            fail(r, "%s: %s", what, n < 0 ? strerror(errno) : "the kernel closed the connection");
            break;
        }
        r->why[0] = '\0';
        more = mnl_cb_run2(buffer, (size_t)n, seq, mnl_socket_get_portid(s), each, r, control,
                           NLMSG_DONE + 1);
        if (more < 0 && r->why[0] == '\0') {
            r->changed |= errno == EINTR; /* NLM_F_DUMP_INTR */
            fail(r, "%s: %s", what, errno == EINTR ? "they changed all the time" : strerror(errno));
        }
    }
    free(buffer);
    return more == MNL_CB_STOP;
}

static bool dump(struct reading *r, const struct mnl_socket *s, uint16_t type, unsigned char family,
                 mnl_cb_t each, const char *what)
{
    uint32_t request[16] = {0}; /* the largest needs 32 bytes */
    struct nlmsghdr *head = mnl_nlmsg_put_header(request);
    unsigned char *message;

    head->nlmsg_type = type;
    head->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    head->nlmsg_seq = type;
    message = mnl_nlmsg_put_extra_header(head, type == RTM_GETLINK   ? sizeof(struct ifinfomsg)
                                               : type == RTM_GETADDR ? sizeof(struct ifaddrmsg)
                                                                     : sizeof(struct rtmsg));
    message[0] = family; /* the first member of each of the three */
    if (mnl_socket_sendto(s, head, head->nlmsg_len) < 0)
        return fail(r, "%s: %s", what, strerror(errno));
    return receive(r, s, head->nlmsg_seq, each, what);
}

static bool read_once(struct reading *r)
{
    struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    bool ok;

    if (s == NULL || mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0)
        ok = fail(r, "a netlink socket: %s", strerror(errno));
    else
        ok = dump(r, s, RTM_GETLINK, AF_UNSPEC, on_link, "interfaces") &&
             dump(r, s, RTM_GETADDR, AF_UNSPEC, on_address, "addresses") &&
             dump(r, s, RTM_GETROUTE, AF_INET, on_route, "routes of IPv4") &&
             dump(r, s, RTM_GETROUTE, AF_INET6, on_route, "routes of IPv6");
    if (s != NULL)
        mnl_socket_close(s);
    if (ok && r->changed)
        ok = fail(r, "interfaces came and went all the time");
    return ok;
}

bool pl_host_facts_read(struct pl_host_facts *h, char why[PL_NETLINK_WHY])
{
    struct reading r = {.h = h, .before = h->count, .why = why};
    bool ok = false;

    clock_gettime(CLOCK_MONOTONIC, &r.until);
    r.until.tv_sec += PL_NETLINK_SECONDS;
    for (int i = 0; i < ATTEMPTS && !ok; i++) {
        h->count = r.before;
        r.nlinks = 0;
        r.changed = false;
        ok = read_once(&r);
        if (!r.changed)
            break;
    }
    if (!ok)
        h->count = r.before;
    free(r.links);
    return ok;
}
