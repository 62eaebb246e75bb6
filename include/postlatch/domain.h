/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_DOMAIN_H
#define POSTLATCH_DOMAIN_H

#include "postlatch/str.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Longest name without a trailing dot (RFC 1035: 255 octets on the wire; Postfix takes up to 255
 * characters).
 */
enum { PL_DOMAIN_MAX = 255, PL_DOMAIN_WHY = 160 };

/*
 * struct pl_domain - a mail domain or host name in the one form in which names are compared; plain
 * value
 *
 * ASCII lower case, no trailing dot, U-labels as A-labels; or an address literal, "[192.0.2.25]",
 * "[ipv6:2001:db8::25]" with the address in canonical text. A mapped literal stays IPv6: Postfix
 * does not take it for the IPv4 address.
 */
struct pl_domain {
    uint16_t len; /* bytes of text; 0: no domain */
    char text[PL_DOMAIN_MAX + 1];
};

/*
 * pl_domain_parse - read a name or an address literal
 *
 * in       one trailing dot is dropped; labels of letters, digits, '-', '_', or any UTF-8 that
 *          IDNA allows
 * out      *d; len 0 when false. *why: what is wrong and what was expected (a static string)
 * returns  false for an empty label, a label over 63 or a name over 255 bytes, a bare IPv4
 *          address, a literal that is no address, other characters. Such text is equal to no name
 * cost     linear for ASCII; non-ASCII goes through libidn2, which allocates
 */
bool pl_domain_parse(struct pl_domain *d, struct pl_str text, const char **why);

/* pl_domain_str - a view of the text, dead with *d */
struct pl_str pl_domain_str(const struct pl_domain *d);

/* pl_domain_is_literal - it is an address literal */
bool pl_domain_is_literal(const struct pl_domain *d);

#endif
