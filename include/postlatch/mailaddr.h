/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_MAILADDR_H
#define POSTLATCH_MAILADDR_H

#include "postlatch/domain.h"
#include "postlatch/str.h"

#include <stdbool.h>

enum { PL_LOCAL_MAX = 320, PL_MAILADDR_MAX = PL_LOCAL_MAX + 1 + PL_DOMAIN_MAX };

/* What a mail address is, read the way Postfix reads a recipient (its resolver, not RFC 5322). */
enum pl_mail_form {
    PL_MAIL_EMPTY,  /* null sender, or no recipient */
    PL_MAIL_BARE,   /* no '@' and nothing that routes: Postfix adds $myorigin */
    PL_MAIL_PLAIN,  /* local part and a domain */
    PL_MAIL_ROUTED, /* '@', '%' or '!' left of the last '@', or '%' or '!' without any: Postfix may
                       send it anywhere */
    PL_MAIL_UNPARSABLE /* the text behind the last '@' is no domain */
};

/*
 * struct pl_mailaddr - a mail address, read; plain value, local is a view of the text that was read
 *
 * Quotes are gone when Postfix asks, so "a@b"@c and a@b@c are the same bytes: what could route
 * counts as routed.
 */
struct pl_mailaddr {
    enum pl_mail_form form;
    struct pl_str local;     /* BARE, PLAIN, UNPARSABLE: left of the last '@'; else empty */
    struct pl_domain domain; /* PLAIN only */
};

/*
 * pl_mailaddr_read - read the `recipient` or `sender` of a request; every text has a form, so it
 * cannot fail
 *
 * cost     linear; allocates only for non-ASCII domains (libidn2)
 * source   Postfix trivial-rewrite/resolve.c and smtpd_check.c, as measured in
 *          tests/data/relay_forms.tsv
 */
void pl_mailaddr_read(struct pl_mailaddr *m, struct pl_str text);

/*
 * pl_mailaddr_strip_extension - local part without "+tag"
 *
 * Cuts at the first byte of delimiters that is not the first byte of local; local itself when there
 * is none.
 */
struct pl_str pl_mailaddr_strip_extension(struct pl_str local, struct pl_str delimiters);

/*
 * pl_mailaddr_key - the text by which address entries are found: local part in ASCII lower case,
 * '@', domain
 *
 * in       domain: "" for the entry form `user@`
 * out      out[0..PL_MAILADDR_MAX)
 * returns  the length, or 0 if local is longer than PL_LOCAL_MAX (no entry is)
 */
size_t pl_mailaddr_key(char out[PL_MAILADDR_MAX], struct pl_str local, struct pl_str domain);

#endif
