/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configurations: a file, one that it may include, and a table's file. It loads without an error, or
 * it does not and says why, each message of one printable line; what loads answers, and any answer is
 * one that Postfix reads as it is meant. The compiled form, the lean one and the plain interpreter give
 * the same answer.
 *
 * Input: postlatch.conf, NUL, "inc", NUL, "tab".
 */
#include "fuzz.h"
#include "postlatch/reply.h"

#include <string.h>

static const char *const requests[][6] = {
    /* client, recipient, sender, login, name, state */
    {"203.0.113.9", "v@foreign.example", "", "", "unknown", "RCPT"},
    {"192.0.2.1", "u@example.org", "s@example.org", "", "mx.example.org", "RCPT"},
    {"2001:db8::1", "a%b@example.org", "s@example.net", "alice", "unknown", "RCPT"},
    {"10.0.0.1", "", "", "", "unknown", "DATA"},
    {"", "postmaster", "x", "@example.org", "", "RCPT"},
};

/* The number of the rule that decides; builtin:expired is behind them all. */
static size_t rule_of(const struct pl_policy *policy, const struct pl_decision *decision)
{
    if (decision->rule == policy->expired)
        return policy->nrules;
    return (size_t)(decision->rule - policy->rules);
}

static void ask(const struct pl_policy *policy, const struct pl_policy *lean)
{
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        char action[PL_ACTION_ROOM], reply[PL_REPLY_MAX];
        struct pl_cursor cursor = {0}, lean_cursor = {0};
        struct pl_decision decision, other;
        struct pl_query q, again;
        size_t n;

        memset(&q, 0, sizeof(q));
        q.attr[PL_ATTR_CLIENT_ADDRESS] = pl_str_of(requests[i][0]);
        q.attr[PL_ATTR_RECIPIENT] = pl_str_of(requests[i][1]);
        q.attr[PL_ATTR_SENDER] = pl_str_of(requests[i][2]);
        q.attr[PL_ATTR_SASL_USERNAME] = pl_str_of(requests[i][3]);
        q.attr[PL_ATTR_CLIENT_NAME] = pl_str_of(requests[i][4]);
        q.attr[PL_ATTR_PROTOCOL_STATE] = pl_str_of(requests[i][5]);
        pl_query_read(&q);
        fuzz_check(pl_policy_decide(policy, &q, &cursor, &decision) == PL_STEP_DECIDED);
        pl_policy_interpret(policy, &q, &other);
        fuzz_check(other.rule == decision.rule);
        again = q;
        pl_query_begin(&again);
        pl_policy_decide(lean, &again, &lean_cursor, &other);
        fuzz_check(rule_of(lean, &other) == rule_of(policy, &decision));
        n = pl_policy_answer(action, policy, &q, &decision);
        n = pl_reply_format(reply, (struct pl_str){action, n});
        fuzz_check(fuzz_is_reply((struct pl_str){reply, n}));
    }
}

/* Printable ASCII, but for the dots that are our own. */
static bool is_clean(const char *line)
{
    for (const char *p = line; *p != '\0'; p++) {
        if (strncmp(p, "…", strlen("…")) == 0)
            p += strlen("…") - 1;
        else if (!pl_ascii_is_print(*p))
            return false;
    }
    return line[0] != '\0';
}

static void check_messages(struct pl_diag *d)
{
    const char *line;
    size_t i = 0;

    for (; (line = pl_diag_get(d, i)) != NULL; i++)
        fuzz_check(is_clean(line));
    fuzz_check(i == (pl_diag_errors(d) < PL_DIAG_SHOWN ? pl_diag_errors(d) : PL_DIAG_SHOWN));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct pl_str conf = input_until(&in, '\0'), inc = input_until(&in, '\0');
    struct pl_diag *d = pl_diag_new();
    struct pl_config config, lean;
    const char *path;
    bool loaded;

    fuzz_check(d != NULL);
    fuzz_write("inc", inc);
    fuzz_write("tab", input_rest(&in));
    path = fuzz_write("postlatch.conf", conf);
    loaded = pl_config_load(&config, path, d);
    fuzz_check(loaded == (pl_diag_errors(d) == 0));
    check_messages(d);
    fuzz_check(pl_config_load_lean(&lean, path, d) == loaded);
    if (loaded)
        ask(config.policy, lean.policy);
    else
        fuzz_check(config.policy == NULL);
    pl_config_fini(&lean);
    pl_config_fini(&config);
    pl_diag_free(d);
    return 0;
}
