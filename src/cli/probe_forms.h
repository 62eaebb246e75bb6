/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CLI_PROBE_FORMS_H
#define POSTLATCH_CLI_PROBE_FORMS_H

#include "postlatch/buf.h"

#include <stdbool.h>

enum { PROBE_FORMS = 108, PROBE_SENDERS = 10, PROBE_SENDER_FORMS = 6 };

/* What it means that a form is accepted. */
enum form_kind {
    FORM_FOREIGN, /* mail leaves: its domain is somebody else's, whoever reads it */
    FORM_ROUTED,  /* mail leaves if the server follows the route that it names, as Postfix does */
    FORM_OURS     /* nothing: it is a recipient of the server's, or malformed */
};

/*
 * struct probe_form - a form of a recipient
 *
 * typed: what stands behind "RCPT TO:". In braces stand words that form_fill_in knows, and \xNN is
 * that byte.
 */
struct probe_form {
    const char *id;
    enum form_kind kind;
    bool utf8; /* sent with SMTPUTF8 */
    const char *typed, *note;
};

/* struct probe_sender - a form of a sender, what stands behind "MAIL FROM:"; as above */
struct probe_sender {
    const char *id, *typed, *note;
};

extern const struct probe_form probe_forms[PROBE_FORMS];
extern const struct probe_sender probe_senders[PROBE_SENDERS];
extern const char *const probe_sender_forms[PROBE_SENDER_FORMS]; /* ids, among probe_forms */

/* struct form_words - what forms are made of; NULL: not known */
struct form_words {
    const char *victim, *foreign; /* the recipient that is not the server's: local part, domain */
    const char *user, *domain;    /* of the server's */
    const char *host;             /* the server's name */
    const char *ip, *ip6;         /* its addresses */
};

#define FORM_NO_DOMAIN "a domain of the server's"

/*
 * form_fill_in - append a form's text, filled in
 *
 * returns  NULL; or what is not known, for people: then out holds a part of it
 */
const char *form_fill_in(struct pl_buf *out, const char *text, const struct form_words *words);

#endif
