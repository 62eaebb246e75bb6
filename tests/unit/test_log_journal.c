/* SPDX-License-Identifier: BSD-2-Clause */
/* The journal's head and fields, whole; and that text and JSON lines give the same fields. */
#include "unit.h"

#include "daemon/log_decision.h"
#include "daemon/log_journal.h"
#include "postlatch/quote.h"

#include <stdlib.h>
#include <syslog.h>

/* What log_decision.c would call. */
char *log_reserve(void)
{
    return NULL;
}

void log_commit(int priority, size_t n)
{
    (void)priority;
    (void)n;
}

static const char *fields_of(struct pl_str line)
{
    static char out[LOG_LINE_MAX + LOG_JOURNAL_MORE + 1];
    size_t n;

    memset(out, '#', sizeof(out)); /* what is beyond the promised room is not touched */
    n = log_journal_fields(out, line);
    assert_true(n <= line.n + LOG_JOURNAL_MORE);
    assert_true(out[n] == '#');
    out[n] = '\0';
    return out;
}

static void heads(void **state)
{
    char head[LOG_JOURNAL_HEAD + 1], tag[65];
    size_t n = log_journal_head(head, LOG_WARNING, LOG_MAIL, "postlatchd");

    (void)state;
    head[n] = '\0';
    check_str("head", head,
              "PRIORITY=4\nSYSLOG_FACILITY=2\nSYSLOG_IDENTIFIER=postlatchd\nMESSAGE=");
    memset(tag, 't', 64);
    tag[64] = '\0';
    n = log_journal_head(head, LOG_DEBUG, LOG_LOCAL7, tag);
    assert_true(n < LOG_JOURNAL_HEAD && memcmp(head + n - 8, "MESSAGE=", 8) == 0);
}

static void whole(void **state)
{
    (void)state;
    check_str("text",
              fields_of(pl_str_lit(
                  "decision action=WARN would=REJECT rule=app\\x20server client=203.0.113.9 "
                  "name=unknown helo=x\\x0ay=z sasl=- from=<> to=<v@c.example> state=RCPT "
                  "server=[2001:db8::1]:25 instance=- queue_id=- generation=3 us=14")),
              "\nPOSTLATCH_ACTION=WARN\nPOSTLATCH_WOULD=REJECT\nPOSTLATCH_RULE=app\\x20server\n"
              "POSTLATCH_CLIENT=203.0.113.9\nPOSTLATCH_NAME=unknown\nPOSTLATCH_HELO=x\\x0ay=z\n"
              "POSTLATCH_FROM=<>\nPOSTLATCH_TO=v@c.example\nPOSTLATCH_STATE=RCPT\n"
              "POSTLATCH_SERVER=[2001:db8::1]:25\nPOSTLATCH_GENERATION=3\nPOSTLATCH_US=14\n");
    check_str("json",
              fields_of(pl_str_lit("{\"action\":\"OK\",\"helo\":\"x\\\\x0ay\",\"sasl\":\"\\\\x2d\","
                                   "\"from\":\"<a@b.example>\",\"queue_id\":\"-\",\"us\":14}")),
              "\nPOSTLATCH_ACTION=OK\nPOSTLATCH_HELO=x\\x0ay\nPOSTLATCH_SASL=\\x2d\n"
              "POSTLATCH_FROM=a@b.example\nPOSTLATCH_US=14\n");
    check_str("nothing", fields_of(pl_str_lit("")), "\n");
}

static struct pl_str some_value(uint32_t *seed)
{
    static const size_t lens[] = {0, 1, 2, 3, 16, 319, 320, 321, 400, 5};
    size_t n;
    char *p;

    *seed = *seed * 1664525 + 1013904223;
    n = lens[(*seed >> 20) % ROWS(lens)];
    p = malloc(n + 1);
    for (size_t i = 0; i < n; i++) {
        *seed = *seed * 1664525 + 1013904223;
        p[i] = (char)((*seed >> 29) != 0 ? (unsigned char)"=<>\\\"-,:{} \naz"[(*seed >> 10) % 13]
                                         : *seed >> 16);
    }
    return (struct pl_str){p, n};
}

/* A field as it must be: the escaped value, or none. */
static void plain(char *out, const char *name, struct pl_str value, bool mail)
{
    char escaped[DECISION_SHOWN * 4 + 4];

    pl_escape(escaped, sizeof(escaped), value, DECISION_SHOWN);
    if (value.n > 0 || mail)
        sprintf(out + strlen(out), "POSTLATCH_%s=%s\n", name, value.n > 0 ? escaped : "<>");
}

/* Whatever a client sends: the same fields from both forms, one line each, nothing forged. */
static void any_bytes(void **state)
{
    static char line[DECISION_LINE], text[LOG_LINE_MAX + LOG_JOURNAL_MORE + 1];
    static char expected[LOG_LINE_MAX];
    struct pl_policy policy = {.mode = PL_MODE_ENFORCE};
    struct pl_action action = {.word = pl_str_lit("OK"), .effect = PL_EFFECT_PASS};
    struct pl_rule rule = {.action = &action, .name = pl_str_lit("a b")};
    struct pl_decision decision = {&rule, &action};
    uint32_t seed = 7;

    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        struct pl_config c = {.policy = &policy};
        struct pl_query q;

        memset(&q, 0, sizeof(q));
        for (unsigned a = 0; a < PL_ATTR_COUNT; a++) {
            if (a != PL_ATTR_SERVER_ADDRESS && a != PL_ATTR_CLIENT_ADDRESS)
                q.attr[a] = some_value(&seed);
        }
        strcpy(expected, "\nPOSTLATCH_ACTION=OK\nPOSTLATCH_RULE=a\\x20b\n");
        plain(expected, "NAME",
              q.attr[PL_ATTR_CLIENT_NAME].n > 0 ? q.attr[PL_ATTR_CLIENT_NAME]
                                                : pl_str_lit("unknown"),
              false);
        plain(expected, "HELO", q.attr[PL_ATTR_HELO_NAME], false);
        plain(expected, "SASL", q.attr[PL_ATTR_SASL_USERNAME], false);
        plain(expected, "FROM", q.attr[PL_ATTR_SENDER], true);
        plain(expected, "TO", q.attr[PL_ATTR_RECIPIENT], true);
        plain(expected, "STATE", q.attr[PL_ATTR_PROTOCOL_STATE], false);
        plain(expected, "INSTANCE", q.attr[PL_ATTR_INSTANCE], false);
        plain(expected, "QUEUE_ID", q.attr[PL_ATTR_QUEUE_ID], false);
        strcat(expected, "POSTLATCH_GENERATION=3\nPOSTLATCH_US=7\n");
        for (unsigned format = PL_LOG_TEXT; format <= PL_LOG_JSON; format++) {
            c.settings.log_format = (enum pl_log_format)format;
            pl_query_begin(&q);
            strcpy(text, fields_of((struct pl_str){
                             line, log_decision_format(line, &c, 3, &q, &decision, 7)}));
            check_str(format == PL_LOG_TEXT ? "text" : "json", text, expected);
        }
        for (unsigned a = 0; a < PL_ATTR_COUNT; a++)
            free((void *)(uintptr_t)q.attr[a].p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads),
        cmocka_unit_test(whole),
        cmocka_unit_test(any_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
