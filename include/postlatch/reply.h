/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_REPLY_H
#define POSTLATCH_REPLY_H

#include "postlatch/action.h"
#include "postlatch/str.h"

#include <stddef.h>

/* Room for any reply: "action=", the action, LF, LF. */
enum { PL_REPLY_MAX = 7 + PL_ACTION_MAX + 2 };

/*
 * pl_reply_format - the bytes that answer a request
 *
 * in       action: 1..PL_ACTION_MAX bytes. That it is not empty, not all digits, and has no
 *          control character is asserted: Postfix would take such an answer for a permit
 * out      out; not NUL-terminated
 * returns  the length
 */
size_t pl_reply_format(char out[PL_REPLY_MAX], struct pl_str action);

#endif
