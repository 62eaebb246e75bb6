/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of host facts: every line is a fact, a comment or an error; nothing is dropped, messages are
 * printable, and the facts, written again, read back as the same.
 */
#include "fuzz.h"
#include "postlatch/hostfacts.h"

#include <stdlib.h>
#include <string.h>

/* Lines that say something, by the plainest of readers. */
static size_t count_lines(struct pl_str rest)
{
    size_t count = 0;

    while (rest.n > 0) {
        struct pl_str line = {rest.p, pl_str_find(rest, '\n')};

        rest = pl_str_from(rest, line.n < rest.n ? line.n + 1 : line.n);
        if (line.n > 0 && line.p[line.n - 1] == '\r')
            line.n--;
        line = pl_str_trim(line);
        count += line.n > 0 && line.p[0] != '#';
    }
    return count;
}

static void check_messages(struct pl_diag *d)
{
    struct pl_pos at;
    const char *text;

    for (size_t i = 0; (text = pl_diag_at(d, i, &at)) != NULL; i++) {
        fuzz_check(text[0] != '\0');
        for (; *text != '\0'; text++)
            fuzz_check(pl_ascii_is_print(*text));
    }
}

static void write_facts(struct pl_buf *out, const struct pl_host_facts *h)
{
    static const char *const words[] = {"interface", "bridge", "gateway"};
    char addr[PL_ADDR_TEXT];

    for (size_t i = 0; i < h->count; i++) {
        const struct pl_host_fact *f = &h->facts[i];

        fuzz_check((f->name[0] == '\0') == (f->kind == PL_HOST_GATEWAY));
        fuzz_check(f->len <= pl_addr_bits(&f->addr) && f->addr.family != 0);
        pl_buf_addf(out, "%s %s %s", words[f->kind], f->name, pl_addr_format(addr, &f->addr));
        if (f->kind != PL_HOST_GATEWAY)
            pl_buf_addf(out, "/%u", f->len);
        pl_buf_add_char(out, '\n');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pl_str content = {(const char *)data, size};
    struct pl_diag *d = pl_diag_new();
    struct pl_host_facts h = {0}, again = {0};
    struct pl_buf text = {0};
    bool ok;

    fuzz_check(d != NULL);
    ok = pl_host_facts_load(&h, fuzz_write("facts", content), d);
    fuzz_check(ok == (pl_diag_errors(d) == 0));
    check_messages(d);
    if (memchr(content.p == NULL ? "" : content.p, '\0', content.n) == NULL &&
        !pl_str_has_prefix(content, pl_str_lit("\xef\xbb\xbf")))
        fuzz_check(h.count + pl_diag_errors(d) == count_lines(content));
    pl_diag_free(d);

    d = pl_diag_new();
    fuzz_check(d != NULL);
    write_facts(&text, &h);
    fuzz_check(pl_host_facts_load(&again, fuzz_write("facts", pl_buf_str(&text)), d));
    fuzz_check(again.count == h.count);
    for (size_t i = 0; i < h.count; i++)
        fuzz_check(memcmp(&h.facts[i], &again.facts[i], sizeof(h.facts[i])) == 0);
    pl_host_facts_fini(&h);
    pl_host_facts_fini(&again);
    pl_buf_fini(&text);
    pl_diag_free(d);
    return 0;
}
