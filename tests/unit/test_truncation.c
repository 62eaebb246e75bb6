/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A configuration and all files that it names, each cut at every byte: never a crash, and never a
 * policy unless what is left is complete in itself. Complete is what a reader of its own says, which
 * knows quotes, comments and braces only.
 */
#include "config.h"

#include <stdlib.h>
#include <time.h>

/* Every file was written just now, and nobody changes it: no need to let it settle (base/file.c). */
int nanosleep(const struct timespec *time, struct timespec *left)
{
    (void)time;
    (void)left;
    return 0;
}

static const char main_file[] =
    "# a comment, /* with another */ in it\n"
    "networks lan { entries = {198.51.100.0/24} file = \"lan\" }\n"
    "domains hosted { file = 'hosted' }\n"
    "users blocked { file = \"blocked\" entries = {mallory, \"eve@example.org\"} }\n"
    "addresses boss { file = \"boss\" }\n"
    "fingerprints certs { file = \"certs\" }\n"
    "accepted_domains = {example.org, .example.net, \"[192.0.2.25]\"}   // ours\r\n"
    "relay_networks   = {192.0.2.0/24, 2001:db8:1::/48,\n"
    "                    10.0.0.0/8, !10.66.0.0/16}\n"
    "relay_networks  += {<lan>}\n"
    "relay_client_names = {.partner.example}\n"
    "relay_listeners = {10.0.0.25, \"192.0.2.1:2525\", \"context:internal\"}\n"
    "relay_users = {any, !<blocked>}\n"
    "relay_clientcerts = {00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff, <certs>}\n"
    "relay_by_rule = {10.20.0.0/16}\n"
    "masking = {192.0.2.1}\n"
    "/* block\n   comment */ after_dunno = reject_unauth_destination\n"
    "include(\"more.conf\")\n"
    "recipient_delimiter = \"+-\"\n"
    "username_case = fold\n"
    "max_connections = 2000\n"
    "listen = {\"unix:/run/postlatch/policy\", \"inet:127.0.0.1:10071\", \"inet:[::1]:10071\"}\n"
    "log { decisions = rejects format = json tag = \"latch\" }\n"
    "rule \"blocked \\\"accounts\\\"\" { sasl_username = {<blocked>} # why\n"
    "    action = \"REJECT 5.7.1 Account %{sasl_username} is suspended\" }\n"
    "rule 'printers' { client_address = {192.0.2.20, 192.0.2.32/28} recipient = {foreign, routed}\n"
    "    action = '550 5.7.1 Printers send to colleagues only' }\n"
    "rule \"boss\" { protocol_state = {RCPT, DATA} sender = {any, \"<>\", !<boss>, "
    "\"!user+tag@example.org\"}\n"
    "    recipient = {<hosted>, user@} helo_name = {any, !unknown} server_port = {25, 587-588}\n"
    "    encryption_protocol = {none, TLSv1.2} action = DUNNO }\n";

/* The files beside it; */
static const struct {
    const char *name, *text;
} files[] = {
    {"more.conf",
     "rule \"included\" { helo_name = {evil} action = \"DEFER_IF_PERMIT 4.7.1 Later\" }\n"
     "default_realm = \"example.org\"\n"},
    {"lan", "203.0.113.0/28\n# comment\n\n  203.0.113.64/28   # why\r\n2001:db8:2::/48\n"},
    {"hosted", "example.org\n.example.com\n"},
    {"blocked", "trent@example.org\n@bad.example\n"},
    {"boss", "boss@example.org\nchief@\n"},
    {"certs", "00112233445566778899aabbccddeeff00112233\n"},
};

static char *path_of(const char *name)
{
    static char path[512];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_cut(const char *name, const char *text, size_t n)
{
    FILE *f = fopen(path_of(name), "w");

    if (f == NULL || fwrite(text, 1, n, f) != n || fclose(f) != 0)
        fail_msg("cannot write %s", name);
}

static int write_all(void **state)
{
    if (make_folder(state) != 0)
        return -1;
    for (size_t i = 0; i < ROWS(files); i++)
        write_cut(files[i].name, files[i].text, strlen(files[i].text));
    write_cut("postlatch.conf", main_file, strlen(main_file));
    return 0;
}

static int remove_all(void **state)
{
    for (size_t i = 0; i < ROWS(files); i++)
        unlink(path_of(files[i].name));
    return remove_folder(state);
}

static bool try_load(struct pl_config *config)
{
    struct pl_diag *d = pl_diag_new();
    bool ok = pl_config_load(config, path_of("postlatch.conf"), d);

    assert_true(ok == (pl_diag_errors(d) == 0));
    assert_true(ok || pl_diag_get(d, 0) != NULL);
    pl_diag_free(d);
    return ok;
}

/* What a reader that knows quotes, comments and braces finds in a text. */
struct outline {
    bool complete;        /* nothing is open at its end */
    size_t rules, tables; /* of those that are closed */
};

static struct outline outline_of(const char *text, size_t n)
{
    struct outline o = {false, 0, 0};
    size_t depth = 0, statement = 0; /* where the present statement begins */
    char quote = '\0';
    enum { CODE, LINE, BLOCK } in = CODE;

    for (size_t i = 0; i < n; i++) {
        char c = text[i], next = i + 1 < n ? text[i + 1] : '\0';

        if (c == '\n' && depth == 0 && quote == '\0' && in != BLOCK)
            statement = i + 1;
        if (in == LINE) {
            in = c == '\n' ? CODE : LINE;
        } else if (in == BLOCK) {
            in = c == '*' && next == '/' ? CODE : BLOCK;
            i += in == CODE;
            if (in == CODE)
                statement = i + 1;
        } else if (quote != '\0') {
            i += c == '\\';
            quote = c == quote ? '\0' : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '#' || (c == '/' && next == '/')) {
            in = LINE;
        } else if (c == '/' && next == '*') {
            in = BLOCK;
        } else if (c == '{') {
            depth++;
        } else if (c == '}' && --depth == 0) {
            const char *s = text + statement + strspn(text + statement, " \t\r\n");

            if (strncmp(s, "rule ", 5) == 0)
                o.rules++;
            else if (strncmp(s, "networks ", 9) == 0 || strncmp(s, "domains ", 8) == 0 ||
                     strncmp(s, "users ", 6) == 0 || strncmp(s, "addresses ", 10) == 0 ||
                     strncmp(s, "fingerprints ", 13) == 0)
                o.tables++;
        }
    }
    o.complete = depth == 0 && quote == '\0' && in != BLOCK;
    return o;
}

static void the_whole_loads(void **state)
{
    struct pl_config config;

    (void)state;
    assert_true(try_load(&config));
    assert_int_equal(config.policy->nwritten, 4);
    assert_int_equal(config.policy->ntables, 5);
    pl_config_fini(&config);
}

static void the_configuration_cut(void **state)
{
    size_t loaded = 0;

    (void)state;
    for (size_t n = 0; n < strlen(main_file); n++) {
        struct outline o = outline_of(main_file, n);
        struct pl_config config;

        write_cut("postlatch.conf", main_file, n);
        if (!try_load(&config))
            continue;
        loaded++;
        if (!o.complete)
            fail_msg("loads, cut after %zu bytes: …%.*s", n, 40, main_file + (n < 40 ? 0 : n - 40));
        /* The included file has a rule of its own, once the include is whole. */
        assert_int_equal(config.policy->nwritten,
                         o.rules +
                             (n >= (size_t)(strstr(main_file, "more.conf\")") - main_file) + 11));
        assert_int_equal(config.policy->ntables, o.tables);
        pl_config_fini(&config);
    }
    write_cut("postlatch.conf", main_file, strlen(main_file));
    assert_true(loaded > 100);
}

static size_t entries_in(const char *text, size_t n)
{
    size_t count = 0;
    bool blank = true, comment = false;

    for (size_t i = 0; i <= n; i++) {
        if (i == n || text[i] == '\n') {
            count += !blank;
            blank = true;
            comment = false;
        } else if (text[i] == '#') {
            comment = true;
        } else if (!comment && strchr(" \t\r", text[i]) == NULL) {
            blank = false;
        }
    }
    return count;
}

/* A table's file: what loads has an entry for each line begun, and each is the line as it stands. */
static void a_table_cut(const char *name, const char *text, const struct pl_table *t, size_t n)
{
    size_t inline_entries = strcmp(name, "lan") == 0 ? 1 : strcmp(name, "blocked") == 0 ? 2 : 0;

    assert_int_equal(t->count, inline_entries + entries_in(text, n));
    for (size_t i = 0, line = 0; i < t->count; i++) {
        struct pl_str entry = t->entries[i].text;

        if (i < inline_entries)
            continue;
        while (strncmp(text + line, entry.p, entry.n) != 0) {
            line++;
            assert_true(line < n);
        }
        assert_true(line + entry.n <= n);
    }
}

static void the_files_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS(files); i++) {
        for (size_t n = 0; n < strlen(files[i].text); n++) {
            struct outline o = outline_of(files[i].text, n);
            struct pl_config config;
            const struct pl_table *t;

            write_cut(files[i].name, files[i].text, n);
            if (!try_load(&config))
                continue;
            t = pl_policy_find_table(config.policy, pl_str_of(files[i].name));
            if (t != NULL)
                a_table_cut(files[i].name, files[i].text, t, n);
            if (strcmp(files[i].name, "more.conf") == 0) {
                assert_true(o.complete);
                assert_int_equal(config.policy->nwritten, 3 + o.rules);
            }
            pl_config_fini(&config);
        }
        write_cut(files[i].name, files[i].text, strlen(files[i].text));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_loads),
        cmocka_unit_test(the_configuration_cut),
        cmocka_unit_test(the_files_cut),
    };

    return cmocka_run_group_tests_name("truncation", tests, write_all, remove_all);
}
