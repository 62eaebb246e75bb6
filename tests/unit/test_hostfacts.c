/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of host facts: what is read of them, and all that is said about those that are wrong. */
#include "config.h"

#include "postlatch/hostfacts.h"

#include <sys/stat.h>

static char path[512];

/* load - the facts of a file with this text, or its errors, a line each */
static bool load(const char *text, struct pl_buf *out)
{
    static const char *const words[] = {"interface", "bridge", "gateway"};
    struct pl_diag *d = pl_diag_new();
    struct pl_host_facts h = {0};
    char addr[PL_ADDR_TEXT];
    bool ok;

    snprintf(path, sizeof(path), "%s/hosted", folder);
    if (text != NULL)
        write_file(path, text);
    ok = pl_host_facts_load(&h, path, d);
    for (size_t i = 0; pl_diag_get(d, i) != NULL; i++) {
        const char *line = pl_diag_get(d, i), *at;

        while ((at = strstr(line, folder)) != NULL) {
            pl_buf_add(out, (struct pl_str){line, (size_t)(at - line)});
            line = at + strlen(folder) + 1;
        }
        pl_buf_addf(out, "%s\n", line);
    }
    for (size_t i = 0; ok && i < h.count; i++)
        pl_buf_addf(out, "%s %s %s/%u\n", words[h.facts[i].kind], h.facts[i].name,
                    pl_addr_format(addr, &h.facts[i].addr), h.facts[i].len);
    check_true("errors or none", ok == (pl_diag_errors(d) == 0));
    pl_host_facts_fini(&h);
    pl_diag_free(d);
    return ok;
}

static void facts(void **state)
{
    static const struct {
        const char *name, *text, *want;
    } cases[] = {
        {"empty", "", ""},
        {"comments and blank lines", "# a host\n\n   \t\n\t# another\n", ""},
        {"each kind",
         "interface eth0 192.168.1.5/24\nbridge docker0 172.17.0.1/16\ngateway 192.168.1.1\n",
         "interface eth0 192.168.1.5/24\nbridge docker0 172.17.0.1/16\ngateway  192.168.1.1/32\n"},
        {"IPv6", "interface eth0 2001:DB8::5/64\ngateway fe80::1\n",
         "interface eth0 2001:db8::5/64\ngateway  fe80::1/128\n"},
        {"CRLF, no line end, tabs, a comment behind",
         "gateway\t 10.0.0.1\r\n  interface lo 127.0.0.1/8 # this host",
         "gateway  10.0.0.1/32\ninterface lo 127.0.0.1/8\n"},
        {"'#' within a name", "interface eth#0 10.0.0.1/8\n", "interface eth#0 10.0.0.1/8\n"},
        {"lengths at their ends",
         "interface a 10.0.0.1/0\ninterface a 10.0.0.1/32\ninterface a ::1/128\n",
         "interface a 10.0.0.1/0\ninterface a 10.0.0.1/32\ninterface a ::1/128\n"},
        {"the longest name", "interface abcdefghijklmnopqrstuvwxyzabcde 10.0.0.1/8\n",
         "interface abcdefghijklmnopqrstuvwxyzabcde 10.0.0.1/8\n"},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++) {
        struct pl_buf out = {0};

        pl_buf_add(&out, pl_str_lit(""));
        check_true(cases[i].name, load(cases[i].text, &out));
        check_str(cases[i].name, out.p == NULL ? "" : out.p, cases[i].want);
        pl_buf_fini(&out);
    }
}

static void errors(void **state)
{
    static const struct {
        const char *name, *text, *want;
    } cases[] = {
        {"a word misspelt", "brige docker0 172.17.0.1/16",
         "hosted:1: \"brige\" is no kind of fact; did you mean \"bridge\"?\n"},
        {"a word that is none", "\n# x\nroute 10.0.0.0/8\n",
         "hosted:3: \"route\" is no kind of fact; expected interface, bridge or gateway\n"},
        {"in upper case", "Gateway 10.0.0.1",
         "hosted:1: \"Gateway\" is no kind of fact; did you mean \"gateway\"?\n"},
        {"too few words", "interface 10.0.0.1/8",
         "hosted:1: fewer words than a fact of this kind has; expected \"interface NAME "
         "ADDRESS/LEN\"\n"},
        {"a word only", "gateway",
         "hosted:1: fewer words than a fact of this kind has; expected "
         "\"gateway ADDRESS\"\n"},
        {"too many words", "gateway eth0 10.0.0.1\nbridge br0 10.0.0.1/8 up and running\n",
         "hosted:1: more words than a fact of this kind has; expected \"gateway ADDRESS\"\n"
         "hosted:2: more words than a fact of this kind has; expected \"bridge NAME "
         "ADDRESS/LEN\"\n"},
        {"no address", "gateway router.example",
         "hosted:1: \"router.example\": not an IP address; expected one as 192.168.1.1 or "
         "2001:db8::1\n"},
        {"a leading zero", "gateway 010.0.0.1",
         "hosted:1: \"010.0.0.1\": an octet begins with zero; write 10.0.0.1 (or 8.0.0.1 if octal "
         "was meant)\n"},
        {"a zone", "gateway fe80::1%eth0",
         "hosted:1: \"fe80::1%eth0\": expected the address without '%' and the interface\n"},
        {"brackets", "gateway [fe80::1]",
         "hosted:1: \"[fe80::1]\": expected the address without brackets\n"},
        {"IPv4 as IPv6", "interface eth0 ::ffff:10.0.0.1/104",
         "hosted:1: \"::ffff:10.0.0.1\" is an IPv4 address written as IPv6; expected 10.0.0.1\n"},
        {"no host", "gateway 0.0.0.0\ninterface lo ::/128",
         "hosted:1: \"0.0.0.0\" is no address of a host; leave the line out\n"
         "hosted:2: \"::\" is no address of a host; leave the line out\n"},
        {"a gateway with a length", "gateway 10.0.0.1/8",
         "hosted:1: \"10.0.0.1/8\": a gateway is one address; expected it without '/' and what "
         "follows\n"},
        {"an interface without one", "interface eth0 10.0.0.1\nbridge br0 fd00::1",
         "hosted:1: \"10.0.0.1\": expected the length of its network too, as in 192.168.1.5/24\n"
         "hosted:2: \"fd00::1\": expected the length of its network too, as in 2001:db8::5/64\n"},
        {"lengths that are none",
         "interface a 10.0.0.1/33\ninterface a 10.0.0.1/\ninterface a ::1/129\n"
         "interface a 10.0.0.1/08\ninterface a 10.0.0.1/8/8\ninterface a 10.0.0.1/255.0.0.0\n",
         "hosted:1: \"10.0.0.1/33\": expected a length from 0 to 32 behind '/'\n"
         "hosted:2: \"10.0.0.1/\": expected a length from 0 to 32 behind '/'\n"
         "hosted:3: \"::1/129\": expected a length from 0 to 128 behind '/'\n"
         "hosted:4: \"10.0.0.1/08\": expected a length from 0 to 32 behind '/'\n"
         "hosted:5: \"10.0.0.1/8/8\": expected a length from 0 to 32 behind '/'\n"
         "hosted:6: \"10.0.0.1/255.0.0.0\": expected a length from 0 to 32 behind '/'\n"},
        {"a name too long", "bridge abcdefghijklmnopqrstuvwxyzabcdef 10.0.0.1/8",
         "hosted:1: \"abcdefghijklmnopqrstuvwxyzabcdef\": 32 bytes; expected the name of an "
         "interface, at most 31\n"},
        {"a name with a control character", "bridge br\001 10.0.0.1/8",
         "hosted:1: \"br\\x01\": a byte that no name of an interface has\n"},
        {"good lines among bad ones", "gateway 10.0.0.1\ngatway 10.0.0.2\n",
         "hosted:2: \"gatway\" is no kind of fact; did you mean \"gateway\"?\n"},
    };

    (void)state;
    for (size_t i = 0; i < ROWS(cases); i++) {
        struct pl_buf out = {0};

        check_true(cases[i].name, !load(cases[i].text, &out));
        check_str(cases[i].name, out.p, cases[i].want);
        pl_buf_fini(&out);
    }
}

static void files(void **state)
{
    struct pl_buf out = {0};

    (void)state;
    unlink(path);
    check_true("missing", !load(NULL, &out));
    check_str("missing", out.p, "hosted: cannot open \"hosted\": No such file or directory\n");
    pl_buf_reset(&out);
    assert_int_equal(mkdir(path, 0700), 0);
    check_true("folder", !load(NULL, &out));
    check_str("folder", out.p, "hosted: \"hosted\" is a directory; expected a regular file\n");
    assert_int_equal(rmdir(path), 0);
    pl_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts),
        cmocka_unit_test(errors),
        cmocka_unit_test(files),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
