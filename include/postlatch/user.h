/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_USER_H
#define POSTLATCH_USER_H

#include "postlatch/str.h"

#include <stdbool.h>

enum { PL_USER_MAX = 1024 }; /* bytes of a login, realm included, that an entry can name */

/* struct pl_user_style - how logins are compared; plain value, default_realm is a view */
struct pl_user_style {
    bool fold;                   /* ASCII case-insensitively (username_case = fold) */
    struct pl_str default_realm; /* appended to a login without '@'; empty: nothing is */
};

/*
 * pl_user_key - the text by which a login is compared, of a request's or an entry's
 *
 * in       login: "alice", "alice@realm", or the entry form "@realm" (every user of the realm)
 * out      out[0..PL_USER_MAX)
 * returns  the length; 0 if it is empty or longer than PL_USER_MAX: equal to no entry
 */
size_t pl_user_key(char out[PL_USER_MAX], struct pl_str login, const struct pl_user_style *style);

#endif
