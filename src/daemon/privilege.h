/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_PRIVILEGE_H
#define DAEMON_PRIVILEGE_H

#include "postlatch/config.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * privilege_find_user, privilege_find_group - the number behind a name, or behind a number as text
 *
 * in       name: "" leaves the results as they are; option: names it in messages
 * out      *gid: the user's own group; may be NULL
 * returns  false after logging
 */
bool privilege_find_user(const char *name, const char *option, uid_t *uid, gid_t *gid);
bool privilege_find_group(const char *name, const char *option, gid_t *gid);

/*
 * privilege_drop - become settings->user and settings->group for good, and make sure of it
 *
 * The group is the user's own if none is named; there are no other groups. Without either option
 * ids stay, and the log says so if that leaves us root. Who is not root has no capabilities either.
 *
 * returns  false after logging
 */
bool privilege_drop(const struct pl_settings *settings);

/*
 * privilege_raise_files - as many open files as we may have
 *
 * in       others: files that are for something else than connections of Postfix
 * returns  how many connections fit into that beside everything else, at most max_connections and at
 *          least one; warns if they are fewer
 */
unsigned privilege_raise_files(unsigned max_connections, unsigned workers, unsigned others);

#endif
