/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef POSTLATCH_DOCTOR_BUILD_H
#define POSTLATCH_DOCTOR_BUILD_H

#include "postlatch/doctor.h"
#include "postlatch/ranges.h"

/* A restriction of a list, those of classes in the place of their class. */
struct item {
    struct pl_restriction r;
    struct pl_str class; /* the class that it came from; empty: the list itself names it */
    size_t top;          /* the list's own restriction that it is, or came with */
    bool ours;           /* a service of ours, or what is meant to be one */
    /* What is wrong with it, if code is set: the list is to be written without it, or with it last. */
    const char *code, *why;
    struct pl_str what;
};

/* Room for items of one list; longer ones are told, and cut. */
enum { MOST_ITEMS = 400, MOST_DEPTH = 16 };

/* struct items - a list taken apart; plain value, views into the listener's parameters */
struct items {
    enum pl_smtpd_list list;
    struct pl_str text; /* the list's value */
    size_t count;
    struct item *item; /* in the doctor's arena */
};

/* One listener while it is looked at. */
struct look {
    struct pl_doctor *d;
    struct pl_doctor_listener *l;
    char at[128]; /* "smtp/inet" */
    bool chrooted;
    bool mend; /* something is wrong with how a service of ours is written */
    struct items lists[PL_LIST_COUNT];
};

/* NONE: no item of the list. */
#define NONE ((size_t)-1)

/* look_at - take the lists of a listener apart; tells what no Postfix knows */
void look_at(struct look *k, struct pl_doctor *d, struct pl_doctor_listener *l);

/* is_near_miss - a service that would be ours if this smtpd were not chrooted */
bool is_near_miss(const struct look *k, const struct pl_policy_service *s);

/* first_of_ours - where we are asked first; NONE */
size_t first_of_ours(const struct items *items);

/* find_word - the first item from `from` on with this word; NONE */
size_t find_word(const struct items *items, size_t from, const char *word);

/*
 * find_end - the first item from `from` on that ends the list for everybody with a recipient
 * elsewhere; NONE: it ends with a permit
 */
size_t find_end(const struct items *items, size_t from);

/* closes - such an end refuses */
bool closes(const struct items *items, size_t end);

/* opens_at - a permit at this item lets a stranger relay: nothing has refused, and nothing else will */
bool opens_at(const struct look *k, const struct items *items, size_t at);

/* What a list would be written as. */
struct edit {
    bool drop[MOST_ITEMS]; /* by top */
    bool ours_first;
    const char *last; /* NULL, or a restriction to add at the end */
};

/* write_list - *lines: the list, changed, marks mended; *file: where it stands */
void write_list(const struct look *k, enum pl_smtpd_list list, const struct edit *e,
                struct pl_buf *lines, struct pl_buf *file);

/* mark - note what is wrong with an item; the first mark stays */
void mark(struct look *k, struct item *item, const char *code, const char *why, const char *what,
          ...) PL_PRINTF(5, 6);

/* say_marks - tell them, each with its list or class as it is without all of them */
void say_marks(struct look *k);

/* write_setting - the same for any parameter: "name = value", or a service's -o */
void write_setting(const struct look *k, const char *name, struct pl_str value,
                   struct pl_buf *lines, struct pl_buf *file);

/* write_service - check_policy_service and how it should be written; of: as it stands, or NULL */
void write_service(struct pl_buf *out, const struct look *k, const struct pl_policy_service *of);

/* is_ours - whether a policy service is a socket of ours; *where: which */
bool is_ours(const struct look *k, const struct pl_policy_service *s, struct pl_endpoint *where);

/* Each of these looks at one thing and tells what it finds. */
void look_at_placement(struct look *k);
void look_at_permits(struct look *k, enum pl_smtpd_list list, size_t ours);

void look_at_services(struct look *k);
void look_at_listener(struct look *k);
void look_at_domains(struct pl_doctor *d);
void look_at_networks(struct pl_doctor *d);
void look_at_permitted(struct look *k);
void look_at_facts(struct pl_doctor *d);
void look_at_others(struct pl_doctor *d);

/* permits_action - an action of an access table or default_action ends the list with a permit, or may */
bool permits_action(struct pl_str action);

/* grants - our policy lets somebody relay by its own word */
bool grants(const struct pl_policy *p);

/* add_networks - the networks of a list such as mynetworks; false if some part was not understood */
bool add_networks(struct pl_doctor *d, struct pl_str list, struct pl_ranges *r, struct pl_buf *odd);

/* add_set - the networks of a boundary list; false when memory is short */
bool add_set(const struct pl_set *set, struct pl_ranges *in);

/* write_ranges - "a, b, c" of merged ranges, at most most of them */
void write_ranges(struct pl_buf *out, const struct pl_ranges *r, size_t most);

/* text_of - the buffer's content, "" if it has none */
const char *text_of(const struct pl_buf *b);

#endif
