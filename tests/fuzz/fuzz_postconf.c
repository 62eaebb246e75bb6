/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What postconf prints: parameters, services, overrides, and lists of restrictions, by the first byte.
 * Every line is a value or an error, every word lies in the text and in the order of the text, and
 * messages are printable.
 */
#include "fuzz.h"
#include "postlatch/master.h"
#include "postlatch/restriction.h"

#include <stdlib.h>

static size_t lines(struct pl_str text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.n; i++)
        count += text.p[i] == '\n' || i + 1 == text.n;
    return count;
}

static void check_inside(struct pl_str part, struct pl_str whole)
{
    fuzz_check(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static void check_messages(struct pl_diag *d)
{
    struct pl_pos at;
    const char *text;

    for (size_t i = 0; (text = pl_diag_at(d, i, &at)) != NULL; i++) {
        fuzz_check(text[0] != '\0');
        for (; *text != '\0'; text++)
            fuzz_check((unsigned char)*text >= 0x20 && *text != 0x7f);
    }
}

static void parameters(struct pl_str text, struct pl_diag *d)
{
    struct pl_postconf pc = {0};
    bool ok = pl_postconf_read(&pc, text, "text", d);
    size_t twice = 0;

    fuzz_check(ok == (pl_diag_errors(d) == 0));
    for (size_t i = 0; i < pc.count; i++) {
        check_inside(pc.params[i].name, text);
        check_inside(pc.params[i].value, text);
        twice += i > 0 && pl_str_eq(pc.params[i].name, pc.params[i - 1].name);
        fuzz_check(i == 0 || pl_str_cmp(pc.params[i - 1].name, pc.params[i].name) <= 0);
    }
    fuzz_check(pc.count + pl_diag_errors(d) == lines(text) + twice);
    pl_postconf_fini(&pc);
}

static void services(struct pl_str text, struct pl_diag *d)
{
    struct pl_master m = {0};
    size_t cut = pl_str_find(text, '\0'), overrides = 0;
    struct pl_str master = {text.p, cut}, more = pl_str_from(text, cut < text.n ? cut + 1 : cut);
    bool ok = pl_master_read(&m, master, more, d);

    fuzz_check(ok == (pl_diag_errors(d) == 0));
    for (size_t i = 0; i < m.count; i++) {
        check_inside(m.services[i].arguments, master);
        check_inside(m.services[i].odd, master);
        overrides += m.services[i].overrides.count;
    }
    fuzz_check(m.count + overrides + pl_diag_errors(d) == lines(master) + lines(more));
    pl_master_fini(&m);
}

static void lists(struct pl_str text)
{
    struct pl_str rest = text, part, word, left;
    struct pl_restriction r;
    struct pl_policy_service s;
    struct pl_match_entry e;
    const char *why;
    unsigned long seconds;

    while (left = rest, pl_restriction_next(&rest, &r)) {
        fuzz_check(rest.n < left.n && r.word.n > 0);
        check_inside(r.word, left);
        check_inside(r.arg, left);
        if (pl_policy_service_read(&s, r.arg, &part, &why)) {
            check_inside(s.endpoint, r.arg);
            fuzz_check(s.endpoint.n > 0);
        } else {
            check_inside(part, r.arg);
        }
        pl_postfix_seconds(r.arg, &seconds);
    }
    rest = text;
    while (left = rest, pl_postfix_word(&rest, &word)) {
        fuzz_check(word.n > 0 && rest.n < left.n && word.p + word.n == rest.p);
        if (pl_postfix_unbrace(word, &part))
            fuzz_check(part.n + 2 <= word.n);
    }
    rest = text;
    while (pl_match_next(&rest, &e))
        check_inside(e.text, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    unsigned what = input_byte(&in) % 3;
    struct pl_str text = input_rest(&in);
    char *copy = fuzz_heap(text);
    struct pl_diag *d = pl_diag_new();

    fuzz_check(d != NULL);
    text.p = copy;
    if (what == 0)
        parameters(text, d);
    else if (what == 1)
        services(text, d);
    else
        lists(text);
    check_messages(d);
    pl_diag_free(d);
    free(copy);
    return 0;
}
