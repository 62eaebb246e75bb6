/* SPDX-License-Identifier: BSD-2-Clause */
/* The surroundings: who may hide behind whom, where a bare recipient goes, what stands before smtpd. */
#include "init.h"

#include "postlatch/quote.h"

#include <string.h>

/* Is the address granted by relay_networks as they have been collected? */
static bool is_trusted(const struct init *in, const struct pl_addr *addr)
{
    bool found = false;

    for (size_t i = 0; i < in->networks.count; i++) {
        const struct init_entry *e = &in->networks.entries[i];
        struct pl_prefix prefix;
        char why[PL_PREFIX_WHY];

        if (!pl_prefix_parse(&prefix, e->text, why) || !pl_prefix_contains(&prefix, addr))
            continue;
        if (e->out)
            return false;
        found = true;
    }
    return found;
}

static void find_masking(struct init *in)
{
    char text[PL_ADDR_TEXT];

    if (in->host == NULL)
        init_note(
            in, INIT_FACTS,
            "the interfaces and gateways of this host were not looked at: name in masking each "
            "router, proxy or container bridge that puts its address in the place of clients'");
    for (size_t i = 0; in->host != NULL && i < in->host->count; i++) {
        const struct pl_host_fact *fact = &in->host->facts[i];

        if (fact->kind == PL_HOST_INTERFACE || !is_trusted(in, &fact->addr))
            continue;
        if (fact->kind == PL_HOST_GATEWAY)
            init_group(in, &in->masking,
                       "the default gateway: a router that rewrites addresses would "
                       "make everybody trusted");
        else
            init_group(in, &in->masking,
                       "the bridge %s: what a container runtime forwards may come "
                       "from this address, whoever sent it",
                       fact->name);
        init_add(in, &in->masking, pl_str_of(pl_addr_format(text, &fact->addr)), false);
    }
    if (in->masking.count > 0)
        init_note(
            in, INIT_FACTS,
            "the addresses in masking lie in relay_networks, and are trusted by Postfix today. "
            "If one of them is a client of its own and hides nobody, take it out of masking");
}

static void read_myorigin(struct init *in)
{
    struct pl_str origin = init_value(in, "myorigin"), written = init_written(in, "myorigin");
    struct pl_buf text = {0};
    const char *why;

    if (origin.n > 0 && origin.p[0] == '/') {
        if (!init_file_read(origin, &text, &why)) {
            init_decide(in, INIT_FACTS, "myorigin = %.*s: %s; taken for a domain that is not ours",
                        (int)written.n, written.p, why);
            goto out;
        }
        origin = pl_buf_str(&text);
        origin.n = pl_str_find(origin, '\n');
        origin = pl_str_trim(origin);
    }
    in->bare_is_ours = init_has(&in->domains, origin) || init_has(&in->short_names, origin);
    if (!in->bare_is_ours)
        init_note(in, INIT_FACTS,
                  "myorigin = %.*s is none of the accepted domains, so Postfix sends a recipient "
                  "without a domain elsewhere",
                  (int)origin.n, origin.p);
out:
    pl_buf_fini(&text);
}

/* One row a parameter that lets somebody else say where a client comes from, or that changes who is ours. */
static const struct odd {
    const char *name, *harmless; /* the value that needs no word */
    bool decide;
    const char *what;
} odds[] = {
    {"smtpd_authorized_xclient_hosts", "", false,
     "these hosts may pretend to be any client (XCLIENT): they must be trusted as much as we are"},
    {"smtpd_upstream_proxy_protocol", "", false,
     "the proxy says what the client's address is: nobody else may reach these ports"},
    {"postscreen_upstream_proxy_protocol", "", false,
     "the proxy says what the client's address is: nobody else may reach these ports"},
    {"allow_untrusted_routing", "no", false,
     "Postfix takes recipients with routes in them (user%elsewhere@ours) from strangers; we refuse "
     "them"},
    {"resolve_numeric_domain", "no", false,
     "Postfix takes user@192.0.2.1 for user@[192.0.2.1]; we take it for a domain that is not ours"},
    {"smtpd_delay_reject", "yes", false,
     "Postfix asks about clients before it knows the recipient; only the question at RCPT counts"},
};

static void note_odd(struct init *in, const struct odd *odd, struct pl_str place,
                     struct pl_str value)
{
    if (value.n > 0 && !pl_str_eq(value, pl_str_of(odd->harmless)))
        init_note(in, INIT_LISTENERS, "%.*s, %s = %.*s: %s", (int)place.n, place.p, odd->name,
                  (int)value.n, value.p, odd->what);
}

static void note_service(struct init *in, const struct pl_master_service *s)
{
    struct pl_buf place = {0};
    struct pl_quote q;

    pl_buf_addf(&place, "%.*s/%.*s", (int)s->name.n, s->name.p, (int)s->type.n, s->type.p);
    for (size_t i = 0; i < sizeof(odds) / sizeof(odds[0]); i++)
        note_odd(in, &odds[i], pl_buf_str(&place), pl_postconf_value(&s->overrides, odds[i].name));
    if (s->args == PL_MASTER_ARGS_ODD && pl_master_is_smtpd(s))
        init_decide(in, INIT_LISTENERS, "%s: its argument %s is not understood here", place.p,
                    pl_quote(&q, s->odd));
    if (pl_str_eq(s->command, pl_str_lit("qmqpd")))
        init_note(in, INIT_LISTENERS,
                  "%s takes mail without asking us: qmqpd_authorized_clients says "
                  "from whom",
                  place.p);
    pl_buf_fini(&place);
}

/* What postconf complains about, a line each: a misspelt parameter, one that is set twice. */
static void note_warnings(struct init *in)
{
    struct pl_str rest = pl_buf_str(&in->postfix->warnings), before = {NULL, 0};

    while (rest.n > 0) {
        struct pl_str line = {rest.p, pl_str_find(rest, '\n')};

        rest = pl_str_from(rest, line.n < rest.n ? line.n + 1 : line.n);
        if (line.n > 0 && !pl_str_eq(line, before))
            init_note(in, INIT_LISTENERS, "Postfix says \"%.*s\"", (int)line.n, line.p);
        before = line;
    }
}

void init_facts(struct init *in)
{
    note_warnings(in);
    for (size_t i = 0; i < sizeof(odds) / sizeof(odds[0]); i++)
        note_odd(in, &odds[i], pl_str_lit("main.cf"), init_value(in, odds[i].name));
    for (size_t i = 0; i < in->postfix->master.count; i++)
        note_service(in, &in->postfix->master.services[i]);
    find_masking(in);
    read_myorigin(in);
    in->delimiter = init_value(in, "recipient_delimiter");
}
