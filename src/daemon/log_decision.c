/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line that tells of a decision, built field by field where the log's thread will read it. Cost:
 * some hundred instructions; values that need escapes cost ten a byte.
 */
#include "log_decision.h"

#include "log_queue.h"

#include "postlatch/compiler.h"
#include "postlatch/quote.h"

#include <string.h>
#include <syslog.h>

/*
 * A line in the making. Nothing in it can outgrow the room: it has VALUES values at most, each cut after
 * DECISION_SHOWN bytes, and every byte of those becomes five at most (\\xNN in JSON).
 */
enum { VALUES = 14, VALUE_MAX = DECISION_SHOWN * 5 + 3, KEYS_MAX = 512 };
_Static_assert(VALUES *VALUE_MAX + KEYS_MAX <= DECISION_LINE, "any line fits");

struct line {
    char *at; /* where the next byte goes */
    bool json;
};

static inline char *append(char *to, struct pl_str s)
{
    if (s.n > 0)
        memcpy(to, s.p, s.n);
    return to + s.n;
}

static inline void put(struct line *l, struct pl_str s)
{
    l->at = append(l->at, s);
}

/* The text of a literal is known when this is compiled, so that copying it takes no call. */
#define PUT(l, text, json_text)                                                                    \
    ((l)->json ? put((l), pl_str_lit(json_text)) : put((l), pl_str_lit(text)))
#define KEY(l, key) PUT(l, " " key "=", ",\"" key "\":\"")
#define KEY_NUMBER(l, key) PUT(l, " " key "=", ",\"" key "\":")
#define CLOSE(l) PUT(l, "", "\"")

/* What needs escapes. A JSON string doubles the backslash of each. */
static void put_escaped(struct line *l, struct pl_str s)
{
    char escaped[DECISION_SHOWN * 4 + 4];
    struct pl_str rest = {escaped, pl_escape(escaped, sizeof(escaped), s, DECISION_SHOWN)};

    for (size_t slash; l->json && (slash = pl_str_find(rest, '\\')) < rest.n;
         rest = pl_str_from(rest, slash + 1)) {
        put(l, (struct pl_str){rest.p, slash});
        put(l, pl_str_lit("\\\\"));
    }
    put(l, rest);
}

static inline void put_text(struct line *l, struct pl_str s)
{
    if (s.n <= DECISION_SHOWN && pl_copy_plain(l->at, s))
        l->at += s.n;
    else
        put_escaped(l, s);
}

static inline void put_value(struct line *l, struct pl_str value)
{
    if (value.n == 0)
        put(l, pl_str_lit("-"));
    else
        put_text(l, value);
}

#define PUT_VALUE(l, key, value) (KEY(l, key), put_value(l, value), CLOSE(l))

static inline void put_mail(struct line *l, struct pl_str value)
{
    put(l, pl_str_lit("<"));
    put_text(l, value);
    PUT(l, ">", ">\"");
}

static void put_number(struct line *l, uint64_t value)
{
    char digits[20];
    size_t n = sizeof(digits);

    do {
        digits[--n] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    put(l, (struct pl_str){digits + n, sizeof(digits) - n});
}

static inline void put_addr(struct line *l, const struct pl_addr *addr)
{
    l->at += strlen(pl_addr_format(l->at, addr));
}

/* The client's address in canonical text; what is none is shown as it came. */
static void put_client(struct line *l, struct pl_query *q)
{
    pl_query_need(q, PL_ATTR_CLIENT_ADDRESS);
    if (q->client.family != 0)
        put_addr(l, &q->client);
    else
        put_value(l, q->attr[PL_ATTR_CLIENT_ADDRESS]);
}

/* The server's address and port; "-" if it has none. */
static void put_server(struct line *l, struct pl_query *q)
{
    struct pl_str port = q->attr[PL_ATTR_SERVER_PORT];
    unsigned long number;

    pl_query_need(q, PL_ATTR_SERVER_ADDRESS);
    if (q->server.family == 0) {
        put(l, pl_str_lit("-"));
        return;
    }
    if (q->server.family == 6)
        put(l, pl_str_lit("["));
    put_addr(l, &q->server);
    if (q->server.family == 6)
        put(l, pl_str_lit("]"));
    if (pl_str_to_number(port, 0, 65535, &number)) {
        put(l, pl_str_lit(":"));
        put(l, port); /* a number has one spelling */
    }
}

/*
 * The same once more, by what a thread has seen last: a host is asked at few addresses of its own,
 * and reading one costs more than all else of a line.
 */
static void put_server_again(struct line *l, struct pl_query *q)
{
    static _Thread_local struct {
        struct pl_str addr, port, shown; /* in bytes */
        char bytes[2 * PL_ADDR_TEXT + 16];
    } last;
    struct pl_str addr = q->attr[PL_ATTR_SERVER_ADDRESS], port = q->attr[PL_ATTR_SERVER_PORT];
    char *begin = l->at, *p = last.bytes;

    if (pl_str_eq(addr, last.addr) && pl_str_eq(port, last.port)) {
        put(l, last.shown.n > 0 ? last.shown : pl_str_lit("-"));
        return;
    }
    put_server(l, q);
    if (addr.n >= PL_ADDR_TEXT || port.n > 5)
        return;
    last.addr = (struct pl_str){p, addr.n};
    p = append(p, addr);
    last.port = (struct pl_str){p, port.n};
    p = append(p, port);
    last.shown = (struct pl_str){p, (size_t)(l->at - begin)};
    memcpy(p, begin, last.shown.n);
}

/* What was asked, and by which generation of the policy it was answered. */
static inline void put_question(struct line *l, struct pl_query *q, unsigned long generation)
{
    struct pl_str name = q->attr[PL_ATTR_CLIENT_NAME];

    KEY(l, "client");
    put_client(l, q);
    CLOSE(l);
    PUT_VALUE(l, "name", name.n == 0 ? pl_str_lit("unknown") : name);
    PUT_VALUE(l, "helo", q->attr[PL_ATTR_HELO_NAME]);
    PUT_VALUE(l, "sasl", q->attr[PL_ATTR_SASL_USERNAME]);
    KEY(l, "from");
    put_mail(l, q->attr[PL_ATTR_SENDER]);
    KEY(l, "to");
    put_mail(l, q->attr[PL_ATTR_RECIPIENT]);
    PUT_VALUE(l, "state", q->attr[PL_ATTR_PROTOCOL_STATE]);
    KEY(l, "server");
    put_server_again(l, q);
    CLOSE(l);
    PUT_VALUE(l, "instance", q->attr[PL_ATTR_INSTANCE]);
    PUT_VALUE(l, "queue_id", q->attr[PL_ATTR_QUEUE_ID]);
    KEY_NUMBER(l, "generation");
    put_number(l, generation);
}

size_t log_decision_format(char out[DECISION_LINE], const struct pl_config *config,
                           unsigned long generation, struct pl_query *q,
                           const struct pl_decision *decision, int64_t us)
{
    struct line l = {out, config->settings.log_format == PL_LOG_JSON};

    PUT(&l, "decision action=", "{\"action\":\"");
    put_value(&l, pl_policy_sent_word(config->policy, decision));
    CLOSE(&l);
    if (config->policy->mode == PL_MODE_OBSERVE)
        PUT_VALUE(&l, "would", decision->action->word);
    PUT_VALUE(&l, "rule", decision->rule->name);
    put_question(&l, q, generation);
    KEY_NUMBER(&l, "us");
    put_number(&l, us < 0 ? 0 : (uint64_t)us);
    PUT(&l, "", "}");
    pl_assert(l.at - out <= DECISION_LINE);
    return (size_t)(l.at - out);
}

void log_decision(const struct pl_config *config, unsigned long generation, struct pl_query *q,
                  const struct pl_decision *decision, int64_t us)
{
    char *line;

    if (config->settings.log_decisions == PL_LOG_NONE ||
        (config->settings.log_decisions == PL_LOG_REJECTS &&
         decision->action->effect != PL_EFFECT_REFUSE))
        return;
    line = log_reserve();
    if (line == NULL)
        return; /* counted as dropped */
    log_commit(LOG_INFO | LOG_DECISION,
               log_decision_format(line, config, generation, q, decision, us));
}

size_t log_shadow_format(char out[DECISION_LINE], const struct pl_config *config,
                         unsigned long generation, struct pl_query *q,
                         const struct pl_decision *mine, const struct pl_decision *theirs)
{
    struct line l = {out, config->settings.log_format == PL_LOG_JSON};

    PUT(&l, "shadow other=", "{\"other\":\"");
    put_value(&l, theirs->action->word);
    CLOSE(&l);
    PUT_VALUE(&l, "other_rule", theirs->rule->name);
    PUT_VALUE(&l, "action", mine->action->word);
    PUT_VALUE(&l, "rule", mine->rule->name);
    put_question(&l, q, generation);
    PUT(&l, "", "}");
    pl_assert(l.at - out <= DECISION_LINE);
    return (size_t)(l.at - out);
}

void log_shadow(const struct pl_config *config, unsigned long generation, struct pl_query *q,
                const struct pl_decision *mine, const struct pl_decision *theirs)
{
    char *line = log_reserve();

    if (line != NULL) /* else it is counted as dropped */
        log_commit(LOG_INFO, log_shadow_format(line, config, generation, q, mine, theirs));
}
