/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_ADDR_H
#define POSTLATCH_ADDR_H

#include "postlatch/str.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * struct pl_addr - an IP address, or none; plain value
 *
 * IPv4-mapped IPv6 addresses are IPv4 here, always: a client must not slip past a list by the
 * family that a socket happened to have.
 */
struct pl_addr {
    uint8_t family;    /* 0: no address; 4; 6 */
    uint8_t bytes[16]; /* network order; IPv4 in the first four, the rest zero */
};

/* struct pl_prefix - a network: an address whose bits from len on are zero; plain value */
struct pl_prefix {
    struct pl_addr addr; /* never family 0 */
    uint8_t len;         /* 0..32 or 0..128 */
};

/* Room for an address, and for a prefix, as text with a NUL. */
enum { PL_ADDR_TEXT = 46, PL_PREFIX_TEXT = PL_ADDR_TEXT + 4, PL_PREFIX_WHY = 200 };

/*
 * pl_addr_parse - the address that a request or an option names
 *
 * in       text: dotted quad without leading zeros, or IPv6 as RFC 4291; no brackets, zone,
 *          blanks, prefix length
 * out      *addr, family 0 when false
 * returns  false if text is anything else ("unknown" and "" included)
 */
bool pl_addr_parse(struct pl_addr *addr, struct pl_str text);

/*
 * pl_addr_format - canonical text: dotted quad, or compressed lower case; "unknown" for none;
 * returns out
 */
const char *pl_addr_format(char out[PL_ADDR_TEXT], const struct pl_addr *addr);

/* pl_addr_eq - the same address */
bool pl_addr_eq(const struct pl_addr *a, const struct pl_addr *b);

/* pl_addr_bits - 32, 128, or 0 for none */
unsigned pl_addr_bits(const struct pl_addr *addr);

/*
 * pl_prefix_parse - an address or network as administrators write it
 *
 * in       "192.0.2.1", "192.0.2.0/24", "2001:db8::/32", and "[2001:db8::]/32" as in Postfix's
 *          mynetworks. A mapped prefix is folded to IPv4
 * returns  false and in why what is wrong and what was expected, e.g. "host bits are set in …;
 *          expected …"
 * errors   host bits, a leading zero, short forms, a length out of range, a mapped prefix shorter
 *          than /96, other text
 * source   libcidr reads several of these as /0; it sees only text that passed the grammar above
 *          (docs/adr/0003)
 */
bool pl_prefix_parse(struct pl_prefix *prefix, struct pl_str text, char why[PL_PREFIX_WHY]);

/*
 * pl_prefix_parse_plain - the same for the text that files have a million times: an address or network
 * without anything odd
 *
 * returns  false if pl_prefix_parse has to look at it: it may be good all the same, or have a reason
 * cost     about 30 ns for IPv4, without libcidr; what it takes pl_prefix_parse takes, as the same
 */
bool pl_prefix_parse_plain(struct pl_prefix *prefix, struct pl_str text);

/*
 * pl_prefix_take_line - the IPv4 address or network that is a whole line, with nothing around it
 *
 * in       text: up to an LF or NUL, which is there
 * out      *addr: the network as a number, *len: 0..32; when it is one
 * returns  the bytes of the line, its LF included; 0 if pl_prefix_parse has to look at it, as above
 * cost     about 15 ns
 */
size_t pl_prefix_take_line(const char *text, uint32_t *addr, unsigned *len);

/* pl_prefix_format - "address/length", the length left out for a single address; returns out */
const char *pl_prefix_format(char out[PL_PREFIX_TEXT], const struct pl_prefix *prefix);

/* pl_prefix_contains - addr lies in the network; false across families and for no address */
bool pl_prefix_contains(const struct pl_prefix *prefix, const struct pl_addr *addr);

/* pl_addr_mask - *addr with all bits from len on cleared; len is at most pl_addr_bits(addr) */
void pl_addr_mask(struct pl_addr *addr, unsigned len);

#endif
