/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading beside the policy: what a restart is needed for, and where a broken file says its daemon is. */
#include "config.h"

/* Two files; what of the second one a reload cannot change, in the order of the list. */
static void restart_needed(void **state)
{
    static const struct {
        const char *running, *wanted, *names;
    } rows[] = {
        {"", "", ""},
        {"", "mode = observe\naccepted_domains = {example.org}\nlog { tag = x }\n", ""},
        {"", "listen = {\"inet:127.0.0.1:10071\"}\nworkers = 0\nidle_timeout = 0\n", ""},
        {"", "listen = {\"inet:127.0.0.1:10072\"}\n", "listen "},
        {"", "listen = {\"inet:127.0.0.1:10071\", \"unix:/run/x\"}\n", "listen "},
        {"listen = {\"unix:/a\", \"unix:/b\"}\n", "listen = {\"unix:/a\", \"unix:/c\"}\n",
         "listen "},
        {"listen = {\"unix:/a\", \"unix:/b\"}\n", "listen = {\"unix:/a\", \"unix:/b\"}\n", ""},
        {"", "socket_mode = \"0660\"\n", "socket_mode "},
        {"", "socket_owner = a\n", "socket_owner "},
        {"", "socket_group = a\n", "socket_group "},
        {"", "control = \"/run/c\"\n", "control "},
        {"", "workers = 2\n", "workers "},
        {"", "user = a\n", "user "},
        {"", "group = a\n", "group "},
        {"", "max_connections = 11\n", "max_connections "},
        {"", "max_request_size = 4096\n", "max_request_size "},
        {"", "idle_timeout = 1\n", "idle_timeout "},
        {"user = a\n", "idle_timeout = 1\nworkers = 2\n", "workers user idle_timeout "},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(rows); i++) {
        struct pl_config running, wanted;
        struct pl_buf messages = {0};
        char got[200] = "", row[20];
        const char *name;
        size_t from = 0;

        snprintf(row, sizeof(row), "row %zu", i);
        check_true(row, load_text(&running, rows[i].running, &messages));
        check_true(row, load_text(&wanted, rows[i].wanted, &messages));
        while ((name = pl_config_restart_needed(&running.settings, &wanted.settings, &from)) !=
               NULL)
            snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s ", name);
        check_str(row, got, rows[i].names);
        pl_config_fini(&running);
        pl_config_fini(&wanted);
    }
}

/* The control socket is found in whatever can be made out. */
static void control_of_a_broken_file(void **state)
{
    static const struct {
        const char *text, *path; /* "": not found */
    } rows[] = {
        {"control = \"/run/c\"\n", "/run/c"},
        {"mod = x\ncontrol = \"/run/c\"\nrelay_networks = {x}\n", "/run/c"},
        {"relay_networks = {1.2.3.4\ncontrol = \"/run/c\"\n", "/run/c"},
        {"", ""},
        {"mode = observe\n", ""},
        {"control = \"\"\n", ""},
        {"control = \"run/c\"\n", ""},
        {"control = \"/123456789/123456789/123456789/1\"\n",
         ""}, /* 32 bytes; there is room for 31 */
        {"control = \"/123456789/123456789/123456789/\"\n", "/123456789/123456789/123456789/"},
        {"control = \"/run/\\n\"\n", ""},
        {"control {\n", ""},
    };
    char path[512], found[32];

    (void)state;
    snprintf(path, sizeof(path), "%s/postlatch.conf", folder);
    for (size_t i = 0; i < ROWS(rows); i++) {
        bool ok;

        write_file(path, rows[i].text);
        memset(found, 'x', sizeof(found));
        ok = pl_config_find_control(path, found, sizeof(found));
        check_true(rows[i].text, ok == (rows[i].path[0] != '\0'));
        if (ok)
            check_str(rows[i].text, found, rows[i].path);
    }
    unlink(path);
    assert_false(pl_config_find_control(path, found, sizeof(found)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restart_needed),
        cmocka_unit_test(control_of_a_broken_file),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
