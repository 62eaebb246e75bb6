/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that ends at any one of the allocations of a load, or from it on: there is then no
 * configuration, the reason is told, nothing is lost (AddressSanitizer looks for leaks), and
 * never does a policy come out of it that is not the one that was written.
 */
#include "config.h"
#include "no_memory.h"

#include <time.h>

int __wrap_nanosleep(const struct timespec *pause, struct timespec *rest);

/* Nobody else writes to our files: no need to wait until a change of one could be told. */
int __wrap_nanosleep(const struct timespec *pause, struct timespec *rest)
{
    (void)pause;
    (void)rest;
    return 0;
}

/* All sections, and so many entries that arrays grow. */
static void write_configuration(char path[512])
{
    struct pl_buf text = {0};
    char hosted[512];

    pl_buf_addf(&text, "accepted_domains = {example.org, .relay.example, <hosted>, !bad.example}\n"
                       "relay_networks = {192.0.2.0/24, !192.0.2.66, <lan>, 2001:db8:1::/48}\n"
                       "relay_client_names = {.partner.example, mx.partner.example}\n"
                       "relay_listeners = {10.0.0.25, \"[2001:db8::1]:26\", \"context:in\"}\n"
                       "relay_users = {alice, \"@staff.example\"}\n"
                       "relay_clientcerts = {\"00112233445566778899aabbccddeeff\"}\n"
                       "relay_by_rule = {203.0.113.0/24}\n"
                       "masking = {192.168.0.1}\n"
                       "permitted_elsewhere = {192.0.2.0/25}\n"
                       "recipient_delimiter = \"+\"\n"
                       "listen = {\"inet:127.0.0.1:10071\", \"unix:/run/x\"}\n"
                       "user = nobody\ngroup = \"nogroup\"\nsocket_owner = root\n"
                       "control = \"/run/c\"\nlog { tag = t }\n"
                       "networks lan { entries = {10.0.0.0/24");
    for (int i = 0; i < 20; i++)
        pl_buf_addf(&text, ", 10.1.%d.0/25", i);
    pl_buf_addf(&text, "} }\n"
                       "domains hosted { file = \"hosted\" }\n"
                       "users vip { entries = {bob, carol} }\n");
    for (int i = 0; i < 9; i++)
        pl_buf_addf(&text,
                    "rule \"r%d\" {\n  client_address = {203.0.113.%d, !<lan>}\n"
                    "  sender = {a%d@example.org, foreign}\n  sasl_username = {<vip>, !dave}\n"
                    "  sasl_method = {PLAIN}\n  server_port = {25, \"587-588\"}\n"
                    "  action = \"REJECT Not %%{sender} %d\"\n}\n",
                    i, i, i, i);
    for (int i = 0; i < 9; i++)
        pl_buf_addf(&text,
                    "accept \"a%d\" { surface = {198.51.100.%d, 2001:db8:9:%d::/64} rule = r%d "
                    "until = \"2027-01-31\" }\n",
                    i, 2 * i, i, i);
    pl_buf_addf(&text, "accept_warnings = {\"shadowed-rule:r1\", \"lost-grant:r2\"}\n");
    assert_false(text.failed);
    snprintf(path, 512, "%s/postlatch.conf", folder);
    snprintf(hosted, sizeof(hosted), "%s/hosted", folder);
    write_file(path, text.p);
    pl_buf_reset(&text);
    for (int i = 0; i < 20; i++)
        pl_buf_addf(&text, "hosted-domain-number-%d.example\n", i);
    write_file(hosted, text.p);
    pl_buf_fini(&text);
}

#define RELAY "REJECT Relay access denied [builtin:reject]"

/* What the whole configuration says to the questions that an incomplete one would answer otherwise. */
static void check_answers(const struct pl_config *config, const char *row)
{
    static const struct {
        const char *request, *answer;
    } rows[] = {
        {"client_address=203.0.113.99 recipient=v@c.example", RELAY},
        {"client_address=192.0.2.66 recipient=v@c.example", RELAY},
        {"client_address=192.0.2.7 recipient=v@c.example", "OK [builtin:network]"},
        {"client_address=10.1.19.7 recipient=v@c.example", "OK [builtin:network]"},
        {"client_address=192.0.2.7 recipient=v@bad.example", "OK [builtin:network]"},
        {"client_address=203.0.113.99 recipient=v@bad.example", RELAY},
        {"client_address=203.0.113.99 recipient=v@hosted-domain-number-19.example",
         "DUNNO [builtin:accepted]"},
        {"client_name=a.partner.example recipient=v@c.example", "OK [builtin:name]"},
        {"policy_context=in recipient=v@c.example", "OK [builtin:listener]"},
        {"sasl_username=x@staff.example recipient=v@c.example", "OK [builtin:authenticated]"},
        {"sasl_username=bob recipient=v@c.example", RELAY},
        {"ccert_fingerprint=00112233445566778899aabbccddeeff recipient=v@c.example",
         "OK [builtin:certificate]"},
        {"client_address=203.0.113.99 recipient=v+x@c.example", RELAY},
        {"client_address=203.0.113.8 sender=a8@example.org sasl_username=carol "
         "sasl_method=plain server_port=588 recipient=v@c.example",
         "REJECT Not a8@example.org 8 [r8]"},
    };

    check_str(row, config->settings.user, "nobody");
    check_str(row, config->settings.group, "nogroup");
    check_str(row, config->settings.socket_owner, "root");
    check_str(row, config->settings.control, "/run/c");
    check_str(row, config->settings.log_tag, "t");
    for (size_t i = 0; i < ROWS(rows); i++) {
        char got[PL_ACTION_ROOM + 100];
        const char *rule;

        snprintf(got, sizeof(got), "%s", ask(config, rows[i].request, &rule));
        snprintf(got + strlen(got), sizeof(got) - strlen(got), " [%s]", rule);
        if (strcmp(got, rows[i].answer) != 0)
            fail_msg("%s: %s: \"%s\", expected \"%s\"", row, rows[i].request, got, rows[i].answer);
    }
}

static bool says_out_of_memory(struct pl_diag *d)
{
    for (size_t i = 0; pl_diag_get(d, i) != NULL; i++) {
        if (strstr(pl_diag_get(d, i), "out of memory") != NULL ||
            strstr(pl_diag_get(d, i), "relay_action:") != NULL) /* that one tells no reason */
            return true;
    }
    return false;
}

struct question {
    bool (*load)(struct pl_config *config, const char *path, struct pl_diag *d);
    const char *path;
};

static void load_once(void *arg, bool may_fail)
{
    struct question *q = arg;
    long first = fail_first, last = fail_last;
    struct pl_diag *d = pl_diag_new();
    struct pl_config config;
    char row[100];
    bool ok;

    if (d == NULL) {
        assert_true(may_fail);
        return;
    }
    snprintf(row, sizeof(row), "allocations %ld to %ld failing", first, last);
    ok = q->load(&config, q->path, d);
    fail_first = fail_last = 0;
    check_true(row, ok == (pl_diag_errors(d) == 0));
    if (!ok) {
        check_true(row, may_fail);
        check_true(row, config.policy == NULL);
        /* Where the rest goes well there is room to say so. What was cut short may be blamed, too. */
        if (first == last)
            check_true(row, says_out_of_memory(d));
    } else {
        check_answers(&config, row);
        pl_config_fini(&config);
    }
    pl_diag_free(d);
}

static void each_in_turn(struct question q)
{
    char path[512];

    write_configuration(path);
    q.path = path;
    assert_true(each_failure(load_once, &q) > 100);
}

static void loading(void **state)
{
    (void)state;
    each_in_turn((struct question){pl_config_load, NULL});
}

/* What cannot be loaded leanly is loaded once more, in full: one failure alone does no harm. */
static void lean_loading(void **state)
{
    (void)state;
    each_in_turn((struct question){pl_config_load_lean, NULL});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loading),
        cmocka_unit_test(lean_loading),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
