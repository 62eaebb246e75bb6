/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CLI_IO_H
#define POSTLATCH_CLI_IO_H

#include "postlatch/str.h"

#include <stdbool.h>
#include <sys/socket.h>

/* Sockets that do not block. A deadline is a time of io_now_ms; what is not done by then fails with ETIMEDOUT. */

/* io_now_ms - the monotonic clock, in milliseconds */
long long io_now_ms(void);

/* io_wait - wait until fd can be read or written (events of poll); false and errno if it cannot */
bool io_wait(int fd, short events, long long deadline);

/* io_connect - connect; false and errno if it cannot be done */
bool io_connect(int fd, const struct sockaddr *where, socklen_t len, long long deadline);

/* io_send - send all of it; false and errno if it cannot be done */
bool io_send(int fd, struct pl_str s, long long deadline);

#endif
