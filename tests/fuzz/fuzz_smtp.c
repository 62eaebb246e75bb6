/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replies of an SMTP server: whatever comes, a reply is bounded, its code is that of all its lines, and
 * what is shown of it lies in it.
 *
 * Input: the bytes of a stream, read as one reply after the other.
 */
#include "cli/probe_reply.h"
#include "fuzz.h"

#include <string.h>

/* The same by lines, once a reply has ended. */
static void check_reply(const struct smtp_reply *r)
{
    struct pl_str rest = {r->text, r->n}, last = smtp_reply_last(r);
    size_t lines = 0;

    fuzz_check(r->code >= 200 && r->code <= 599);
    while (rest.n > 0) {
        struct pl_str line = {rest.p, pl_str_find(rest, '\n')};
        unsigned long code;

        fuzz_check(line.n < rest.n && line.n >= 3);
        fuzz_check(pl_str_to_number((struct pl_str){line.p, 3}, 200, 599, &code));
        fuzz_check(code == r->code);
        rest = pl_str_from(rest, line.n + 1);
        fuzz_check((line.n > 3 && line.p[3] == '-') == (rest.n > 0));
        lines++;
    }
    fuzz_check(lines > 0 && last.n >= 3);
    fuzz_check(last.p >= r->text && last.p + last.n <= r->text + r->n);
    fuzz_check(pl_str_find(last, '\n') == last.n);
    fuzz_check(smtp_reply_speaks_of(r, (struct pl_str){last.p, 3}));
    if (lines == 1)
        fuzz_check(!smtp_reply_has(r, pl_str_lit("SMTPUTF8")));
    else if (smtp_reply_has(r, pl_str_lit("SMTPUTF8")))
        fuzz_check(smtp_reply_speaks_of(r, pl_str_lit("smtputf8")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct smtp_reply r;
    const char *why = NULL;

    memset(&r, 0, sizeof(r));
    for (size_t i = 0; i < size; i++) {
        enum smtp_take state = smtp_reply_take(&r, (char)data[i], &why);

        fuzz_check(r.n <= SMTP_REPLY_MAX && r.line <= r.n);
        fuzz_check((state == SMTP_BAD) == (why != NULL));
        if (state == SMTP_BAD)
            break;
        if (state == SMTP_DONE) {
            check_reply(&r);
            memset(&r, 0, sizeof(r));
        }
    }
    return 0;
}
