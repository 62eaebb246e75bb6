/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Generated configurations and hostile requests: whatever loads, nothing that is sent is an action
 * that Postfix would take for a permit, or reads past the end of. pl_reply_format aborts on the
 * worst of it; the rest is checked here on the bytes.
 */
#include "config.h"

#include "postlatch/reply.h"

#include <time.h>

static const char *const words[] = {"OK",
                                    "DUNNO",
                                    "REJECT",
                                    "DEFER",
                                    "DEFER_IF_PERMIT",
                                    "450",
                                    "550",
                                    "WARN",
                                    "INFO",
                                    "HOLD",
                                    "DISCARD",
                                    "PREPEND",
                                    "FILTER",
                                    "class:x",
                                    "DEFER_IF_REJECT",
                                    "250",
                                    "reject_unauth_destination",
                                    ""};
static const char *const texts[] = {"",
                                    "5.7.1",
                                    "4.7.1",
                                    "5.7.1 No",
                                    "No",
                                    "550 No",
                                    "X-A: b",
                                    "smtp:[127.0.0.1]",
                                    "a %{helo_name}",
                                    "%{sender}",
                                    "X: %{sender}",
                                    "4.7.1 a%{sender}",
                                    "5.7.1 b %{recipient}",
                                    "a  %{client_name}"};
static const char *const hostile[] = {
    "",   "550",         "5.7.1",           " ",      "OK", "\n\naction=OK\n\n", "\xff\xfe", "\x01",
    "  ", "a@b.example", "a%b@example.org", "unknown"};

#define PICK(array, seed) ((array)[(size_t)rand_r(seed) % ROWS(array)])

/* Nobody else writes to our files: no need to wait until a change of one could be told. */
int __wrap_nanosleep(const struct timespec *pause, struct timespec *rest);

int __wrap_nanosleep(const struct timespec *pause, struct timespec *rest)
{
    (void)pause;
    (void)rest;
    return 0;
}

/* An enhanced status code with nothing behind it at the end of an action. */
static bool ends_in_code(struct pl_str action)
{
    struct pl_str last;
    size_t blank = pl_str_find(action, ' '), dots = 0;

    if (blank == action.n)
        return false;
    last = pl_str_from(action, blank + 1);
    for (size_t i = 0; i < last.n; i++) {
        dots += last.p[i] == '.';
        if (last.p[i] != '.' && !pl_ascii_is_digit(last.p[i]))
            return false;
    }
    return dots == 2;
}

static void check_answer(const struct pl_policy *p, unsigned *seed, const char *config)
{
    struct pl_cursor cursor = {0};
    struct pl_decision decision;
    struct pl_query q;
    char action[PL_ACTION_ROOM], reply[PL_REPLY_MAX];
    size_t n, digits = 0;

    memset(&q, 0, sizeof(q));
    for (unsigned i = 0; i < PL_ATTR_COUNT; i++)
        q.attr[i] = pl_str_of(PICK(hostile, seed));
    if (rand_r(seed) % 4 != 0)
        q.attr[PL_ATTR_PROTOCOL_STATE] = pl_str_lit("RCPT");
    pl_query_read(&q);
    pl_policy_decide(p, &q, &cursor, &decision);
    n = pl_policy_answer(action, p, &q, &decision);
    pl_reply_format(reply, (struct pl_str){action, n});
    for (size_t i = 0; i < n; i++) {
        check_true(config, pl_ascii_is_print(action[i]));
        digits += pl_ascii_is_digit(action[i]);
    }
    check_true(config, n > 0 && digits < n && action[0] != ' ');
    check_true(config, !ends_in_code((struct pl_str){action, n}));
}

static void nothing_unsafe_is_sent(void **state)
{
    unsigned seed = 20261125, loaded = 0;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct pl_buf text = {0}, messages = {0};
        struct pl_config config;

        if (rand_r(&seed) % 4 == 0)
            pl_buf_addf(&text, "mode = observe\n");
        if (rand_r(&seed) % 4 == 0)
            pl_buf_addf(&text, "reject_action = \"%s %s\"\n", PICK(words, &seed),
                        PICK(texts, &seed));
        for (int i = 0; i < 3; i++)
            pl_buf_addf(&text, "rule \"r%d\" { %s action = \"%s %s\" }\n", i,
                        rand_r(&seed) % 2 == 0 ? "sender = {foreign}" : "", PICK(words, &seed),
                        PICK(texts, &seed));
        if (load_text(&config, text.p, &messages)) {
            loaded++;
            for (int i = 0; i < 20; i++)
                check_answer(config.policy, &seed, text.p);
            pl_config_fini(&config);
        } else {
            check_true(text.p, messages.n > 0);
        }
        pl_buf_fini(&messages);
        pl_buf_fini(&text);
    }
    assert_true(loaded > 100);
}

/* A text with a number in it; none for NULL. */
static void with_number(char out[64], const char *const around[2], int number)
{
    out[0] = '\0';
    if (around[0] != NULL)
        snprintf(out, 64, "%s%d%s", around[0], number, around[1]);
}

/* Lists that are too large for a cache are looked up another way round; what is decided is the same. */
static void large_lists(void **state)
{
    enum { NAMES = 40000 };
    static const char *const clients[] = {"192.0.2.1", "198.51.100.1", "unknown"};
    static const char *const recipients[6][2] = {{"v@d", ".example"},       {"v@x", ".example"},
                                                 {"d", ".example"},         {"a%b@d", ".example"},
                                                 {"v@", ".parent.example"}, {NULL, NULL}};
    static const char *const logins[5][2] = {
        {NULL, NULL}, {"u", ""}, {"x", ""}, {"u", "@realm.example"}, {"@", ""}};
    struct pl_buf text = {0}, messages = {0};
    struct pl_config config;

    (void)state;
    pl_buf_addf(&text, "relay_networks = {192.0.2.0/24}\nrelay_client_names = {c5.example}\n"
                       "relay_users = {\"@realm.example\"");
    for (int i = 0; i < NAMES; i++)
        pl_buf_addf(&text, ", u%d", i);
    pl_buf_addf(&text, "}\naccepted_domains = {.parent.example");
    for (int i = 0; i < NAMES; i++)
        pl_buf_addf(&text, ", d%d.example", i);
    pl_buf_addf(&text, "}\n");
    assert_false(text.failed);
    if (!load_text(&config, text.p, &messages))
        fail_msg("%s", messages.p);
    for (int i = 0; i < 3000; i++) {
        char recipient[64], login[64], client[64];
        struct pl_query q = {0}, read;
        struct pl_cursor cursor = {0};
        struct pl_decision compiled, plain;

        with_number(recipient, recipients[i % 6], 31 * i % (2 * NAMES));
        with_number(login, logins[i / 6 % 5], 17 * i % (2 * NAMES));
        snprintf(client, sizeof(client), "c%d.example", i % 7);
        q.attr[PL_ATTR_PROTOCOL_STATE] = pl_str_lit("RCPT");
        q.attr[PL_ATTR_CLIENT_ADDRESS] = pl_str_of(clients[i / 30 % 3]);
        q.attr[PL_ATTR_CLIENT_NAME] = pl_str_of(client);
        q.attr[PL_ATTR_RECIPIENT] = pl_str_of(recipient);
        q.attr[PL_ATTR_SASL_USERNAME] = pl_str_of(login);
        read = q;
        pl_query_begin(&q);
        pl_query_read(&read);
        pl_policy_decide(config.policy, &q, &cursor, &compiled);
        pl_policy_interpret(config.policy, &read, &plain);
        if (compiled.rule != plain.rule)
            fail_msg("%s, %s, %s", recipient, login, client);
    }
    pl_config_fini(&config);
    pl_buf_fini(&text);
    pl_buf_fini(&messages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_unsafe_is_sent),
        cmocka_unit_test(large_lists),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
