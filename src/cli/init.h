/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_CLI_INIT_H
#define POSTLATCH_CLI_INIT_H

#include "postfix.h"

#include "postlatch/arena.h"
#include "postlatch/hostfacts.h"
#include "postlatch/mapsource.h"
#include "postlatch/restriction.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A first configuration, made of what Postfix has. */

/* One entry of a list; text without '!'. */
struct init_entry {
    struct pl_str text;
    bool out;
};

/* Entries of one origin, with a comment above them. */
struct init_group {
    struct pl_str source;
    size_t first; /* in the list's entries; up to the next group's */
};

/* One list of the configuration. No entry is there twice. */
struct init_list {
    struct init_entry *entries;
    size_t count, cap;
    struct init_group *groups;
    size_t ngroups, groups_cap;
    void *seen; /* of tsearch(3): the entries' texts */
};

/* The parts of the file, in which things are said. */
enum init_part { INIT_DOMAINS, INIT_GRANTS, INIT_FACTS, INIT_LISTENERS, INIT_PARTS };

struct init_say {
    enum init_part part;
    bool decide; /* TO DECIDE; else a note */
    struct pl_str text;
};

/* struct init - start with {0}, release with init_fini */
struct init {
    struct pl_arena *arena;
    bool failed; /* memory was short: not complete */
    const struct postfix *postfix;
    const struct pl_host_facts *host; /* NULL: not known */
    struct init_list domains, short_names, networks, names, users, certs, masking;
    struct init_say *says;
    size_t nsays, says_cap;
    /* What the lists that decide about relaying permit. */
    bool permits_networks, permits_logins, permits_certs;
    bool has_logins;    /* smtpd_sasl_auth_enable = yes, somewhere */
    bool permits_spare; /* main.cf's permits stand before checks that they spare their clients */
    const char *after_dunno;
    bool bare_is_ours;
    struct pl_str delimiter;
};

/* init_read - everything; false after printing why */
bool init_read(struct init *in);
void init_fini(struct init *in);
size_t init_undecided(const struct init *in);

/* init_write - the configuration, with comments */
void init_write(const struct init *in, FILE *out);

/* ---- for the parts of it ---- */

void init_domains(struct init *in);
void init_networks(struct init *in);
void init_grants(struct init *in);
void init_facts(struct init *in);

/* init_value - a parameter, expanded; init_written - as main.cf has it, or "(default)" */
struct pl_str init_value(const struct init *in, const char *name);
struct pl_str init_written(const struct init *in, const char *name);

/* init_group - what is added from now on comes from there; init_add - one entry */
void init_group(struct init *in, struct init_list *list, const char *fmt, ...) PL_PRINTF(3, 4);
void init_add(struct init *in, struct init_list *list, struct pl_str text, bool out);

/* init_has - a domain, network, … is in the list, as written */
bool init_has(const struct init_list *list, struct pl_str text);

/* init_decide, init_note - something to decide, to know */
void init_decide(struct init *in, enum init_part part, const char *fmt, ...) PL_PRINTF(3, 4);
void init_note(struct init *in, enum init_part part, const char *fmt, ...) PL_PRINTF(3, 4);

/* init_keep - a copy that lives as long as in */
struct pl_str init_keep(struct init *in, struct pl_str text);

/* Rows of a table, from postmap or from its text. */
struct init_table {
    struct pl_str name; /* type:name */
    struct pl_buf text;
    struct pl_map_row *rows;
    size_t count, cap;
    bool ordered;    /* cidr: the first row that fits counts */
    bool from_text;  /* postmap could not list it: read from the file that it is made of */
    const char *why; /* it could not be read: why */
};

/* init_table_read - false: it cannot be listed, t->why says why; init_table_fini in either case */
bool init_table_read(struct init *in, struct init_table *t, struct pl_str name);
void init_table_fini(struct init_table *t);

/* Whose right to relay a table is about. */
enum init_key { INIT_KEY_CLIENT, INIT_KEY_CERTIFICATE, INIT_KEY_LOGIN };

/* init_access - take over what an access table grants; place: "main.cf", or the service */
void init_access(struct init *in, struct pl_str place, const struct pl_restriction *r,
                 enum init_key kind);

/* init_add_certificate - false: no fingerprint */
bool init_add_certificate(struct init *in, struct pl_str key);

/* init_file_read - a file of entries, as in mydestination = /etc/postfix/domains; false: *why */
bool init_file_read(struct pl_str path, struct pl_buf *text, const char **why);

/* init_next_smtpd - the next service that is an smtpd, from *at on; NULL: no more */
const struct pl_master_service *init_next_smtpd(const struct init *in, size_t *at);

#endif
