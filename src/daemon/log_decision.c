/* SPDX-License-Identifier: BSD-2-Clause */
/* The line that tells of a decision, built field by field with one escaping function. */
#include "log_decision.h"

#include "log.h"
#include "postlatch/quote.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

enum { VALUE_ROOM = DECISION_SHOWN * 4 + 4 };

struct line {
    char *out; /* DECISION_LINE bytes */
    size_t n;
    bool json;
};

static void put(struct line *l, struct pl_str s)
{
    pl_assert(s.n <= DECISION_LINE - l->n);
    memcpy(l->out + l->n, s.p, s.n);
    l->n += s.n;
}

static void put_key(struct line *l, const char *key)
{
    put(l, l->json ? (l->n == 0 ? pl_str_lit("{\"") : pl_str_lit(",\"")) : pl_str_lit(" "));
    put(l, pl_str_of(key));
    put(l, l->json ? pl_str_lit("\":") : pl_str_lit("="));
}

/* A value that is printable ASCII without blanks and quotes; a JSON string doubles backslashes. */
static void put_clean(struct line *l, struct pl_str s)
{
    if (!l->json) {
        put(l, s);
        return;
    }
    for (size_t slash; (slash = pl_str_find(s, '\\')) < s.n; s = pl_str_from(s, slash + 1)) {
        put(l, (struct pl_str){s.p, slash});
        put(l, pl_str_lit("\\\\"));
    }
    put(l, s);
}

/* key=<open>value<close>; absent stands for an empty value. */
static void put_value(struct line *l, const char *key, struct pl_str value, const char *absent,
                      const char *open, const char *close)
{
    char escaped[VALUE_ROOM];
    size_t n = pl_escape(escaped, sizeof(escaped), value, DECISION_SHOWN);

    put_key(l, key);
    if (l->json)
        put(l, pl_str_lit("\""));
    put(l, pl_str_of(open));
    put_clean(l, value.n == 0 ? pl_str_of(absent) : (struct pl_str){escaped, n});
    put(l, pl_str_of(close));
    if (l->json)
        put(l, pl_str_lit("\""));
}

static void put_attr(struct line *l, const char *key, const struct pl_query *q, enum pl_attr attr)
{
    put_value(l, key, q->attr[attr], "-", "", "");
}

static void put_number(struct line *l, const char *key, unsigned long value)
{
    char digits[24];
    int n = snprintf(digits, sizeof(digits), "%lu", value);

    put_key(l, key);
    put(l, (struct pl_str){digits, (size_t)n});
}

/* The client's address in canonical text; what is none is shown as it came. */
static void put_client(struct line *l, const struct pl_query *q)
{
    char text[PL_ADDR_TEXT];

    if (q->client.family != 0)
        put_value(l, "client", pl_str_of(pl_addr_format(text, &q->client)), "-", "", "");
    else
        put_attr(l, "client", q, PL_ATTR_CLIENT_ADDRESS);
}

static void put_server(struct line *l, const struct pl_query *q)
{
    char addr[PL_ADDR_TEXT], text[PL_ADDR_TEXT + 16];
    struct pl_str port = q->attr[PL_ATTR_SERVER_PORT];
    unsigned long number;
    int n = 0;

    if (q->server.family != 0) {
        pl_addr_format(addr, &q->server);
        n = snprintf(text, sizeof(text), q->server.family == 6 ? "[%s]" : "%s", addr);
        if (pl_str_to_number(port, 0, 65535, &number))
            n += snprintf(text + n, sizeof(text) - (size_t)n, ":%lu", number);
    }
    put_value(l, "server", (struct pl_str){text, (size_t)n}, "-", "", "");
}

size_t log_decision_format(char out[DECISION_LINE], const struct pl_config *config,
                           unsigned long generation, const struct pl_query *q,
                           const struct pl_decision *decision, int64_t us)
{
    struct line l = {out, 0, config->settings.log_format == PL_LOG_JSON};

    if (!l.json)
        put(&l, pl_str_lit("decision"));
    put_value(&l, "action", pl_policy_sent_word(config->policy, decision), "-", "", "");
    if (config->policy->mode == PL_MODE_OBSERVE)
        put_value(&l, "would", decision->action->word, "-", "", "");
    put_value(&l, "rule", decision->rule->name, "-", "", "");
    put_client(&l, q);
    put_value(&l, "name", q->attr[PL_ATTR_CLIENT_NAME], "unknown", "", "");
    put_attr(&l, "helo", q, PL_ATTR_HELO_NAME);
    put_attr(&l, "sasl", q, PL_ATTR_SASL_USERNAME);
    put_value(&l, "from", q->attr[PL_ATTR_SENDER], "", "<", ">");
    put_value(&l, "to", q->attr[PL_ATTR_RECIPIENT], "", "<", ">");
    put_attr(&l, "state", q, PL_ATTR_PROTOCOL_STATE);
    put_server(&l, q);
    put_attr(&l, "instance", q, PL_ATTR_INSTANCE);
    put_attr(&l, "queue_id", q, PL_ATTR_QUEUE_ID);
    put_number(&l, "generation", generation);
    put_number(&l, "us", us < 0 ? 0 : (unsigned long)us);
    if (l.json)
        put(&l, pl_str_lit("}"));
    return l.n;
}

void log_decision(const struct pl_config *config, unsigned long generation, struct pl_query *q,
                  const struct pl_decision *decision, int64_t us)
{
    char line[DECISION_LINE];
    size_t n;

    if (config->settings.log_decisions == PL_LOG_NONE ||
        (config->settings.log_decisions == PL_LOG_REJECTS &&
         decision->action->effect != PL_EFFECT_REFUSE))
        return;
    pl_query_need(q, PL_ATTR_CLIENT_ADDRESS);
    pl_query_need(q, PL_ATTR_SERVER_ADDRESS);
    n = log_decision_format(line, config, generation, q, decision, us);
    log_line(LOG_INFO, (struct pl_str){line, n});
}
