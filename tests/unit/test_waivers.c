/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of the answers that a waiver accepted, before its last day, on it, and after. */
#include "config.h"

#include "postlatch/date.h"
#include "postlatch/explain.h"

static const char text[] =
    "accepted_domains = {example.org}\n"
    "relay_networks = {192.0.2.0/24}\n"
    "relay_client_names = {.partner.example}\n"
    "relay_listeners = {10.9.9.9}\n"
    "relay_users = {alice}\n"
    "relay_clientcerts = {\"00112233445566778899aabbccddeeff\"}\n"
    "relay_by_rule = {198.51.100.128/25}\n"
    "masking = {198.51.100.129}\n"
    "reject_action = \"REJECT 5.7.1 Not for %{client_address}\"\n"
    "rule lab { client_address = {203.0.113.7} action = \"450 4.7.1 Later\" }\n"
    "rule scanner { client_address = {198.51.100.0/24, 192.0.2.0/24, 203.0.113.0/24} action = OK "
    "}\n"
    "rule helo { helo_name = {x} action = class:friends }\n"
    "rule here { helo_name = {y} action = DUNNO }\n"
    "rule data { protocol_state = {DATA} action = OK }\n"
    "accept \"ticket 12\" {\n"
    "  surface = {198.51.100.0/24, 192.0.2.0/24, 203.0.113.0/24}\n"
    "  until = \"2027-01-31\"\n"
    "}\n"
    "accept later { surface = {203.0.113.64/26} until = \"2027-03-31\" }\n"
    "accept by-helo { rule = helo until = \"2027-02-28\" }\n"
    "accept no-class { rule = here until = \"2027-01-31\" }\n"
    "accept no-class-either { rule = scanner until = \"2099-01-31\" }\n";

static struct pl_config config;

static int load(void **state)
{
    struct pl_buf messages = {0};

    if (make_folder(state) != 0)
        return 1;
    if (!load_text(&config, text, &messages)) {
        fprintf(stderr, "%s", messages.p);
        return 1;
    }
    pl_buf_fini(&messages);
    return 0;
}

static int unload(void **state)
{
    pl_config_fini(&config);
    return remove_folder(state);
}

static void set_day(struct pl_config *c, const char *day)
{
    int32_t days;

    assert_int_equal(pl_date_parse(&days, pl_str_of(day)), PL_DATE_FINE);
    pl_policy_set_today(c->policy, days);
}

#define GONE(client) "REJECT 5.7.1 Not for " client " [builtin:expired]"

/* What is answered with three days: the last of the first waiver, the next, and when all have ended. */
static const struct {
    const char *request, *before, *after, *last;
} rows[] = {
    {"client_address=198.51.100.7 recipient=v@c.example", "OK [scanner]", GONE("198.51.100.7"),
     GONE("198.51.100.7")},
    {"client_address=198.51.100.7 recipient=a%b@example.org", "OK [scanner]", GONE("198.51.100.7"),
     GONE("198.51.100.7")},
    /* Mail to us, no recipient, another state: nothing that a waiver is about. */
    {"client_address=198.51.100.7 recipient=u@example.org", "OK [scanner]", "OK [scanner]",
     "OK [scanner]"},
    {"client_address=198.51.100.7", "OK [scanner]", "OK [scanner]", "OK [scanner]"},
    {"client_address=198.51.100.7 recipient=v@c.example protocol_state=DATA", "OK [data]",
     "OK [data]", "OK [data]"},
    /* With a login it was never the waiver's. */
    {"client_address=198.51.100.7 recipient=v@c.example sasl_username=mallory", "OK [scanner]",
     "OK [scanner]", "OK [scanner]"},
    /* Whom the boundary holds anyway: network, name, listener, certificate, relay_by_rule. */
    {"client_address=192.0.2.7 recipient=v@c.example", "OK [scanner]", "OK [scanner]",
     "OK [scanner]"},
    {"client_address=198.51.100.7 client_name=mx.partner.example recipient=v@c.example",
     "OK [scanner]", "OK [scanner]", "OK [scanner]"},
    {"client_address=198.51.100.7 server_address=10.9.9.9 recipient=v@c.example", "OK [scanner]",
     "OK [scanner]", "OK [scanner]"},
    {"client_address=198.51.100.7 ccert_fingerprint=00112233445566778899aabbccddeeff "
     "recipient=v@c.example",
     "OK [scanner]", "OK [scanner]", "OK [scanner]"},
    {"client_address=198.51.100.7 ccert_fingerprint=ff112233445566778899aabbccddeeff "
     "recipient=v@c.example",
     "OK [scanner]", GONE("198.51.100.7"), GONE("198.51.100.7")},
    {"client_address=198.51.100.200 recipient=v@c.example", "OK [scanner]", "OK [scanner]",
     "OK [scanner]"},
    {"client_address=198.51.100.129 recipient=v@c.example", "OK [scanner]", GONE("198.51.100.129"),
     GONE("198.51.100.129")},
    /* A refusal stays what it is, and so does what is outside of the surface. */
    {"client_address=203.0.113.7 recipient=v@c.example", "450 4.7.1 Later [lab]",
     "450 4.7.1 Later [lab]", "450 4.7.1 Later [lab]"},
    {"client_address=233.252.0.1 recipient=v@c.example",
     "REJECT 5.7.1 Not for 233.252.0.1 [builtin:reject]",
     "REJECT 5.7.1 Not for 233.252.0.1 [builtin:reject]",
     "REJECT 5.7.1 Not for 233.252.0.1 [builtin:reject]"},
    /* Two waivers: the one that lasts counts. */
    {"client_address=203.0.113.100 recipient=v@c.example", "OK [scanner]", "OK [scanner]",
     GONE("203.0.113.100")},
    /* By rule, for whatever client. */
    {"client_address=233.252.0.1 helo_name=x recipient=v@c.example", "friends [helo]",
     "friends [helo]", GONE("233.252.0.1")},
    /* That a rule is named means nothing where it is known what the action does. */
    {"client_address=233.252.0.1 helo_name=y recipient=v@c.example", "DUNNO [here]", "DUNNO [here]",
     "DUNNO [here]"},
    {"helo_name=x recipient=v@c.example", "friends [helo]", "friends [helo]",
     "REJECT 5.7.1 Not for - [builtin:expired]"},
};

static void check_answer(const char *day, const struct pl_config *c, const char *request,
                         const char *want)
{
    char got[PL_ACTION_ROOM + 100], row[300];
    const char *rule;

    snprintf(row, sizeof(row), "%s: %s", day, request);
    snprintf(got, sizeof(got), "%s", ask(c, request, &rule));
    snprintf(got + strlen(got), sizeof(got) - strlen(got), " [%s]", rule);
    check_str(row, got, want);
}

static void days(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        set_day(&config, "2027-01-31");
        check_answer("on its last day", &config, rows[i].request, rows[i].before);
        set_day(&config, "2027-02-01");
        check_answer("after it", &config, rows[i].request, rows[i].after);
        set_day(&config, "2027-04-01");
        check_answer("after all", &config, rows[i].request, rows[i].last);
    }
}

/* The daemon's form has no entries of tables. */
static void a_lean_policy(void **state)
{
    struct pl_diag *d = pl_diag_new();
    struct pl_config lean;
    char path[512];

    (void)state;
    snprintf(path, sizeof(path), "%s/postlatch.conf", folder);
    assert_true(pl_config_load_lean(&lean, path, d));
    assert_true(lean.policy->lean);
    for (size_t i = 0; i < ROWS(rows); i++) {
        set_day(&lean, "2027-01-31");
        check_answer("lean", &lean, rows[i].request, rows[i].before);
        set_day(&lean, "2027-02-01");
        check_answer("lean, after", &lean, rows[i].request, rows[i].after);
    }
    pl_config_fini(&lean);
    pl_diag_free(d);
}

/* A row as a query; copy is the room for its words. */
static void read_row(struct pl_query *q, const char *request, char copy[300])
{
    char *rest = copy, *word;

    memset(q, 0, sizeof(*q));
    q->attr[PL_ATTR_PROTOCOL_STATE] = pl_str_lit("RCPT");
    snprintf(copy, 300, "%s", request);
    while ((word = strsep(&rest, " ")) != NULL) {
        char *equals = strchr(word, '=');

        assert_non_null(equals);
        q->attr[pl_attr_find((struct pl_str){word, (size_t)(equals - word)})] =
            pl_str_of(equals + 1);
    }
    pl_query_read(q);
}

static void the_interpreter_agrees(void **state)
{
    (void)state;
    set_day(&config, "2027-02-01");
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_decision decided, read;
        struct pl_cursor cursor = {0};
        struct pl_query q;
        char copy[300];

        read_row(&q, rows[i].request, copy);
        pl_policy_interpret(config.policy, &q, &read);
        pl_policy_decide(config.policy, &q, &cursor, &decided);
        check_true(rows[i].request, read.rule == decided.rule && read.action == decided.action);
    }
}

static void explained(void **state)
{
    struct pl_explanation *e;
    struct pl_buf out = {0};
    struct pl_query q;
    char copy[300], *at;

    (void)state;
    set_day(&config, "2027-02-01");
    read_row(&q, rows[0].request, copy);
    e = pl_explain(config.policy, &q);
    assert_non_null(e);
    assert_int_equal(e->nsteps, 3);
    check_str("the rule that matched", e->steps[1].rule->name.p, "scanner");
    check_true("matched", e->steps[1].matched);
    check_str("what decided", e->steps[2].rule->name.p, "builtin:expired");
    check_true("decided", e->steps[2].matched && e->decision.rule == e->steps[2].rule);
    pl_explain_ended(&out, e);
    at = strstr(out.p, folder);
    assert_non_null(at);
    memmove(at, at + strlen(folder) + 1, strlen(at + strlen(folder)));
    check_str(
        "why", out.p,
        "accept \"ticket 12\" (postlatch.conf:15) ended with 2027-01-31: the client gets no OK "
        "from written rules any more, as nothing else makes it one that may relay");
    pl_explanation_free(e);
    pl_buf_reset(&out);
    set_day(&config, "2027-01-31");
    e = pl_explain(config.policy, &q);
    assert_non_null(e);
    assert_int_equal(e->nsteps, 2);
    assert_null(e->ended);
    pl_explanation_free(e);
    pl_buf_fini(&out);
}

static void whose(void **state)
{
    static const struct {
        const char *addr, *reason;
    } clients[] = {
        {"198.51.100.7", "ticket 12"}, {"203.0.113.100", "later"}, /* the one that has not ended */
        {"203.0.113.1", "ticket 12"},  {"10.0.0.1", ""},           {"2001:db8::1", ""},
    };

    (void)state;
    set_day(&config, "2027-02-01");
    for (size_t i = 0; i < ROWS(clients); i++) {
        const struct pl_waiver *w;
        struct pl_addr addr;

        assert_true(pl_addr_parse(&addr, pl_str_of(clients[i].addr)));
        w = pl_policy_waiver(config.policy, &addr);
        check_str(clients[i].addr, w == NULL ? "" : w->reason.p, clients[i].reason);
    }
}

static void loaded_today(void **state)
{
    struct pl_buf messages = {0};
    struct pl_config now;

    (void)state;
    if (!load_text(&now,
                   "rule r { client_address = {10.0.0.1} action = OK }\n"
                   "reject_action = DUNNO\n"
                   "accept past { surface = {10.0.0.1} until = \"2001-01-01\" }\n",
                   &messages))
        fail_msg("%s", messages.p);
    check_answer("at load", &now, "client_address=10.0.0.1 recipient=v@c.example",
                 "REJECT Relay access denied [builtin:expired]");
    pl_config_fini(&now);
    pl_buf_fini(&messages);
}

/* What Postfix is left to refuse was never open and stays; what it permits (permitted_elsewhere) was. */
static void left_to_postfix(void **state)
{
    struct pl_buf messages = {0};
    struct pl_config c;

    (void)state;
    if (!load_text(&c,
                   "accepted_domains = {example.org}\n"
                   "permitted_elsewhere = {10.0.0.0/24}\n"
                   "reject_action = DUNNO\n"
                   "rule seen { helo_name = {z} action = \"PREPEND X-Seen: yes\" }\n"
                   "accept past { surface = {10.0.0.0/16} until = \"2001-01-01\" }\n",
                   &messages))
        fail_msg("%s", messages.p);
    check_answer("left", &c, "client_address=10.0.1.1 helo_name=z recipient=v@c.example",
                 "PREPEND X-Seen: yes [seen]");
    check_answer("left", &c, "client_address=10.0.1.1 recipient=v@c.example",
                 "DUNNO [builtin:reject]");
    check_answer("permitted", &c, "client_address=10.0.0.1 helo_name=z recipient=v@c.example",
                 "REJECT Relay access denied [builtin:expired]");
    check_answer("permitted", &c, "client_address=10.0.0.1 recipient=v@c.example",
                 "REJECT Relay access denied [builtin:expired]");
    check_answer("ours", &c, "client_address=10.0.0.1 recipient=u@example.org",
                 "DUNNO [builtin:accepted]");
    pl_config_fini(&c);
    pl_buf_fini(&messages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days),
        cmocka_unit_test(a_lean_policy),
        cmocka_unit_test(the_interpreter_agrees),
        cmocka_unit_test(explained),
        cmocka_unit_test(whose),
        cmocka_unit_test(loaded_today),
        cmocka_unit_test(left_to_postfix),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
