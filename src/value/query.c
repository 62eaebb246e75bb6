/* SPDX-License-Identifier: BSD-2-Clause */
/* Typed values of a question. */
#include "postlatch/query.h"

#include "postlatch/compiler.h"

static PL_OWN_FRAME void read_host(struct pl_domain *d, struct pl_str text)
{
    const char *why;

    if (pl_str_eq_fold(text, pl_str_lit("unknown"))) {
        d->len = 0;
        d->text[0] = '\0';
        return;
    }
    pl_domain_parse(d, text, &why); /* false leaves len 0: such text equals no name */
}

/* "step 4" of the life of a request in docs/HACKING.md. */
void pl_query_need(struct pl_query *q, enum pl_attr attr)
{
    if ((q->have >> attr & 1) != 0)
        return;
    q->have |= 1ULL << attr;
    switch (attr) {
    case PL_ATTR_CLIENT_ADDRESS:
        pl_addr_parse(&q->client, q->attr[attr]);
        break;
    case PL_ATTR_SERVER_ADDRESS:
        pl_addr_parse(&q->server, q->attr[attr]);
        break;
    case PL_ATTR_SENDER:
        pl_mailaddr_read(&q->sender, q->attr[attr]);
        break;
    case PL_ATTR_RECIPIENT:
        pl_mailaddr_read(&q->recipient, q->attr[attr]);
        break;
    case PL_ATTR_CLIENT_NAME:
        read_host(&q->client_name, q->attr[attr]);
        break;
    case PL_ATTR_REVERSE_CLIENT_NAME:
        read_host(&q->reverse_client_name, q->attr[attr]);
        break;
    case PL_ATTR_HELO_NAME:
        read_host(&q->helo_name, q->attr[attr]);
        break;
    default: /* compared as text */
        break;
    }
}

void pl_query_read(struct pl_query *q)
{
    pl_query_begin(q);
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++)
        pl_query_need(q, (enum pl_attr)i);
}

bool pl_query_is_present(const struct pl_query *q, enum pl_attr attr)
{
    switch (pl_attr_kind(attr)) {
    case PL_KIND_ADDR:
        return pl_query_addr(q, attr)->family != 0;
    case PL_KIND_HOST:
        return q->attr[attr].n > 0 && !pl_str_eq_fold(q->attr[attr], pl_str_lit("unknown"));
    default:
        return q->attr[attr].n > 0;
    }
}

const struct pl_mailaddr *pl_query_mail(const struct pl_query *q, enum pl_attr attr)
{
    pl_assert(attr == PL_ATTR_SENDER || attr == PL_ATTR_RECIPIENT);
    return attr == PL_ATTR_SENDER ? &q->sender : &q->recipient;
}

const struct pl_addr *pl_query_addr(const struct pl_query *q, enum pl_attr attr)
{
    pl_assert(attr == PL_ATTR_CLIENT_ADDRESS || attr == PL_ATTR_SERVER_ADDRESS);
    return attr == PL_ATTR_CLIENT_ADDRESS ? &q->client : &q->server;
}

const struct pl_domain *pl_query_host(const struct pl_query *q, enum pl_attr attr)
{
    switch (attr) {
    case PL_ATTR_CLIENT_NAME:
        return &q->client_name;
    case PL_ATTR_REVERSE_CLIENT_NAME:
        return &q->reverse_client_name;
    default:
        pl_assert(attr == PL_ATTR_HELO_NAME);
        return &q->helo_name;
    }
}
