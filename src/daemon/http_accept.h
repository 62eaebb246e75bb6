/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_HTTP_ACCEPT_H
#define DAEMON_HTTP_ACCEPT_H

#include "postlatch/str.h"

#include <stdbool.h>

/*
 * http_wants_openmetrics - whether an Accept header names OpenMetrics, and nothing plainer that it likes
 * better
 *
 * in       accept: any bytes; RFC 9110, 12.5.1. What cannot be read is passed over
 */
bool http_wants_openmetrics(struct pl_str accept);

#endif
