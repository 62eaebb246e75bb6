/* SPDX-License-Identifier: BSD-2-Clause */
/* What is collected for a first configuration: lists without duplicates, and things to say. */
#include "cli.h"
#include "init.h"

#include <search.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static void keep_entry(void *entry)
{
    (void)entry; /* it belongs to the arena */
}

static void list_fini(struct init_list *list)
{
    free(list->entries);
    free(list->groups);
    tdestroy(list->seen, keep_entry);
}

void init_fini(struct init *in)
{
    list_fini(&in->domains);
    list_fini(&in->short_names);
    list_fini(&in->networks);
    list_fini(&in->names);
    list_fini(&in->users);
    list_fini(&in->certs);
    list_fini(&in->masking);
    free(in->says);
    pl_arena_free(in->arena);
    *in = (struct init){0};
}

struct pl_str init_keep(struct init *in, struct pl_str text)
{
    struct pl_str copy = pl_arena_copy(in->arena, text);

    in->failed = in->failed || copy.p == NULL;
    return copy.p == NULL ? pl_str_lit("") : copy;
}

struct pl_str init_value(const struct init *in, const char *name)
{
    return pl_postconf_value(&in->postfix->all, name);
}

struct pl_str init_written(const struct init *in, const char *name)
{
    const struct pl_postconf_param *p = pl_postconf_find(&in->postfix->set, name);

    return p != NULL ? p->value : pl_str_lit("(default)");
}

static struct pl_str format(struct init *in, const char *fmt, va_list ap) PL_PRINTF(2, 0);
static struct pl_str format(struct init *in, const char *fmt, va_list ap)
{
    char *text = NULL;
    struct pl_str kept = pl_str_lit("");

    if (vasprintf(&text, fmt, ap) < 0) {
        in->failed = true;
        return kept;
    }
    kept = init_keep(in, pl_str_of(text));
    free(text);
    return kept;
}

void init_group(struct init *in, struct init_list *list, const char *fmt, ...)
{
    struct init_group *groups =
        pl_grow(list->groups, &list->groups_cap, list->ngroups, sizeof(*groups));
    va_list ap;

    if (groups == NULL) {
        in->failed = true;
        return;
    }
    list->groups = groups;
    va_start(ap, fmt);
    list->groups[list->ngroups++] = (struct init_group){format(in, fmt, ap), list->count};
    va_end(ap);
}

/* With "!" in front of an entry that is taken out: an entry and its opposite are two. */
static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

void init_add(struct init *in, struct init_list *list, struct pl_str text, bool out)
{
    struct init_entry *entries;
    struct pl_buf key = {0};
    struct pl_str kept;

    pl_buf_addf(&key, "%s%.*s", out ? "!" : "", (int)text.n, text.p);
    kept = init_keep(in, pl_buf_str(&key));
    in->failed = in->failed || key.failed;
    pl_buf_fini(&key);
    if (in->failed || tfind(kept.p, &list->seen, by_text) != NULL)
        return;
    entries = pl_grow(list->entries, &list->cap, list->count, sizeof(*entries));
    if (entries == NULL || tsearch(kept.p, &list->seen, by_text) == NULL) {
        in->failed = true;
        if (entries != NULL)
            list->entries = entries;
        return;
    }
    list->entries = entries;
    list->entries[list->count++] = (struct init_entry){pl_str_from(kept, out ? 1 : 0), out};
}

bool init_has(const struct init_list *list, struct pl_str text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!list->entries[i].out && pl_str_eq_fold(list->entries[i].text, text))
            return true;
    }
    return false;
}

static void say(struct init *in, enum init_part part, bool decide, const char *fmt, va_list ap)
    PL_PRINTF(4, 0);
static void say(struct init *in, enum init_part part, bool decide, const char *fmt, va_list ap)
{
    struct init_say *says = pl_grow(in->says, &in->says_cap, in->nsays, sizeof(*says));

    if (says == NULL) {
        in->failed = true;
        return;
    }
    in->says = says;
    in->says[in->nsays++] = (struct init_say){part, decide, format(in, fmt, ap)};
}

void init_decide(struct init *in, enum init_part part, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(in, part, true, fmt, ap);
    va_end(ap);
}

void init_note(struct init *in, enum init_part part, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    say(in, part, false, fmt, ap);
    va_end(ap);
}

size_t init_undecided(const struct init *in)
{
    size_t n = 0;

    for (size_t i = 0; i < in->nsays; i++)
        n += in->says[i].decide;
    return n;
}

const struct pl_master_service *init_next_smtpd(const struct init *in, size_t *at)
{
    while (*at < in->postfix->master.count) {
        const struct pl_master_service *service = &in->postfix->master.services[(*at)++];

        if (pl_master_is_smtpd(service))
            return service;
    }
    return NULL;
}

bool init_read(struct init *in)
{
    in->arena = pl_arena_new();
    if (in->arena == NULL) {
        trouble("out of memory");
        return false;
    }
    init_grants(in);
    init_networks(in);
    init_domains(in);
    init_facts(in);
    if (in->failed)
        trouble("out of memory");
    return !in->failed;
}
