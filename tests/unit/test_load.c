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

static uint32_t random_bits(void)
{
    static uint64_t state = 20261128;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

/* A network near a private one, or near one that was named before; of a length near the limits. */
static void add_network(struct pl_buf *text, struct pl_addr *near)
{
    static const char *const places[] = {"10.0.0.0",  "172.16.0.0",  "192.168.0.0", "100.64.0.0",
                                         "127.0.0.0", "169.254.0.0", "198.51.0.0",  "::1",
                                         "fc00::",    "fe80::",      "2001:db8::",  "::"};
    static const uint8_t lengths[] = {7,  8,  9,  10, 12, 15, 16,  17,
                                      24, 31, 32, 33, 48, 64, 127, 128};
    struct pl_prefix p = {*near, lengths[random_bits() % ROWS(lengths)]};
    char room[PL_PREFIX_TEXT];
    unsigned bit;

    if (p.addr.family == 0 || random_bits() % 3 == 0)
        assert_true(pl_addr_parse(&p.addr, pl_str_of(places[random_bits() % ROWS(places)])));
    if (p.len > pl_addr_bits(&p.addr))
        p.len = 16;
    bit = random_bits() % p.len;
    if (random_bits() % 2 == 0)
        bit = p.len - 1u; /* its other half */
    p.addr.bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
    pl_addr_mask(&p.addr, p.len);
    *near = p.addr;
    pl_buf_addf(text, "%s\"%s\"", text->p[text->n - 1] == '{' ? "" : ", ",
                pl_prefix_format(room, &p));
}

/* The daemon looks at the ranges of a boundary, check at its networks: they find the same sound. */
static void boundaries(void **state)
{
    size_t sound = 0;
    char path[512];

    (void)state;
    snprintf(path, sizeof(path), "%s/postlatch.conf", folder);
    for (unsigned round = 0; round < 2000; round++) {
        struct pl_buf text = {0}, messages = {0};
        struct pl_config full, lean;
        struct pl_diag *d = pl_diag_new();
        struct pl_addr near = {0};
        bool ok;

        if (random_bits() % 2 == 0)
            pl_buf_addf(&text, "widest_network_v4 = %u\nwidest_network_v6 = %u\n",
                        random_bits() % 33, random_bits() % 129);
        pl_buf_addf(&text, "relay_networks = {");
        for (unsigned n = 1 + random_bits() % 5; n > 0; n--)
            add_network(&text, &near);
        pl_buf_addf(&text, "}\n");
        ok = load_text(&full, text.p, &messages);
        if (pl_config_load_lean(&lean, path, d) != ok || (ok && !lean.policy->lean))
            fail_msg("%s%sin the daemon: %s", text.p, messages.n > 0 ? messages.p : "sound\n",
                     pl_diag_errors(d) > 0 ? pl_diag_get(d, 0) : "sound, or not at first");
        sound += ok;
        if (ok) {
            pl_config_fini(&full);
            pl_config_fini(&lean);
        }
        pl_diag_free(d);
        pl_buf_fini(&text);
        pl_buf_fini(&messages);
    }
    /* Else only one side of the comparison was tried. */
    assert_in_range(sound, 200, 1800);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restart_needed),
        cmocka_unit_test(control_of_a_broken_file),
        cmocka_unit_test(boundaries),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
