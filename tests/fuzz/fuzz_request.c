/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The request parser: wherever the bytes are cut, the same requests come out; what comes out lies in
 * the buffer, and is what a reader that goes line by line finds.
 *
 * Input: one byte, how the rest is cut; the rest.
 */
#include "fuzz.h"
#include "postlatch/reply.h"
#include "postlatch/request.h"

#include <stdlib.h>
#include <string.h>

static const char policy[] =
    "accepted_domains = {example.org, .example.net, \"[192.0.2.25]\"}\n"
    "relay_networks = {192.0.2.0/24, 2001:db8:1::/48}\n"
    "relay_client_names = {.partner.example}\n"
    "relay_listeners = {10.0.0.25, \"192.0.2.1:2525\", \"context:internal\"}\n"
    "relay_users = {alice, \"@example.org\"}\n"
    "relay_clientcerts = {00112233445566778899aabbccddeeff}\n"
    "masking = {192.0.2.1}\n"
    "recipient_delimiter = \"+-\"\n"
    "users blocked { entries = {mallory} }\n"
    "rule \"a\" { sasl_username = {<blocked>} action = \"REJECT 5.7.1 Login "
    "%{sasl_username} is blocked\" }\n"
    "rule \"b\" { sender = {foreign, \"!user@\"} recipient = {routed} action = \"550 5.7.1 no "
    "%{recipient}\" }\n"
    "rule \"c\" { helo_name = {any, !.example.org} reverse_client_name = {unknown} sender = "
    "{\"<>\"}\n"
    "  server_port = {1-24, 26} encryption_protocol = {none} action = \"PREPEND X-C: "
    "%{helo_name}\" }\n"
    "rule \"d\" { protocol_state = {DATA, END-OF-MESSAGE} recipient = {ours} action = \"HOLD from "
    "%{sender}\" }\n";

/* The first value of a name, by the plainest of readers. */
static struct pl_str value_of(struct pl_str request, const char *name)
{
    struct pl_str wanted = pl_str_of(name);

    while (request.n > 0) {
        struct pl_str line = {request.p, pl_str_find(request, '\n')};

        if (line.n > wanted.n && line.p[wanted.n] == '=' && pl_str_has_prefix(line, wanted))
            return pl_str_from(line, wanted.n + 1);
        request = pl_str_from(request, line.n + 1);
    }
    return (struct pl_str){NULL, 0};
}

static void decide(const struct pl_config *config, struct pl_query *q)
{
    struct pl_cursor cursor = {0};
    struct pl_decision decision;
    char action[PL_ACTION_ROOM], reply[PL_REPLY_MAX];
    size_t n;

    pl_query_read(q);
    fuzz_check(pl_policy_decide(config->policy, q, &cursor, &decision) == PL_STEP_DECIDED);
    n = pl_policy_answer(action, config->policy, q, &decision);
    n = pl_reply_format(reply, (struct pl_str){action, n});
    fuzz_check(fuzz_is_reply((struct pl_str){reply, n}));
}

/* In one pass, or end first and attributes then: the same. The pad holds what came first, again. */
static void check_take(struct pl_str in, enum pl_request_status status, size_t end)
{
    size_t len = in.n;
    char *buf = malloc(len + PL_REQUEST_PAD);
    struct pl_request_scan scan = {0};
    struct pl_str taken[PL_ATTR_COUNT], parsed[PL_ATTR_COUNT];
    const char *why = NULL, *parse_why = NULL;
    size_t take_end = 0;
    enum pl_request_status take;

    fuzz_check(buf != NULL);
    for (size_t i = 0; i < len + PL_REQUEST_PAD; i++)
        buf[i] = len == 0 ? '\n' : in.p[i % len];
    take = pl_request_take(taken, buf, len, &scan, &take_end, &why);
    if (status == PL_REQUEST_COMPLETE && !pl_request_parse(parsed, buf, end, &parse_why))
        status = PL_REQUEST_TROUBLE;
    fuzz_check(take == status);
    if (parse_why != NULL)
        fuzz_check(why == parse_why);
    if (take == PL_REQUEST_COMPLETE) {
        fuzz_check(take_end == end);
        for (unsigned i = 0; i < PL_ATTR_COUNT; i++)
            fuzz_check(taken[i].p == parsed[i].p && taken[i].n == parsed[i].n);
    }
    free(buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pl_config config;
    struct input in = {data, size};
    unsigned step = input_byte(&in);
    struct pl_str all = input_rest(&in);
    struct pl_request_scan scan = {0}, whole = {0};
    enum pl_request_status status = PL_REQUEST_MORE, at_once;
    size_t end = 0, end_at_once = 0, len = 0;
    const char *why = NULL, *why_at_once = NULL;
    struct pl_query q;
    char *copy;

    if (config.policy == NULL)
        fuzz_config(&config, policy);
    copy = fuzz_heap(all);
    at_once = pl_request_find_end(copy, all.n, &whole, &end_at_once, &why_at_once);
    while (status == PL_REQUEST_MORE && len < all.n) {
        len = all.n - len > 1 + step ? len + 1 + step : all.n;
        status = pl_request_find_end(copy, len, &scan, &end, &why);
    }
    fuzz_check(status == at_once && end == end_at_once && why == why_at_once);
    check_take((struct pl_str){copy, all.n}, status, end);
    if (status == PL_REQUEST_COMPLETE) {
        fuzz_check(end <= all.n);
        memset(&q, 0, sizeof(q));
        if (pl_request_parse(q.attr, copy, end, &why)) {
            for (unsigned i = 0; i < PL_ATTR_COUNT; i++)
                fuzz_check(pl_str_eq(q.attr[i], value_of((struct pl_str){copy, end - 1},
                                                         pl_attr_name((enum pl_attr)i))));
            decide(&config, &q);
        }
    }
    free(copy);
    return 0;
}
