/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_NETLINK_H
#define POSTLATCH_NETLINK_H

#include "postlatch/hostfacts.h"

#include <stdbool.h>

/* Room for the reason why facts could not be read. */
enum { PL_NETLINK_WHY = 200 };

/*
 * pl_host_facts_read - the facts of the host that this runs on, asked of the kernel by rtnetlink
 *
 * Interfaces and bridges with each of their addresses; each router through which all addresses, or
 * half of a family's, are reached, in whichever routing table: VPNs use halves, 0.0.0.0/1 and
 * 128.0.0.0/1, so as not to touch the default route, and IPv6 has 2000::/3. In a container it is the
 * container's network.
 *
 * out      *h: facts are appended, each once; unchanged if false. why: "host facts could not be read:
 *          …" if false
 * returns  false if anything was not answered: then there may be facts that nobody knows, which is not
 *          to be taken for no facts
 * limits   ends within PL_NETLINK_SECONDS, whatever the kernel does; needs no privileges
 * threads  any
 */
enum { PL_NETLINK_SECONDS = 5 };
bool pl_host_facts_read(struct pl_host_facts *h, char why[PL_NETLINK_WHY]);

#endif
