/* SPDX-License-Identifier: BSD-2-Clause */
/* Decision lines read back: whatever was asked, what was written comes back, or is known to be cut. */
#include "unit.h"

#include "daemon/log_decision.h"
#include "postlatch/json.h"
#include "postlatch/logline.h"

#include <stdlib.h>

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

static struct pl_logline read_back; /* too large for a stack */

static struct pl_str some_value(uint32_t *seed)
{
    static const size_t lens[] = {0, 1, 2, 3, 16, 317, 319, 320, 321, 323, 324, 400, 5};
    size_t n;
    char *p;

    *seed = *seed * 1664525 + 1013904223;
    n = lens[(*seed >> 20) % ROWS(lens)];
    p = malloc(n + 3);
    for (size_t i = 0; i < n; i++) {
        *seed = *seed * 1664525 + 1013904223;
        p[i] = (char)((*seed >> 29) != 0 ? (unsigned char)"=<>\\\"-,:{} \nazx0."[(*seed >> 10) % 18]
                                         : *seed >> 16);
    }
    if (n >= 3 && *seed >> 31 != 0)
        memcpy(p + n - 3, "...", 3); /* looks as if it were cut */
    return (struct pl_str){p, n};
}

static void check_value(const char *row, enum pl_attr attr, struct pl_str sent)
{
    struct pl_str got = read_back.attr[attr];
    bool cut = sent.n > PL_LOG_SHOWN;

    if (cut)
        sent.n = PL_LOG_SHOWN;
    if (!pl_str_eq(got, sent) || (read_back.unknown >> attr & 1) != cut)
        fail_msg("%s: %s: %.*s", row, pl_attr_name(attr), (int)got.n, got.p);
}

/* The line as loggers keep it; returns its length. */
static size_t wrap(char *out, unsigned how, const char *line, size_t n)
{
    struct pl_json *object;
    FILE *memory;
    size_t size;
    char *text;

    if (how < 4) {
        static const char *const front[] = {"", "Nov  8 10:00:00 mx postlatchd[12]: ",
                                            "2026-11-28T10:00:00.1+01:00 mx postlatchd[12]: ",
                                            "<22>1 2026-11-28T10:00:00Z mx postlatchd 1 - - "};

        strcpy(out, front[how]);
        memcpy(out + strlen(front[how]), line, n);
        return strlen(front[how]) + n;
    }
    object = pl_json_object();
    pl_json_set(object, "PRIORITY", pl_json_string(pl_str_lit("6")));
    pl_json_set(object, "MESSAGE", pl_json_string((struct pl_str){line, n}));
    memory = open_memstream(&text, &size);
    pl_json_print(object, memory);
    fclose(memory);
    for (size_t i = 0; i < size; i++)
        out[i] = text[i] == '\n' ? ' ' : text[i];
    free(text);
    pl_json_free(object);
    return size;
}

static void what_was_asked(void **state)
{
    static char line[DECISION_LINE], wrapped[4 * DECISION_LINE];
    struct pl_policy policy = {.mode = PL_MODE_ENFORCE};
    struct pl_action action = {.word = pl_str_lit("450"), .effect = PL_EFFECT_REFUSE};
    struct pl_rule rule = {.action = &action, .name = pl_str_lit("a b=c")};
    struct pl_decision decision = {&rule, &action};
    static const enum pl_attr attrs[] = {
        PL_ATTR_HELO_NAME,      PL_ATTR_SASL_USERNAME, PL_ATTR_SENDER,  PL_ATTR_RECIPIENT,
        PL_ATTR_PROTOCOL_STATE, PL_ATTR_INSTANCE,      PL_ATTR_QUEUE_ID};
    uint32_t seed = 11;

    (void)state;
    for (unsigned i = 0; i < 4000; i++) {
        char row[40], why[PL_LOGLINE_WHY] = "";
        struct pl_config c = {.policy = &policy,
                              .settings.log_format = i % 2 == 0 ? PL_LOG_TEXT : PL_LOG_JSON};
        struct pl_query q;
        size_t n;

        memset(&q, 0, sizeof(q));
        policy.mode = i % 3 == 0 ? PL_MODE_OBSERVE : PL_MODE_ENFORCE;
        for (unsigned a = 0; a < PL_ATTR_COUNT; a++) {
            if (a != PL_ATTR_CLIENT_ADDRESS && a != PL_ATTR_SERVER_ADDRESS)
                q.attr[a] = some_value(&seed);
        }
        q.attr[PL_ATTR_CLIENT_ADDRESS] = pl_str_lit("2001:db8::1");
        q.attr[PL_ATTR_SERVER_ADDRESS] =
            i % 4 < 2 ? pl_str_lit("192.0.2.1") : pl_str_lit("2001:db8::25");
        free((void *)(uintptr_t)q.attr[PL_ATTR_SERVER_PORT].p);
        q.attr[PL_ATTR_SERVER_PORT] = i % 5 == 0 ? pl_str_lit("") : pl_str_lit("587");
        pl_query_begin(&q);
        n = log_decision_format(line, &c, 3, &q, &decision, 7);
        n = wrap(wrapped, i % 5, line, n);
        snprintf(row, sizeof(row), "line %u", i);
        if (pl_logline_read(&read_back, (struct pl_str){wrapped, n}, why) != PL_LOGLINE_DECISION)
            fail_msg("%s: not read: %s: %.*s", row, why, (int)n, wrapped);
        check_true(row, pl_str_eq(read_back.action, pl_str_lit("450")) &&
                            pl_str_eq(read_back.rule, rule.name) &&
                            read_back.observed == (policy.mode == PL_MODE_OBSERVE));
        for (size_t a = 0; a < ROWS(attrs); a++)
            check_value(row, attrs[a], q.attr[attrs[a]]);
        check_value(row, PL_ATTR_CLIENT_NAME,
                    q.attr[PL_ATTR_CLIENT_NAME].n > 0 ? q.attr[PL_ATTR_CLIENT_NAME]
                                                      : pl_str_lit("unknown"));
        check_value(row, PL_ATTR_CLIENT_ADDRESS, q.attr[PL_ATTR_CLIENT_ADDRESS]);
        check_value(row, PL_ATTR_SERVER_ADDRESS, q.attr[PL_ATTR_SERVER_ADDRESS]);
        check_true(row,
                   pl_str_eq(read_back.attr[PL_ATTR_SERVER_PORT], q.attr[PL_ATTR_SERVER_PORT]) &&
                       (read_back.unknown >> PL_ATTR_SERVER_PORT & 1) == (i % 5 == 0));
        check_true(row, (read_back.unknown >> PL_ATTR_CCERT_FINGERPRINT & 1) == 1 &&
                            (read_back.unknown >> PL_ATTR_SASL_METHOD & 1) ==
                                (q.attr[PL_ATTR_SASL_USERNAME].n > 0));
        for (unsigned a = 0; a < PL_ATTR_COUNT; a++) {
            if (a != PL_ATTR_CLIENT_ADDRESS && a != PL_ATTR_SERVER_ADDRESS &&
                a != PL_ATTR_SERVER_PORT)
                free((void *)(uintptr_t)q.attr[a].p);
        }
    }
}

/* However much of a line is lost: it is never taken for a whole one. */
static void cut_anywhere(void **state)
{
    static const char line[] =
        "decision action=REJECT rule=builtin:reject client=203.0.113.9 name=unknown helo=x sasl=- "
        "from=<> to=<v@foreign.example> state=RCPT server=- instance=- queue_id=- generation=3 us=";
    static const char json[] = "{\"action\":\"REJECT\",\"rule\":\"r\",\"client\":\"-\",\"name\":"
                               "\"-\",\"helo\":\"-\",\"sasl\":\"-\",\"from\":\"<>\",\"to\":\"<>\","
                               "\"state\":\"-\",\"server\":\"-\",\"instance\":\"-\",\"queue_id\":"
                               "\"-\",\"generation\":3,\"us\":14";
    char why[PL_LOGLINE_WHY];

    (void)state;
    for (size_t n = 0; n < sizeof(line) - 4; n++)
        assert_int_not_equal(pl_logline_read(&read_back, (struct pl_str){line, n}, why),
                             PL_LOGLINE_DECISION);
    for (size_t n = 0; n < sizeof(json); n++)
        assert_int_not_equal(pl_logline_read(&read_back, (struct pl_str){json, n}, why),
                             PL_LOGLINE_DECISION);
}

/* What a shadow would have answered is no decision, in neither form. */
static void shadows(void **state)
{
    struct pl_action ok = {.word = pl_str_lit("OK")}, reject = {.word = pl_str_lit("REJECT")};
    struct pl_rule mine = {.name = pl_str_lit("builtin:reject"), .action = &reject},
                   theirs = {.name = pl_str_lit("app"), .action = &ok};
    struct pl_decision a = {&mine, &reject}, b = {&theirs, &ok};
    struct pl_policy policy = {.mode = PL_MODE_ENFORCE};
    struct pl_config config = {.policy = &policy};
    char line[DECISION_LINE], why[PL_LOGLINE_WHY];
    struct pl_query q = {.have = 0};

    (void)state;
    for (unsigned json = 0; json < 2; json++) {
        config.settings.log_format = json ? PL_LOG_JSON : PL_LOG_TEXT;
        size_t n = log_shadow_format(line, &config, 1, &q, &a, &b);

        assert_int_equal(pl_logline_read(&read_back, (struct pl_str){line, n}, why),
                         PL_LOGLINE_OTHER);
        n = log_decision_format(line, &config, 1, &q, &a, 0);
        assert_int_equal(pl_logline_read(&read_back, (struct pl_str){line, n}, why),
                         PL_LOGLINE_DECISION);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_asked),
        cmocka_unit_test(cut_anywhere),
        cmocka_unit_test(shadows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
