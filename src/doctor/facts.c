/* SPDX-License-Identifier: BSD-2-Clause */
/* Facts about Postfix that the policy states or needs: they are looked up. */
#include "build.h"

#include "postlatch/quote.h"

#include <stdio.h>
#include <string.h>

static bool is_ours_address(const struct pl_policy *p, struct pl_str domain)
{
    struct pl_query q = {0};
    struct pl_buf address = {0};
    bool is;

    pl_buf_addf(&address, "user@%.*s", (int)domain.n, domain.p);
    q.attr[PL_ATTR_RECIPIENT] = pl_buf_str(&address);
    pl_query_read(&q);
    is = pl_policy_is_ours(p, &q, PL_ATTR_RECIPIENT);
    pl_buf_fini(&address);
    return is;
}

static void look_at_bare(struct pl_doctor *d)
{
    const struct pl_policy *p = d->config->policy;
    struct pl_str origin = pl_postconf_value(d->all, "myorigin");
    struct pl_buf text = {0};
    const char *why = "it is empty";
    struct pl_quote q;
    bool is;

    if (origin.n > 0 && origin.p[0] == '/' && /* a file with the name, as in Debian */
        d->system.list(d->system.arg, origin, &text, &why))
        origin = (struct pl_str){text.p, pl_str_find(pl_buf_str(&text), '\t')};
    if (origin.n == 0 || origin.p[0] == '/') {
        pl_doctor_say(d, PL_FINDING_UNCHECKED, "myorigin", "", "", "", NULL,
                      "bare_recipient: whether myorigin, %s, is a domain of ours: %s",
                      pl_quote(&q, origin), why);
        pl_buf_fini(&text);
        return;
    }
    is = is_ours_address(p, origin);
    if (is == p->bare_is_ours)
        pl_doctor_say(d, PL_FINDING_OK, "", "", "", "", NULL,
                      "bare_recipient = %s fits myorigin, %s", is ? "ours" : "foreign",
                      pl_quote(&q, origin));
    else
        pl_doctor_say(d, PL_FINDING_FAULT, "fact-bare-recipient", "", "postlatch.conf",
                      is ? "bare_recipient = ours" : "bare_recipient = foreign",
                      is ? "Mail to a recipient without a domain is refused, though Postfix sends "
                           "it to a domain of ours."
                         : "A recipient without a domain counts as ours, and Postfix sends it "
                           "elsewhere.",
                      "myorigin is %s, which is %s", pl_quote(&q, origin),
                      is ? "in accepted_domains" : "not in accepted_domains");
    pl_buf_fini(&text);
}

/* Whether any table or condition of the policy names mail addresses. */
static bool names_addresses(const struct pl_policy *p)
{
    for (size_t i = 0; i < p->ntables + p->ninline; i++) {
        const struct pl_table *t = i < p->ntables ? p->tables[i] : p->inlines[i - p->ntables];

        for (size_t n = 0; n < t->names.count; n++) {
            struct pl_str key = t->names.entries[n].key;

            if (t->kind == PL_TABLE_ADDRESSES && pl_str_find(key, '@') < key.n)
                return true;
        }
    }
    return false;
}

static void look_at_delimiter(struct pl_doctor *d)
{
    struct pl_str is = pl_postconf_value(d->all, "recipient_delimiter"),
                  ours = d->config->policy->delimiters;
    struct pl_buf line = {0};
    struct pl_quote q, r;

    pl_buf_addf(&line, "recipient_delimiter = \"%.*s\"", (int)is.n, is.n > 0 ? is.p : "");
    if (pl_str_eq(is, ours))
        pl_doctor_say(d, PL_FINDING_OK, "", "", "", "", NULL, "recipient_delimiter is the same, %s",
                      pl_quote(&q, is));
    else
        pl_doctor_say(d, names_addresses(d->config->policy) ? PL_FINDING_FAULT : PL_FINDING_NOTE,
                      "fact-recipient-delimiter", "", "postlatch.conf", text_of(&line),
                      "An entry for an address holds its extensions, too, or does not, other than "
                      "Postfix delivers them.",
                      "recipient_delimiter is %s in Postfix and %s in the policy", pl_quote(&q, is),
                      pl_quote(&r, ours));
    pl_buf_fini(&line);
}

/* Postfix before 3.0 knows no { } in a list. */
static void look_at_version(struct pl_doctor *d)
{
    struct pl_str version = pl_postconf_value(d->all, "mail_version");
    struct pl_str major = {version.p, pl_str_find(version, '.')};
    unsigned long n = 0;
    struct pl_quote q;

    if (!pl_str_to_number(major, 0, 1000, &n) || n >= 3) {
        pl_doctor_say(d, PL_FINDING_OK, "", "", "", "", NULL,
                      "Postfix %.*s knows { } around a service", (int)version.n,
                      version.n > 0 ? version.p : "");
        return;
    }
    for (size_t i = 0; i < d->nplaces; i++) {
        if (d->places[i].service.braces)
            pl_doctor_say(d, PL_FINDING_FAULT, "postfix-too-old", "", "main.cf",
                          "smtpd_policy_service_timeout = 5s",
                          "{ } around a policy service came with Postfix 3.0. Write the service "
                          "alone, and set what it needs for all of them.",
                          "this is Postfix %s, and check_policy_service has braces",
                          pl_quote(&q, version));
    }
}

static void look_at_routing(struct pl_doctor *d)
{
    if (!pl_str_eq_fold(pl_postconf_value(d->all, "allow_untrusted_routing"), pl_str_lit("yes")))
        return;
    pl_doctor_say(
        d, PL_FINDING_FAULT, "untrusted-routing", "", "main.cf", "allow_untrusted_routing = no",
        "reject_unauth_destination lets user@elsewhere@ours and user%elsewhere@ours pass: "
        "wherever postlatch is not asked, or answers DUNNO, that relays.",
        "allow_untrusted_routing is yes");
}

/* "postconf: warning: FILE: undefined parameter: NAME", and "unused parameter: NAME=VALUE". */
static void look_at_warning(struct pl_doctor *d, struct pl_str line)
{
    static const char undefined[] = "undefined parameter: ", unused[] = "unused parameter: ",
                      start[] = "postconf: warning: ";
    const char *found;
    char text[300], line_of[320];
    struct pl_quote q;

    if (pl_str_has_prefix(line, pl_str_lit(start)))
        line = pl_str_from(line, sizeof(start) - 1);
    snprintf(text, sizeof(text), "%.*s", (int)line.n, line.p);
    for (char *c = text; *c != '\0'; c++) {
        if (!pl_ascii_is_print(*c))
            *c = '?';
    }
    found = strstr(text, undefined);
    if (found != NULL) {
        found += sizeof(undefined) - 1;
        snprintf(line_of, sizeof(line_of), "%s =", found);
        pl_doctor_say(d, PL_FINDING_FAULT, "undefined-parameter", "", "main.cf", line_of,
                      "Postfix puts nothing in its place: a list that names it is shorter than it "
                      "looks, or empty. Set it, if only to nothing.",
                      "$%s is used in main.cf or master.cf, and not set anywhere", found);
        return;
    }
    found = strstr(text, unused);
    if (found != NULL)
        pl_doctor_say(d,
                      strncmp(found + sizeof(unused) - 1, "smtpd_", 6) == 0 ? PL_FINDING_FAULT
                                                                            : PL_FINDING_NOTE,
                      "unused-parameter", "", "", "",
                      "Postfix ignores it. If it is misspelt, what it should set has its default.",
                      "Postfix has no parameter %s",
                      pl_quote(&q, pl_str_of(found + sizeof(unused) - 1)));
    else if (line.n > 0)
        pl_doctor_say(d, PL_FINDING_NOTE, "postconf-warning", "", "", "", NULL, "postconf says: %s",
                      text);
}

/* One process of smtpd may have a connection for each place; all of them at once is the limit. */
static void look_at_connections(struct pl_doctor *d)
{
    unsigned long each = 100;
    size_t listeners = 0;
    char line[80];

    pl_str_to_number(pl_postconf_value(d->all, "default_process_limit"), 1, 100000, &each);
    for (size_t i = 0; i < d->nlisteners; i++)
        listeners += d->listeners[i].asks;
    if (listeners == 0 || d->config->settings.max_connections >= each * listeners)
        return;
    snprintf(line, sizeof(line), "max_connections = %lu", each * listeners);
    pl_doctor_say(d, PL_FINDING_FAULT, "max-connections", "", "postlatch.conf", line,
                  "Each smtpd process keeps a connection of its own: in a rush some get none, and "
                  "answer with default_action.",
                  "up to %lu smtpd processes may ask, and max_connections is %u", each * listeners,
                  d->config->settings.max_connections);
}

void look_at_facts(struct pl_doctor *d)
{
    struct pl_str rest = d->warnings;

    look_at_version(d);
    look_at_bare(d);
    look_at_delimiter(d);
    look_at_routing(d);
    look_at_connections(d);
    while (rest.n > 0) {
        struct pl_str line = {rest.p, pl_str_find(rest, '\n')};

        rest = pl_str_from(rest, line.n < rest.n ? line.n + 1 : line.n);
        look_at_warning(d, line);
    }
}
