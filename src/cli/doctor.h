/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CLI_DOCTOR_H
#define POSTLATCH_CLI_DOCTOR_H

#include "cli.h"
#include "postfix.h"

#include "postlatch/doctor.h"

/* The parts of `postlatch doctor` that look at the system. */

/* doctor_system - look-ups of the doctor by postmap and files; p lives as long as they are used */
struct pl_doctor_system doctor_system(const struct postfix *p);

/* doctor_try_sockets - whether smtpd can reach each place, as its user and inside its chroot */
void doctor_try_sockets(struct pl_doctor *d);

/* doctor_ask - put questions to the first n of our sockets as Postfix does, and compare with the configuration */
void doctor_ask(struct pl_doctor *d, size_t n);

/* doctor_print - all that was found, for people or as JSON */
void doctor_print(const struct pl_doctor *d, bool json);

#endif
