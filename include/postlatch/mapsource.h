/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_MAPSOURCE_H
#define POSTLATCH_MAPSOURCE_H

#include "postlatch/addr.h"
#include "postlatch/str.h"

#include <stdbool.h>
#include <stddef.h>

/* The text that Postfix's tables are made of: postmap(1), cidr_table(5), access(5). */

/* struct pl_map_row - one row; plain value, views into the text */
struct pl_map_row {
    struct pl_str key, value; /* value: further lines that begin with a blank included */
    unsigned line;            /* of the key, from 1 */
};

/*
 * pl_mapsource_next - the next row of a table's text: "key value", blanks between them
 *
 * Empty lines and those that begin with '#' are none; a line that begins with a blank belongs to the
 * one before.
 *
 * in       *line: 0 before the first; lines read so far
 * out      *rest: what is behind the row
 * returns  false if there is no more
 */
bool pl_mapsource_next(struct pl_str *rest, unsigned *line, struct pl_map_row *row);

/* What a value of an access table does to the right to relay. */
enum pl_access {
    PL_ACCESS_GRANT,  /* OK, RELAY, permit, digits only, nothing at all */
    PL_ACCESS_REFUSE, /* REJECT, DEFER…, 4NN text, 5NN text, … */
    PL_ACCESS_NONE,   /* DUNNO and what is like it */
    PL_ACCESS_OTHER   /* a restriction, a class, or a word that access(5) does not have */
};

enum pl_access pl_access_of(struct pl_str value);

/*
 * pl_access_network - the network that a key of check_client_access stands for
 *
 * An address, or the first octets of an IPv4 address ("10", "192.0.2"), or the first groups of an
 * IPv6 address ("2001:db8:1").
 *
 * returns  false if it is a name
 */
bool pl_access_network(struct pl_str key, struct pl_prefix *prefix);

#endif
