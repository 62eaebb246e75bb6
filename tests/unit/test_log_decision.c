/* SPDX-License-Identifier: BSD-2-Clause */
/* The line of a decision, whole; and that it is what a plain writer of it makes, whatever is in it. */
#include "unit.h"

#include "daemon/log_decision.h"
#include "daemon/log_queue.h"
#include "postlatch/buf.h"
#include "postlatch/quote.h"

#include <stdlib.h>

static char room[LOG_LINE_MAX], committed[LOG_LINE_MAX + 1];
static bool is_full;

/* Instead of the log's. */
char *log_reserve(void)
{
    return is_full ? NULL : room;
}

void log_commit(int priority, size_t n)
{
    assert_int_equal(priority, 6 | LOG_DECISION);
    memcpy(committed, room, n);
    committed[n] = '\0';
}

static struct pl_policy policy;
static struct pl_action action;
static struct pl_rule rule = {.action = &action};
static const struct pl_decision decision = {&rule, &action};

static struct pl_config config_of(enum pl_log_format format, enum pl_mode mode)
{
    struct pl_config c = {.policy = &policy, .settings.log_format = format};

    policy.mode = mode;
    action.word = pl_str_lit("REJECT");
    action.effect = PL_EFFECT_REFUSE;
    rule.name = pl_str_lit("builtin:reject");
    return c;
}

static const char *line_of(const struct pl_config *c, struct pl_query *q, int64_t us)
{
    committed[0] = '\0';
    pl_query_begin(q);
    log_decision(c, 3, q, &decision, us);
    return committed;
}

static struct pl_query question(void)
{
    struct pl_query q;

    memset(&q, 0, sizeof(q));
    q.attr[PL_ATTR_CLIENT_ADDRESS] = pl_str_lit("203.0.113.9");
    q.attr[PL_ATTR_CLIENT_NAME] = pl_str_lit("unknown");
    q.attr[PL_ATTR_HELO_NAME] = pl_str_lit("evil");
    q.attr[PL_ATTR_SENDER] = pl_str_lit("a@b.example");
    q.attr[PL_ATTR_RECIPIENT] = pl_str_lit("v@c.example");
    q.attr[PL_ATTR_PROTOCOL_STATE] = pl_str_lit("RCPT");
    q.attr[PL_ATTR_SERVER_ADDRESS] = pl_str_lit("192.0.2.1");
    q.attr[PL_ATTR_SERVER_PORT] = pl_str_lit("25");
    return q;
}

static void whole_lines(void **state)
{
    struct pl_config text = config_of(PL_LOG_TEXT, PL_MODE_ENFORCE), json;
    struct pl_query q = question(), empty;

    (void)state;
    memset(&empty, 0, sizeof(empty));
    check_str("text", line_of(&text, &q, 14),
              "decision action=REJECT rule=builtin:reject client=203.0.113.9 name=unknown "
              "helo=evil sasl=- from=<a@b.example> to=<v@c.example> state=RCPT "
              "server=192.0.2.1:25 instance=- queue_id=- generation=3 us=14");
    check_str("nothing", line_of(&text, &empty, -1),
              "decision action=REJECT rule=builtin:reject client=- name=unknown helo=- sasl=- "
              "from=<> to=<> state=- server=- instance=- queue_id=- generation=3 us=0");
    text = config_of(PL_LOG_TEXT, PL_MODE_OBSERVE);
    q.attr[PL_ATTR_CLIENT_ADDRESS] = pl_str_lit("2001:DB8:0::1");
    q.attr[PL_ATTR_SERVER_ADDRESS] = pl_str_lit("::ffff:192.0.2.1");
    q.attr[PL_ATTR_SERVER_PORT] = pl_str_lit("025");
    q.attr[PL_ATTR_SASL_USERNAME] = pl_str_lit("-");
    q.attr[PL_ATTR_SENDER] = pl_str_lit("");
    q.attr[PL_ATTR_HELO_NAME] = pl_str_lit("x action=OK");
    check_str("observe", line_of(&text, &q, 12345678901),
              "decision action=WARN would=REJECT rule=builtin:reject client=2001:db8::1 "
              "name=unknown helo=x\\x20action=OK sasl=\\x2d from=<> to=<v@c.example> state=RCPT "
              "server=192.0.2.1 instance=- queue_id=- generation=3 us=12345678901");
    json = config_of(PL_LOG_JSON, PL_MODE_ENFORCE);
    q.attr[PL_ATTR_CLIENT_ADDRESS] = pl_str_lit("no\"address");
    q.attr[PL_ATTR_SERVER_ADDRESS] = pl_str_lit("2001:db8::1");
    q.attr[PL_ATTR_SERVER_PORT] = pl_str_lit("465");
    check_str("json", line_of(&json, &q, 0),
              "{\"action\":\"REJECT\",\"rule\":\"builtin:reject\",\"client\":\"no\\\\x22address\","
              "\"name\":\"unknown\",\"helo\":\"x\\\\x20action=OK\",\"sasl\":\"\\\\x2d\","
              "\"from\":\"<>\",\"to\":\"<v@c.example>\",\"state\":\"RCPT\","
              "\"server\":\"[2001:db8::1]:465\",\"instance\":\"-\",\"queue_id\":\"-\","
              "\"generation\":3,\"us\":0}");
}

/* Which decisions are logged, and that a full log is survived. */
static void which_lines(void **state)
{
    struct pl_config c = config_of(PL_LOG_TEXT, PL_MODE_ENFORCE);
    struct pl_query q = question();

    (void)state;
    c.settings.log_decisions = PL_LOG_REJECTS;
    assert_true(line_of(&c, &q, 0)[0] != '\0');
    action.effect = PL_EFFECT_PASS;
    check_str("a pass", line_of(&c, &q, 0), "");
    c.settings.log_decisions = PL_LOG_NONE;
    action.effect = PL_EFFECT_REFUSE;
    check_str("none", line_of(&c, &q, 0), "");
    c.settings.log_decisions = PL_LOG_ALL;
    is_full = true;
    check_str("full", line_of(&c, &q, 0), "");
    is_full = false;
}

/* ---- the same line, written plainly ---- */

static void plain(struct pl_buf *b, bool json, const char *key, struct pl_str value,
                  const char *absent, bool mail)
{
    char escaped[DECISION_SHOWN * 4 + 4];
    size_t n = pl_escape(escaped, sizeof(escaped), value, DECISION_SHOWN);

    pl_buf_addf(b, json ? "%s\"%s\":\"" : "%s%s=", !json ? " " : b->n == 0 ? "{" : ",", key);
    pl_buf_addf(b, "%s", mail ? "<" : "");
    for (size_t i = 0; i < n; i++)
        pl_buf_addf(b, json && escaped[i] == '\\' ? "\\%c" : "%c", escaped[i]);
    pl_buf_addf(b, "%s%s%s", value.n == 0 ? absent : "", mail ? ">" : "", json ? "\"" : "");
}

static void plain_line(struct pl_buf *b, bool json, bool observe, struct pl_query *q)
{
    char addr[PL_ADDR_TEXT], server[PL_ADDR_TEXT + 10] = "";
    struct pl_str port = q->attr[PL_ATTR_SERVER_PORT];
    unsigned long number;

    pl_query_need(q, PL_ATTR_CLIENT_ADDRESS);
    pl_query_need(q, PL_ATTR_SERVER_ADDRESS);
    if (q->server.family != 0) {
        snprintf(server, sizeof(server), q->server.family == 6 ? "[%s]" : "%s",
                 pl_addr_format(addr, &q->server));
        if (pl_str_to_number(port, 0, 65535, &number))
            snprintf(server + strlen(server), 8, ":%lu", number);
    }
    if (!json)
        pl_buf_addf(b, "decision");
    plain(b, json, "action", pl_str_of(observe ? "WARN" : "REJECT"), "-", false);
    if (observe)
        plain(b, json, "would", pl_str_lit("REJECT"), "-", false);
    plain(b, json, "rule", pl_str_lit("builtin:reject"), "-", false);
    plain(b, json, "client",
          q->client.family != 0 ? pl_str_of(pl_addr_format(addr, &q->client))
                                : q->attr[PL_ATTR_CLIENT_ADDRESS],
          "-", false);
    plain(b, json, "name", q->attr[PL_ATTR_CLIENT_NAME], "unknown", false);
    plain(b, json, "helo", q->attr[PL_ATTR_HELO_NAME], "-", false);
    plain(b, json, "sasl", q->attr[PL_ATTR_SASL_USERNAME], "-", false);
    plain(b, json, "from", q->attr[PL_ATTR_SENDER], "", true);
    plain(b, json, "to", q->attr[PL_ATTR_RECIPIENT], "", true);
    plain(b, json, "state", q->attr[PL_ATTR_PROTOCOL_STATE], "-", false);
    plain(b, json, "server", pl_str_of(server), "-", false);
    plain(b, json, "instance", q->attr[PL_ATTR_INSTANCE], "-", false);
    plain(b, json, "queue_id", q->attr[PL_ATTR_QUEUE_ID], "-", false);
    pl_buf_addf(b, json ? ",\"generation\":3,\"us\":7}" : " generation=3 us=7");
}

/* A value: absent, short, long, too long; of bytes that are plain, or any. */
static struct pl_str some_value(uint32_t *seed, bool addr)
{
    static const char *const addrs[] = {"192.0.2.1", "::ffff:192.0.2.1", "2001:db8::5", "unknown",
                                        "[::1]",     "192.0.2.01",       "25",          "70000"};
    static const size_t lens[] = {0, 1, 3, 4, 9, 16, 40, 319, 320, 321, 400, 5};
    size_t n;
    char *p;

    *seed = *seed * 1664525 + 1013904223;
    if (addr && *seed >> 30 != 0) {
        n = strlen(addrs[*seed >> 8 & 7]);
        p = malloc(n);
        memcpy(p, addrs[*seed >> 8 & 7], n);
        return (struct pl_str){p, n};
    }
    n = lens[(*seed >> 20) % ROWS(lens)];
    p = malloc(n + 1);
    for (size_t i = 0; i < n; i++) {
        *seed = *seed * 1664525 + 1013904223;
        p[i] = (char)((*seed >> 29) != 0 ? 'a' + (*seed >> 10) % 26 : *seed >> 16);
    }
    return (struct pl_str){p, n};
}

static void as_plainly_written(void **state)
{
    uint32_t seed = 4;

    (void)state;
    for (unsigned i = 0; i < 4000; i++) {
        bool json = i % 2 == 1, observe = i % 5 == 4;
        struct pl_config c = config_of(json ? PL_LOG_JSON : PL_LOG_TEXT,
                                       observe ? PL_MODE_OBSERVE : PL_MODE_ENFORCE);
        struct pl_buf expected = {0};
        struct pl_query q;
        const char *line;

        memset(&q, 0, sizeof(q));
        for (unsigned a = 0; a < PL_ATTR_COUNT; a++)
            q.attr[a] =
                some_value(&seed, a == PL_ATTR_CLIENT_ADDRESS || a == PL_ATTR_SERVER_ADDRESS ||
                                      a == PL_ATTR_SERVER_PORT);
        line = line_of(&c, &q, 7);
        plain_line(&expected, json, observe, &q);
        check_str(json ? "json" : "text", line, expected.p);
        /* Once more: what was remembered of the server is the same. */
        check_str("again", line_of(&c, &q, 7), expected.p);
        pl_buf_fini(&expected);
        for (unsigned a = 0; a < PL_ATTR_COUNT; a++)
            free((void *)(uintptr_t)q.attr[a].p);
    }
}

/* The longest line that there can be. */
static void longest(void **state)
{
    struct pl_config c = config_of(PL_LOG_JSON, PL_MODE_OBSERVE);
    static char bytes[400];
    struct pl_query q;

    (void)state;
    memset(bytes, '\\', sizeof(bytes));
    memset(&q, 0, sizeof(q));
    for (unsigned a = 0; a < PL_ATTR_COUNT; a++)
        q.attr[a] = (struct pl_str){bytes, sizeof(bytes)};
    action.word = rule.name = q.attr[0];
    pl_query_begin(&q);
    assert_true(log_decision_format(room, &c, 3, &q, &decision, INT64_MAX) < sizeof(room));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_lines),
        cmocka_unit_test(which_lines),
        cmocka_unit_test(as_plainly_written),
        cmocka_unit_test(longest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
