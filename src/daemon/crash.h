/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_CRASH_H
#define DAEMON_CRASH_H

/* crash_prepare - have libev's last words logged; before the first loop is made */
void crash_prepare(void);

#endif
