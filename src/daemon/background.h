/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef DAEMON_BACKGROUND_H
#define DAEMON_BACKGROUND_H

/*
 * background_begin - go on in a child process, a session of its own; before any thread or loop
 *
 * The parent does not return: it waits until the child calls background_ready, and ends with 0 then,
 * or until the child ends, and ends with its status.
 *
 * returns  in the child, what background_ready wants; -1 after logging if there is no child
 */
int background_begin(void);

/* background_ready - standard input, output and error go to /dev/null; the parent ends with 0 */
void background_ready(int handle);

/* background_fill_stdio - make sure that 0, 1 and 2 are open, so that no socket becomes one */
void background_fill_stdio(void);

#endif
