/* SPDX-License-Identifier: BSD-2-Clause */
/* Kinds of networks, by short tables. */
#include "postlatch/netkind.h"

#include <stddef.h>
#include <string.h>

/* RFC 1918, 6598, 1122, 3927, 4193, 4291. */
static const struct {
    const char *text;
    struct pl_prefix prefix;
} private_networks[] = {
    {"10.0.0.0/8", {{4, {10}}, 8}},
    {"172.16.0.0/12", {{4, {172, 16}}, 12}},
    {"192.168.0.0/16", {{4, {192, 168}}, 16}},
    {"100.64.0.0/10", {{4, {100, 64}}, 10}},
    {"127.0.0.0/8", {{4, {127}}, 8}},
    {"169.254.0.0/16", {{4, {169, 254}}, 16}},
    {"::1", {{6, {[15] = 1}}, 128}},
    {"fc00::/7", {{6, {0xfc}}, 7}},
    {"fe80::/10", {{6, {0xfe, 0x80}}, 10}},
};

/* RFC 6052, 8215, 3056: the network, and the bit behind which the IPv4 address stands. */
static const struct {
    struct pl_prefix prefix;
    enum pl_embedding embedding;
    unsigned from;
} embeddings[] = {
    {{{6, {0, 0x64, 0xff, 0x9b}}, 96}, PL_EMBEDS_NAT64, 96},
    {{{6, {0, 0x64, 0xff, 0x9b, 0, 1}}, 48}, PL_EMBEDS_NAT64_LOCAL, 128},
    {{{6, {0x20, 0x02}}, 16}, PL_EMBEDS_6TO4, 16},
};

bool pl_prefix_overlaps(const struct pl_prefix *a, const struct pl_prefix *b)
{
    return pl_prefix_contains(a, &b->addr) || pl_prefix_contains(b, &a->addr);
}

const struct pl_prefix *pl_netkind_private(size_t i)
{
    return i < sizeof(private_networks) / sizeof(private_networks[0]) ? &private_networks[i].prefix
                                                                      : NULL;
}

enum pl_netkind pl_netkind_of(const struct pl_prefix *prefix, const char **across)
{
    size_t n = 0;

    *across = NULL;
    for (size_t i = 0; i < sizeof(private_networks) / sizeof(private_networks[0]); i++) {
        const struct pl_prefix *p = &private_networks[i].prefix;

        if (!pl_prefix_overlaps(p, prefix))
            continue;
        if (prefix->len >= p->len)
            return PL_NET_PRIVATE;
        *across = n++ == 0 ? private_networks[i].text : NULL;
    }
    return n == 0 ? PL_NET_PUBLIC : PL_NET_MIXED;
}

enum pl_embedding pl_netkind_embedding(const struct pl_prefix *prefix, struct pl_prefix *v4)
{
    *v4 = (struct pl_prefix){{4, {0}}, 0};
    for (size_t i = 0; i < sizeof(embeddings) / sizeof(embeddings[0]); i++) {
        unsigned from = embeddings[i].from;

        if (!pl_prefix_overlaps(&embeddings[i].prefix, prefix))
            continue;
        if (prefix->len > from) {
            memcpy(v4->addr.bytes, prefix->addr.bytes + from / 8, 4);
            v4->len = (uint8_t)(prefix->len - from < 32 ? prefix->len - from : 32);
        }
        return embeddings[i].embedding;
    }
    return PL_EMBEDS_NONE;
}
