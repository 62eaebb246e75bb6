/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of tables: every line is an entry, a comment or an error; nothing is dropped, and each entry
 * is found again by the value that it names.
 *
 * Input: one byte, the kind; the file.
 */
#include "fuzz.h"
#include "postlatch/table.h"

#include <string.h>

static const struct pl_user_style style = {true, {NULL, 0}};

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

/* The entry that holds the value which entry i names, or PL_NO_ENTRY where it names many. */
static bool finds(const struct pl_table *t, size_t i)
{
    struct pl_str text = t->entries[i].text;
    struct pl_prefix prefix;
    struct pl_mailaddr m;
    struct pl_domain domain;
    char why[PL_PREFIX_WHY];
    const char *reason;

    switch (t->kind) {
    case PL_TABLE_NETWORKS:
        fuzz_check(pl_prefix_parse(&prefix, text, why));
        return pl_table_find_addr(t, &prefix.addr) != PL_NO_ENTRY;
    case PL_TABLE_DOMAINS:
        if (text.p[0] == '.')
            return true;
        fuzz_check(pl_domain_parse(&domain, text, &reason));
        return pl_table_find_domain(t, &domain) != PL_NO_ENTRY;
    case PL_TABLE_USERS:
        return text.p[0] == '@' || pl_table_find_user(t, text, &style) != PL_NO_ENTRY;
    case PL_TABLE_ADDRESSES:
        if (text.p[text.n - 1] == '@')
            text.n--;
        pl_mailaddr_read(&m, text);
        return pl_table_find_address(t, &m, (struct pl_str){NULL, 0}) != PL_NO_ENTRY;
    case PL_TABLE_FINGERPRINTS:
        return pl_table_find_fingerprint(t, text) != PL_NO_ENTRY;
    default:
        return false;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    enum pl_table_kind kind = (enum pl_table_kind)(input_byte(&in) % (PL_TABLE_FINGERPRINTS + 1));
    struct pl_str content = input_rest(&in);
    struct pl_arena *arena = pl_arena_new();
    struct pl_diag *d = pl_diag_new();
    struct pl_table *t;
    bool ok;

    fuzz_check(arena != NULL && d != NULL);
    t = pl_table_new(arena, pl_str_lit("t"), kind, PL_NOWHERE);
    ok = pl_table_read(t, arena, fuzz_write("table", content), PL_NOWHERE, &style, d);
    fuzz_check(ok == (pl_diag_errors(d) == 0));
    if (memchr(content.p == NULL ? "" : content.p, '\0', content.n) == NULL &&
        !pl_str_has_prefix(content, pl_str_lit("\xef\xbb\xbf")))
        fuzz_check(t->count + pl_diag_errors(d) == count_lines(content));
    pl_table_freeze(t);
    for (size_t i = 0; i < t->count; i++)
        fuzz_check(finds(t, i));
    pl_table_fini(t);
    pl_arena_free(arena);
    pl_diag_free(d);
    return 0;
}
